"""What a refusal as a conflict is headed with and where it can be mended, by its code; its sentence is the domain's."""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from portal.kit.errors import N_
from portal.web.language import gettext

CHANGED = N_("Something changed meanwhile")
NOT_NOW = N_("This cannot be done now")
_DONE = N_("There is nothing left to do")
_OWED = N_("Something is still owed")

Link = tuple[str, str]
"""A page of what was refused (what its route or the refusal names stands in braces), and what leads there."""
_PLAN = ("/businesses/{business}/plan", N_("Go to the plan"))
_OVERDUE = ("/businesses/{business}/plan", N_("See what is owed"))
_HIBERNATION = ("/businesses/{business}/hibernation", N_("Go to hibernation"))
_BRANCHES = ("/businesses/{business}/branches", N_("Go to the branches"))
_METHODS = ("/businesses/{business}/methods", N_("Ways to pay"))
_IMPORT = ("/businesses/{business}/products/import", N_("Go to the import"))
_SESSION = ("/pay/{session}", N_("Go to the payment"))
_INVOICES = ("/history/invoices", N_("See your invoices"))
_ACCOUNT = ("/account", N_("Your account"))

KNOWN: dict[str, tuple[str, Link | None]] = {
    "already_started": (_DONE, _PLAN),
    "change_in_progress": (NOT_NOW, _SESSION),
    "credit_spent": (CHANGED, _PLAN),
    "hibernating": (NOT_NOW, _HIBERNATION),
    "import_ended": (_DONE, _IMPORT),
    "import_running": (NOT_NOW, _IMPORT),
    "invoice_not_draft": (CHANGED, _INVOICES),
    "job_not_dead": (CHANGED, None),
    "main_branch_stays": (NOT_NOW, _BRANCHES),
    "method_not_stored": (CHANGED, _METHODS),
    "not_hibernating": (_DONE, _HIBERNATION),
    "not_running": (NOT_NOW, _PLAN),
    "nothing_owed": (_DONE, _INVOICES),
    "nothing_pending": (_DONE, _PLAN),
    "nothing_to_settle": (_DONE, _BRANCHES),
    "pay_first": (_OWED, _OVERDUE),
    "payment_unresolved": (NOT_NOW, _SESSION),
    "quote_changed": (CHANGED, _PLAN),
    "same_tier": (_DONE, _PLAN),
    "session_limit": (NOT_NOW, _SESSION),
    "too_little_for_card": (NOT_NOW, _INVOICES),
    "too_many_branches": (NOT_NOW, _BRANCHES),
    "too_many_methods": (NOT_NOW, _METHODS),
    "verify_email_first": (NOT_NOW, _ACCOUNT),
}
"""What is not named here cannot be done now, and there is no page of it to lead to."""


@dataclass(frozen=True, slots=True)
class ShownConflict:
    """A conflict as its page shows it: ``href`` is None where no page would mend it."""

    heading: str
    href: str | None = None
    label: str = ""


def shown(code: str, named: Mapping[str, Any]) -> ShownConflict:
    """Return how a refusal of this code is told, with the page of what it is about, else the plan's.

    :param named: what the request's address and the refusal named, such as a ``business`` or a ``session``.
    """
    heading, link = KNOWN.get(code, (NOT_NOW, None))
    for address, label in (link, _PLAN) if link else ():
        if all(name in named for _, name, _, _ in Formatter().parse(address) if name):
            return ShownConflict(gettext(heading), address.format_map(named), gettext(label))
    return ShownConflict(gettext(heading))
