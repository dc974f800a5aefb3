"""Reading what Stripe tells: only what our books can take becomes a value of ours. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from portal.kit import clock
from portal.kit.money import EXPONENTS
from portal.payments.providers.base import Answer, OrderState, PaymentEvidence, Result, StoredCard
from portal.payments.providers.declines import outcome_of

NAME = "stripe"
SKEW = timedelta(minutes=5)
_MOST = 10**12  # pence; no payment comes near, and the books hold it
Told = Mapping[str, Any]


def bank_page(told: Told) -> str | None:
    """Return the page on which a bank asks its cardholder; None where Stripe leads there otherwise."""
    page = (told.get("next_action") or {}).get("redirect_to_url") or {}
    url = page.get("url")
    return url if isinstance(url, str) and url.startswith(("https://", "http://")) and url.isprintable() else None


def declined(answer: Answer, error: Told) -> Answer:
    """Return what a bank's refusal means."""
    code = error.get("decline_code") or error.get("code")
    outcome = outcome_of(code, error.get("advice_code"))
    return replace(answer, result=Result.DONE, state=OrderState.UNPAID, outcome=outcome, detail=str(code)[:200])


def is_fresh(proof: str) -> bool:
    """Whether the one time that is signed lies within five minutes of ours, in either direction."""
    stamps = [value for name, _, value in (part.partition("=") for part in proof.split(",")) if name == "t"]
    if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdigit() and len(stamps[0]) <= 12):
        return False
    return abs(clock.wall().timestamp() - int(stamps[0])) < SKEW.total_seconds()


def evidence(told: Told) -> PaymentEvidence:
    """Return what our books can take of a payment; raises KeyError, TypeError or ValueError for anything else."""
    amount, currency, paid_at = told["amount_received"], str(told["currency"]).upper(), told["created"]
    if type(amount) is not int or not 0 < amount <= _MOST or type(paid_at) is not int:
        raise ValueError("not a payment")
    if currency not in EXPONENTS:
        raise ValueError("a currency that our books do not know")
    return PaymentEvidence(
        provider=NAME,
        order_number=text(told["metadata"]["order_number"]),
        transaction_id=text(told["id"]),
        amount=amount,
        currency=currency,
        paid_at=datetime.fromtimestamp(paid_at, UTC),
    )


def card(told: Told) -> StoredCard:
    """Return what its holder knows a card by; raises KeyError, TypeError or ValueError where it is none."""
    card = told["card"]
    last4, month, year = text(card["last4"]), card["exp_month"], card["exp_year"]
    if len(last4) != 4 or type(month) is not int or type(year) is not int:
        raise ValueError("not a card")
    return StoredCard(text(told["id"]), text(card["brand"]), last4, month, year)


def text(given: object) -> str:
    """Return an id, a number or a name of Stripe's: one printable line that is not empty."""
    if not isinstance(given, str) or not 0 < len(given) <= 2000 or not given.isprintable():
        raise ValueError("a text that is none")
    return given
