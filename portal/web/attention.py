"""What wants to be done about a business, as the first page of its vendors says it, each with where to do it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import g, url_for
from flask_babel import gettext, ngettext

from portal.kit import i18n
from portal.web import wording
from portal.web.filters import money
from portal.web.language import language

if TYPE_CHECKING:
    from datetime import date

    from portal.billing.standing import Agreement, Owed, Standing
    from portal.directory.models import Business


@dataclass(frozen=True, slots=True)
class Attention:
    """Something that wants to be done."""

    tone: str
    title: str
    text: str
    href: str
    action: str


def attention(business: Business, stands: Standing) -> list[Attention]:
    """Return what wants to be done, the most urgent first."""
    found = []
    if stands.session is not None:
        address = url_for("pay.show", session=stands.session)
        found.append(Attention("wait", gettext("A payment is under way"), "", address, gettext("Go to the payment")))
    elif stands.agreement is not None and stands.agreement.status == "suspended":
        found.append(_hidden(business))
    elif stands.owed is not None:
        found.append(_to_pay(business, stands.agreement, stands.owed))
    if stands.agreement is not None:
        found += _too_many(business) + _waiting(business, stands.waiting_count)
        found += _turn(business, stands.agreement) + _asleep(business, stands.agreement)
    return found


def _to_pay(business: Business, agreement: Agreement | None, owed: Owed) -> Attention:
    address = url_for("pay_invoice.show", business=business.public_id, invoice_id=owed.invoice)
    amount, day = money(owed.amount.amount, owed.amount.currency), i18n.day_text(owed.due_on, language())
    text = gettext("%(amount)s, due on %(day)s.", amount=amount, day=day)
    if agreement is not None and agreement.status == "past_due":
        return Attention("bad", gettext("An invoice is overdue"), text, address, gettext("See and pay"))
    return Attention("wait", gettext("An invoice waits to be paid"), text, address, gettext("See and pay"))


def _hidden(business: Business) -> Attention:
    address = url_for("plan.compare", business=business.public_id)
    return Attention("bad", gettext("Your listing is hidden"), "", address, gettext("Bring it back"))


def _too_many(business: Business) -> list[Attention]:
    """Return that there are more products than the tier holds; the plan's page says how long they are shown."""
    limit = g.nav_business.product_limit
    if limit is None or business.product_count <= limit:
        return []
    title = gettext("You have more products than your tier holds")
    address = url_for("plan.compare", business=business.public_id)
    return [Attention("wait", title, "", address, gettext("See what can be done"))]


def _waiting(business: Business, count: int) -> list[Attention]:
    """Return that branches were added or are to go, and are not settled yet."""
    if not count:
        return []
    title = ngettext("%(num)s branch waits to be settled", "%(num)s branches wait to be settled", count)
    address = url_for("branches.show", business=business.public_id)
    return [Attention("info", title, "", address, gettext("See what it costs"))]


def _turn(business: Business, agreement: Agreement) -> list[Attention]:
    """Return what was chosen for the end of the period, if anything was."""
    if agreement.ends_on is None or not (agreement.becomes or agreement.is_ending):
        return []
    return [turn(business, agreement.ends_on, agreement.becomes)]


def turn(business: Business, turns_on: date, becomes: str | None) -> Attention:
    """Return what was chosen for the day after a period: the code of another tier, or None for the plan's end."""
    if becomes is None:
        title = gettext("Your plan ends with %(day)s", day=i18n.day_text(turns_on - timedelta(days=1), language()))
    else:
        tier, day = wording.tier_name(becomes), i18n.day_text(turns_on, language())
        title = gettext("Your tier becomes %(tier)s on %(day)s", tier=tier, day=day)
    address = url_for("next_period.show", business=business.public_id)
    return Attention("info", title, "", address, gettext("See or take back"))


def _asleep(business: Business, agreement: Agreement) -> list[Attention]:
    """Return that the listing hibernates; where something is owed, that is paid first."""
    if agreement.mode != "hibernating" or agreement.status != "active":
        return []
    address = url_for("hibernation.show", business=business.public_id)
    return [Attention("info", gettext("Your listing hibernates"), "", address, gettext("Wake it"))]
