"""The test cards of Stripe's documents (providers.md §3.8) and what the bank behind each says. Pure.

A number is looked up here and nowhere kept.
"""

import re
from dataclasses import dataclass
from datetime import date

AUTHENTICATION = "authentication_required"


@dataclass(frozen=True)
class Card:
    """What a bank does: when it asks its cardholder, and with which decline code it refuses, if at all."""

    brand: str = "visa"
    asks_at_setup: bool = False
    asks_on_session: bool = False
    asks_off_session: bool = False
    declined_at_setup: str | None = None
    declined: str | None = None


def _refusing(code: str) -> Card:
    return Card(declined_at_setup=code, declined=code)


CARDS = {
    "4242424242424242": Card(),
    "5555555555554444": Card("mastercard"),
    "4000000000000002": _refusing("generic_decline"),
    "4000000000009995": _refusing("insufficient_funds"),
    "4000000000009987": _refusing("lost_card"),
    "4000000000009979": _refusing("stolen_card"),
    "4000000000000069": _refusing("expired_card"),
    "4000000000000127": _refusing("incorrect_cvc"),
    "4000000000000119": _refusing("processing_error"),
    "4000002500003155": Card(asks_at_setup=True, asks_on_session=True),
    "4000002760003184": Card(asks_at_setup=True, asks_on_session=True, asks_off_session=True),
    "4000003800000446": Card(asks_on_session=True),
    "4000008260003178": Card(asks_at_setup=True, asks_on_session=True, declined="insufficient_funds"),
    "4000000000003220": Card(asks_at_setup=True, asks_on_session=True, asks_off_session=True),
    "4000008400001629": Card(
        asks_at_setup=True, asks_on_session=True, declined_at_setup="generic_decline", declined="generic_decline"
    ),
    "4000000000000341": Card(declined="generic_decline"),
}
DECLINES = {
    "generic_decline": ("card_declined", "Your card was declined."),
    "do_not_honor": ("card_declined", "Your card was declined."),
    "try_again_later": ("card_declined", "Your card was declined."),
    "insufficient_funds": ("card_declined", "Your card has insufficient funds."),
    "lost_card": ("card_declined", "Your card was declined."),
    "stolen_card": ("card_declined", "Your card was declined."),
    "pickup_card": ("card_declined", "Your card was declined."),
    "invalid_account": ("card_declined", "Your card was declined."),
    "expired_card": ("expired_card", "Your card has expired."),
    "incorrect_cvc": ("incorrect_cvc", "Your card's security code is incorrect."),
    "processing_error": (
        "processing_error",
        "An error occurred while processing your card.",
    ),
    "test_mode_live_card": (
        "card_declined",
        "Your card was declined. You are in test mode, but used no test card.",
    ),
    AUTHENTICATION: (AUTHENTICATION, "Your card was declined. This transaction requires authentication."),
}
"""By decline code: the error's code, and its words."""
_DIGITS = re.compile(r"[0-9]{12,19}", re.ASCII)
_EXPIRY = re.compile(r"(0[1-9]|1[0-2]) ?/ ?(?:20)?([0-9]{2})", re.ASCII)
_CVC = re.compile(r"[0-9]{3,4}", re.ASCII)


@dataclass(frozen=True)
class Typed:
    """A card as it was typed, read: never with its number."""

    card: Card
    last4: str
    exp_month: int
    exp_year: int


class Unreadable(Exception):
    """What was typed is no card; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read(number: str, expiry: str, cvc: str, today: date) -> Typed:
    """Read what was typed into the card form; Unreadable with incorrect_number, invalid_expiry or invalid_cvc."""
    digits = number.replace(" ", "").replace("-", "")
    if not _DIGITS.fullmatch(digits) or not _adds_up(digits):
        raise Unreadable("incorrect_number")
    shape = _EXPIRY.fullmatch(expiry.strip())
    if not shape or (2000 + int(shape[2]), int(shape[1])) < (today.year, today.month):
        raise Unreadable("invalid_expiry")
    if not _CVC.fullmatch(cvc.strip()):
        raise Unreadable("invalid_cvc")
    return Typed(CARDS.get(digits, _refusing("test_mode_live_card")), digits[-4:], int(shape[1]), 2000 + int(shape[2]))


def _adds_up(digits: str) -> bool:
    """Luhn's check digit (ISO/IEC 7812-1)."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
