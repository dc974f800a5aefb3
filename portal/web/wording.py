"""Codes of the domain as words and sentences for people: tiers, lines of quotes and invoices, ways to pay."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext

from portal.kit.errors import N_
from portal.kit.money import Money
from portal.web import language
from portal.web.filters import date_text, money

TIERS = {
    "starter": N_("Starter"),
    "pro": N_("Pro"),
    "enterprise": N_("Enterprise"),
}
TYPES = {
    "subscription_start": N_("Start of the plan"),
    "subscription_renewal": N_("Renewal"),
    "subscription_change": N_("Change of plan"),
    "branch_batch": N_("Branches"),
    "hibernation": N_("Hibernation"),
    "prepayment": N_("Prepayment"),
}
REASONS = {
    "change": N_("Credit for a change"),
    "undo": N_("Credit for what was taken back"),
    "goodwill": N_("Credit as goodwill"),
    "lapsed": N_("Credit for what was not used"),
}
METHODS = {"wechat_pay": N_("WeChat Pay"), "credit": N_("Credit balance")}


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line as people read it."""

    title: str
    derivation: str
    amount: Money


def tier_name(code: str) -> str:
    """Return the name of a tier."""
    return language.gettext(TIERS.get(code, code))


def type_title(code: str) -> str:
    """Return what a transaction or an invoice is for."""
    return language.gettext(TYPES.get(code, code))


def reason_title(code: str) -> str:
    """Return what a credit note is for."""
    return language.gettext(REASONS.get(code, code))


def method_name(code: str) -> str:
    """Return the name of a way to pay."""
    return language.gettext(METHODS.get(code, code))


def line_title(code: str, quantity: int) -> str:
    """Return what a line is for."""
    if code == "branch":
        return gettext("Further branches: %(count)s", count=quantity)
    return gettext("%(tier)s tier", tier=tier_name(code))


def shown_line(code: str, quantity: int, unit: Money, amount: Money, derivation: dict[str, Any]) -> ShownLine:
    """Return a line with the sum that explains it, such as "£1.00 × 2 × 1 month = £2.00"."""
    figures = {"unit": _money(unit), "amount": _money(amount), "count": quantity}
    if quantity == 1:
        text = gettext("%(unit)s × 1 month = %(amount)s", **figures)
    else:
        text = gettext("%(unit)s × %(count)s × 1 month = %(amount)s", **figures)
    if "rate" in derivation:
        book = Money(derivation["book_amount"], derivation["book_currency"])
        text += gettext(
            "; %(unit)s is %(book)s at %(rate)s, European Central Bank, %(day)s",
            unit=figures["unit"],
            book=_money(book),
            rate=derivation["rate"],
            day=date_text(date.fromisoformat(derivation["rate_on"])),
        )
    return ShownLine(line_title(code, quantity), text, amount)


def _money(value: Money) -> str:
    return money(value.amount, value.currency)
