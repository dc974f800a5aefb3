"""What a line of a quote or an invoice is for, and the sum that its amount came about by, in a reader's language.

Pages, mails and documents all say it in these words.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.kit import i18n
from portal.kit.errors import N_
from portal.kit.money import Money

TIERS = {
    "starter": N_("Starter"),
    "pro": N_("Pro"),
    "enterprise": N_("Enterprise"),
}


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line as people read it."""

    title: str
    derivation: str
    amount: Money


def tier_name(code: str, locale: str) -> str:
    """Return the name of a tier."""
    return i18n.speaker(locale)(TIERS.get(code, code))


def shown_line(
    code: str, quantity: int, unit: Money, amount: Money, derivation: dict[str, Any], locale: str
) -> ShownLine:
    """Return a line with the sum that explains it, such as "£1.00 × 2 × 1 month = £2.00"."""
    gettext = i18n.speaker(locale)
    shown = -unit if amount.amount < 0 else unit
    figures = {"unit": _money(shown, locale), "amount": _money(amount, locale), "count": abs(quantity)}
    text = _sum(derivation, figures, locale)
    if "rate" in derivation:
        book = Money(derivation["book_amount"], derivation["book_currency"])
        text += gettext(
            "; %(unit)s is %(book)s at %(rate)s, European Central Bank, %(day)s",
            unit=figures["unit"],
            book=_money(book, locale),
            rate=derivation["rate"],
            day=i18n.day_text(date.fromisoformat(derivation["rate_on"]), locale),
        )
    return ShownLine(_title(code, quantity, derivation.get("branch"), locale), text, amount)


def _sum(derivation: dict[str, Any], figures: dict[str, Any], locale: str) -> str:
    """Return the sum of a line: of a part of a period by its days, else of a whole month."""
    gettext = i18n.speaker(locale)
    if derivation.get("kind") == "days":
        days = {"days": derivation["days"], "of": derivation["of"]}
        if figures["count"] == 1:
            return gettext("%(unit)s × %(days)s of %(of)s days = %(amount)s", **figures, **days)
        return gettext("%(unit)s × %(count)s × %(days)s of %(of)s days = %(amount)s", **figures, **days)
    if derivation.get("kind") == "carried":
        return gettext("Each was less than can be charged to a card")
    if figures["count"] == 1:
        return gettext("%(unit)s × 1 month = %(amount)s", **figures)
    if derivation.get("kind") == "prepayment":
        return gettext("%(unit)s × %(count)s months = %(amount)s", **figures)
    return gettext("%(unit)s × %(count)s × 1 month = %(amount)s", **figures)


def _title(code: str, quantity: int, branch: str | None, locale: str) -> str:
    """Return what a line is for; ``branch`` is the name of the one that it is about, where it is about one."""
    gettext = i18n.speaker(locale)
    if branch is not None and quantity < 0:
        return gettext("Branch %(name)s, given back", name=branch)
    if branch is not None:
        return gettext("Branch %(name)s", name=branch)
    if code == "hibernation":
        return gettext("Hibernation, given back") if quantity < 0 else gettext("Hibernation")
    if code == "prepayment":
        return gettext("Paid ahead")
    if code == "carried":
        return gettext("Carried from earlier invoices")
    if code == "branch" and quantity < 0:
        return gettext("Further branches, given back: %(count)s", count=-quantity)
    if code == "branch":
        return gettext("Further branches: %(count)s", count=quantity)
    if quantity < 0:
        return gettext("%(tier)s tier, given back", tier=tier_name(code, locale))
    return gettext("%(tier)s tier", tier=tier_name(code, locale))


def _money(value: Money, locale: str) -> str:
    return i18n.money_text(value.amount, value.currency, locale)
