"""Codes of the domain as words and sentences for people: tiers, lines of quotes and invoices, ways to pay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.invoicing import line_words
from portal.invoicing.line_words import ShownLine
from portal.kit.errors import N_
from portal.kit.money import Money
from portal.ledger.queries import Booked
from portal.web import language

TYPES = {
    "subscription_start": N_("Start of the plan"),
    "subscription_renewal": N_("Renewal"),
    "renewal_change": N_("Renewal, changed"),
    "subscription_change": N_("Change of plan"),
    "branch_batch": N_("Branches"),
    "hibernation": N_("Hibernation"),
    "waking": N_("Waking from hibernation"),
    "prepayment": N_("Prepayment"),
    "restoration": N_("Restored plan"),
    "carried": N_("Carried amount"),
}
REASONS = {
    "change": N_("Credit for a change"),
    "undo": N_("Credit for what was taken back"),
    "goodwill": N_("Credit as goodwill"),
    "lapsed": N_("Credit for what was not used"),
    "unshown": N_("Credit for days not shown"),
}
METHODS = {
    "wechat_pay": N_("WeChat Pay"),
    "stripe": N_("Card"),
    "credit": N_("Credit balance"),
    "carried": N_("Added to the next payment"),
}
DECLINES = {
    "insufficient_funds": N_("There is not enough money on this card."),
    "expired_card": N_("This card has expired."),
    "authentication_required": N_("Your bank wants to know that it is you, and you were not there to be asked."),
    "payment_intent_authentication_failure": N_("Your bank could not make sure that it was you."),
    "method_removed": N_("This card was removed before it was charged."),
    "provider_refused": N_("Our card provider could not charge this card."),
}
"""Why a card was refused, where its holder can do something about it; a bank says no more than no otherwise."""


@dataclass(frozen=True, slots=True)
class ShownBooking:
    """A posting as people read it; of each account what it took on, below zero what it gave."""

    title: str
    moment: datetime
    entries: list[tuple[str, Money]]


RECIPES = {
    "invoice_issued": N_("The invoice was issued"),
    "credit_used": N_("Your credit paid"),
    "payment_received": N_("Your payment arrived"),
    "payment_credited": N_("Your payment became credit"),
    "payment_held": N_("A second payment arrived and is held"),
    "payment_in_suspense": N_("A payment arrived and is looked at"),
    "credit_note_issued": N_("A credit note was issued"),
    "carried": N_("Carried to your next payment"),
    "carried_paid": N_("What was carried was paid"),
    "carried_written_off": N_("What was carried was written off"),
}
ACCOUNTS = {
    "receivable": N_("Owed by you"),
    "revenue": N_("Sales"),
    "tax_due": N_("Tax"),
    "customer_credit": N_("Your credit"),
    "customer_carried": N_("Carried to your next payment"),
    "written_off": N_("Written off"),
    "exchange": N_("Currency exchange"),
    "held": N_("Held for you"),
    "suspense": N_("Looked at"),
}


def decline_sentence(code: str) -> str:
    """Return why a card was refused, in the words of its holder."""
    return language.gettext(DECLINES.get(code, N_("The bank that gave out this card refused the payment.")))


def tier_name(code: str) -> str:
    """Return the name of a tier."""
    return line_words.tier_name(code, language.language())


def type_title(code: str) -> str:
    """Return what a transaction or an invoice is for."""
    return language.gettext(TYPES.get(code, code))


def reason_title(code: str) -> str:
    """Return what a credit note is for."""
    return language.gettext(REASONS.get(code, code))


def recipe_title(code: str) -> str:
    """Return what a posting was for."""
    return language.gettext(RECIPES.get(code, code))


def account_title(code: str) -> str:
    """Return the name of a ledger account; what a provider holds for us bears the provider's name."""
    provider = code.removeprefix("clearing:")
    return method_name(provider) if provider != code else language.gettext(ACCOUNTS.get(code, code))


def method_name(code: str) -> str:
    """Return the name of a way to pay."""
    return language.gettext(METHODS.get(code, code))


def shown_line(code: str, quantity: int, unit: Money, amount: Money, derivation: dict[str, Any]) -> ShownLine:
    """Return a line with the sum that explains it."""
    return line_words.shown_line(code, quantity, unit, amount, derivation, language.language())


def shown_bookings(booked: Sequence[Booked]) -> list[ShownBooking]:
    """Return postings as people read them."""
    return [
        ShownBooking(
            recipe_title(one.recipe),
            one.occurred_at,
            [(account_title(entry.code), entry.amount) for entry in one.entries],
        )
        for one in booked
    ]
