"""Codes of the domain as words and sentences for people: tiers, lines of quotes and invoices, ways to pay."""

from typing import Any

from portal.invoicing import line_words
from portal.invoicing.line_words import ShownLine
from portal.kit.errors import N_
from portal.kit.money import Money
from portal.web import language

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


def tier_name(code: str) -> str:
    """Return the name of a tier."""
    return line_words.tier_name(code, language.language())


def type_title(code: str) -> str:
    """Return what a transaction or an invoice is for."""
    return language.gettext(TYPES.get(code, code))


def reason_title(code: str) -> str:
    """Return what a credit note is for."""
    return language.gettext(REASONS.get(code, code))


def method_name(code: str) -> str:
    """Return the name of a way to pay."""
    return language.gettext(METHODS.get(code, code))


def shown_line(code: str, quantity: int, unit: Money, amount: Money, derivation: dict[str, Any]) -> ShownLine:
    """Return a line with the sum that explains it."""
    return line_words.shown_line(code, quantity, unit, amount, derivation, language.language())
