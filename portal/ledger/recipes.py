"""What can happen to money, each as one posting under a unique reference. The only writer of the ledger."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.kit.money import Money
from portal.ledger.chart import (
    EXCHANGE,
    HELD,
    RECEIVABLE,
    REVENUE,
    SUSPENSE,
    TAX_DUE,
    WRITTEN_OFF,
    Account,
    carried_of,
    clearing,
    credit_of,
)
from portal.ledger.posting import Move, Posting, post, post_all


def invoice_issued(invoice_id: UUID, total: Money, tax: Money, now: datetime) -> None:
    """A customer owes ``total`` for what was sold; the ``tax`` in it is owed to the state."""
    if total:
        post(_issued(invoice_id, total, tax), now)


def credit_used(subject_id: UUID, customer_id: UUID, amount: Money, now: datetime) -> None:
    """Part of an invoice is settled from the customer's credit; the database refuses more than there is.

    :param subject_id: the invoice, where that happens as it is issued, afterwards the purchase that records it.
    """
    if amount:
        post(_used(subject_id, customer_id, amount), now)


@dataclass(frozen=True, slots=True)
class Sale:
    """An invoice of ``total`` with the ``tax`` in it, of which ``credit`` is settled from the customer's credit."""

    invoice_id: UUID
    customer_id: UUID
    total: Money
    tax: Money
    credit: Money


def invoices_issued(sales: Iterable[Sale], now: datetime) -> None:
    """``invoice_issued`` and ``credit_used`` of many invoices that are new, by two statements for all of them."""
    postings = []
    for sale in sales:
        postings += [_issued(sale.invoice_id, sale.total, sale.tax)] if sale.total else []
        postings += [_used(sale.invoice_id, sale.customer_id, sale.credit)] if sale.credit else []
    post_all(postings, now)


def _issued(invoice_id: UUID, total: Money, tax: Money) -> Posting:
    moves = [Move(Account(RECEIVABLE), Account(REVENUE), total)]
    moves += [Move(Account(REVENUE), Account(TAX_DUE), tax)] if tax else []
    return Posting(f"invoice:{invoice_id}", "invoice_issued", moves)


def _used(subject_id: UUID, customer_id: UUID, amount: Money) -> Posting:
    moves = [Move(credit_of(customer_id), Account(RECEIVABLE), amount)]
    return Posting(f"credit_used:{subject_id}", "credit_used", moves)


def credit_note_issued(
    note_id: UUID, customer_id: UUID, taken_off: Money, credited: Money, tax: Money, now: datetime
) -> None:
    """Less was sold: ``taken_off`` is owed to us no longer, ``credited`` had been paid and is the customer's credit.

    The ``tax`` in both is owed to the state no longer.
    """
    shares = [(Account(RECEIVABLE), taken_off), (credit_of(customer_id), credited)]
    moves = [Move(Account(REVENUE), account, money) for account, money in shares if money]
    moves += [Move(Account(TAX_DUE), Account(REVENUE), tax)] if tax else []
    post(Posting(f"credit_note:{note_id}", "credit_note_issued", moves), now)


def carried(purchase_id: UUID, customer_id: UUID, amount: Money, now: datetime) -> None:
    """Too little to collect by itself is lent as credit, and is owed with the next payment (*Tiny amounts*)."""
    moves = [Move(carried_of(customer_id), credit_of(customer_id), amount)]
    post(Posting(f"carried:{purchase_id}", "carried", moves), now)


def carried_paid(subject_id: UUID, customer_id: UUID, amount: Money, now: datetime) -> None:
    """The customer's credit pays what was carried; the database refuses more than that is."""
    moves = [Move(credit_of(customer_id), carried_of(customer_id), amount)]
    post(Posting(f"carried_paid:{subject_id}", "carried_paid", moves), now)


def carried_written_off(subscription_id: UUID, customer_id: UUID, amount: Money, now: datetime) -> None:
    """What was carried is not collected any more: its subscription has ended."""
    moves = [Move(Account(WRITTEN_OFF), carried_of(customer_id), amount)]
    post(Posting(f"carried_written_off:{subscription_id}", "carried_written_off", moves), now)


@dataclass(frozen=True, slots=True)
class Received:
    """What a payment pays: ``owed`` of its invoice, and ``arrears``, which is ``customer_id``'s credit until it pays
    what was owed before."""

    owed: Money
    arrears: Money
    customer_id: UUID


def payment_received(attempt_id: UUID, provider: str, settled: Money, received: Received, now: datetime) -> bool:
    """``settled`` came in at the provider and pays what was asked (another currency at the session's rate)."""
    owed, arrears, target = received.owed, received.arrears, Account(RECEIVABLE)
    beside = [Move(target, credit_of(received.customer_id), arrears)] if arrears else []
    return _capture(attempt_id, "payment_received", provider, settled, target, owed + arrears, now, beside)


def payment_credited(
    attempt_id: UUID, provider: str, settled: Money, customer_id: UUID, credited: Money, now: datetime
) -> bool:
    """``settled`` came in with nothing left to pay; the customer's credit grows by ``credited``."""
    return _capture(attempt_id, "payment_credited", provider, settled, credit_of(customer_id), credited, now)


def payment_held(attempt_id: UUID, provider: str, settled: Money, now: datetime) -> bool:
    """``settled`` was paid a second time; it is the payer's and waits to go back."""
    return _capture(attempt_id, "payment_held", provider, settled, Account(HELD), settled, now)


def payment_in_suspense(attempt_id: UUID, provider: str, settled: Money, now: datetime) -> bool:
    """``settled`` came in but is not what was asked for; it completes nothing until somebody has looked."""
    return _capture(attempt_id, "payment_in_suspense", provider, settled, Account(SUSPENSE), settled, now)


def _capture(
    attempt_id: UUID,
    recipe: str,
    provider: str,
    settled: Money,
    target: Account,
    amount: Money,
    now: datetime,
    beside: Sequence[Move] = (),
) -> bool:
    """One reference for all fates of an attempt's money, so that it can have only one of them.

    :param beside: what of it goes on from ``target`` at once.
    """
    if settled.currency == amount.currency:
        moves = [Move(clearing(provider), target, settled)]
    else:
        moves = [Move(clearing(provider), Account(EXCHANGE), settled), Move(Account(EXCHANGE), target, amount)]
    return post(Posting(f"payment:{attempt_id}", recipe, [*moves, *beside]), now)
