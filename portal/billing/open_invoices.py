"""Paying what was issued before it was paid: by credit first, the oldest invoice first, and then by code or card.

Too little for a card is carried to the next payment, which pays it along (product.md, *Tiny amounts*).
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select

from portal.billing import dunning_cases, quotes, subscriptions, ways
from portal.billing.errors import ChangeInProgress, NothingOwed
from portal.billing.models import Subscription
from portal.billing.states import LISTED
from portal.identity import audit
from portal.invoicing import carried_account, credit_balance, customers, invoices
from portal.invoicing.invoices import Settlement
from portal.invoicing.models import Customer, Invoice
from portal.invoicing.states import OWED
from portal.kit import ids, jobs, outbox
from portal.kit.db import db, table_of
from portal.kit.money import Money
from portal.payments import sessions, transactions
from portal.payments.errors import TooLittleForCard
from portal.payments.models import PaymentMethod
from portal.payments.sessions import Collection, UnderWay

USE_CREDIT = "billing.use_credit"
INVOICE_SETTLED = "billing.invoice_settled"
RENEWAL = "subscription_renewal"
_INVOICE = table_of(Invoice).c
_OPEN = (
    select(_INVOICE.id)
    .where(_INVOICE.customer_id == bindparam("customer_id"), _INVOICE.status.in_(OWED))
    .order_by(_INVOICE.issued_at, _INVOICE.id)
)


def start_payment(customer: Customer, invoice: Invoice, method: str, now: datetime) -> UnderWay | None:
    """Open a session over what is due of an open invoice, credit having paid first; None where that paid all of it.

    Asking twice leads to the same session; in another way, to one that takes its place.

    :param method: ``ways.WALLET`` or ``ways.CARD``.
    :raises NotFound, MethodNotStored: that is no way to pay this, see ``ways``.
    :raises TooLittleForCard: it is, and nothing runs that would be paid for next.
    :raises NothingOwed: it is not open, or not any more.
    :raises ChangeInProgress: a payment for something else is under way.
    :raises AttemptUnresolved: the fate of an earlier attempt is not known yet.
    :raises RatesStale: the wallet takes another currency, and the rate is too old.
    """
    ways.check(method)
    subscription, invoice = subscriptions.lock(invoice.subscription_id), invoices.lock(invoice.id)
    if invoice.status not in OWED:
        raise NothingOwed
    live = sessions.live_of_subscription(subscription.id)
    if live is not None and live.invoice_id != invoice.id:
        raise ChangeInProgress(live.public_id)
    if live is not None and ways.is_under_way(live, method, now):
        return live
    use_credit(invoice, now)
    if not invoice.due:
        return None
    card = ways.get_card(customer.id) if method == ways.CARD else None
    if card is not None and carry_too_little(subscription, invoice, now):
        return None
    return collect(subscription, customer, invoice, card, now)


def collect(
    subscription: Subscription,
    customer: Customer,
    invoice: Invoice,
    card: PaymentMethod | None,
    now: datetime,
    *,
    is_automatic: bool = False,
) -> UnderWay:
    """Open a session over what is due of a locked open invoice and what was carried, at today's rate where the wallet
    needs one.

    :raises AttemptUnresolved: while another attempt for the same invoice is live or unknown.
    """
    method = ways.WALLET if card is None else ways.CARD
    owed, carried = to_pay(invoice)
    asked, rate = ways.collected(owed, method, now)
    collection = Collection(
        customer_id=customer.id,
        invoice_id=invoice.id,
        subscription_id=subscription.id,
        subscription_version=subscription.version,
        type=_type(invoice),
        fee=owed,
        owed=owed,
        arrears=carried,
        asked=asked,
        rate=rate.shown if rate else None,
        rate_on=rate.on if rate else None,
        quoted_on=quotes.local_day(customer.time_zone, now),
        method_id=card.id if card else None,
        is_automatic=is_automatic,
    )
    return sessions.open_session(collection, method, now)


def to_pay(invoice: Invoice) -> tuple[Money, Money]:
    """Return what a payment of an open invoice comes to, and what of that was carried to it: nothing, while another
    payment is under way that pays along what was."""
    if sessions.collects_arrears(invoice.customer_id, besides=invoice.id):
        return invoice.due, Money.zero(invoice.currency)
    carried = carried_account.of(invoice.customer_id, invoice.currency)
    return invoice.due + carried, carried


def can_be_carried(invoice: Invoice) -> bool:
    """Whether what is due of an invoice can wait for the next payment: something runs that will be paid for next."""
    return db.get_one(Subscription, invoice.subscription_id).status in LISTED


def carry_too_little(subscription: Subscription, invoice: Invoice, now: datetime) -> bool:
    """Carry what is due of a locked open invoice to the next payment where it is too little for a card to collect.

    :return: whether it was.
    :raises TooLittleForCard: it is too little, and nothing runs that would be paid for next.
    """
    if not ways.is_too_little(to_pay(invoice)[0]):
        return False
    if subscription.status not in LISTED:
        raise TooLittleForCard
    _settle(invoice, invoice.due, invoice.due, now)
    return True


def use_credit(invoice: Invoice, now: datetime) -> None:
    """Pay a locked open invoice from its customer's credit, as far as that goes.

    No session for it may be alive: what that asks for is what was due when it was opened (product.md, *Credit*).
    """
    amount = min(invoice.due, credit_balance.of(invoice.customer_id, invoice.currency))
    if invoice.status in OWED and amount:
        _settle(invoice, amount, Money.zero(invoice.currency), now)


def _settle(invoice: Invoice, amount: Money, carried: Money, now: datetime) -> None:
    """Settle ``amount`` of a locked open invoice by credit, of which ``carried`` is lent for it."""
    purchase_id = credit_balance.open_purchase(invoice, _type(invoice), amount, carried, now)
    credit_balance.settle(invoice, amount, now, purchase_id)
    invoices.settle(invoice, Settlement(amount, Money.zero(invoice.currency), carried), now)
    transactions.complete(transactions.get(purchase_id), "applied" if invoice.status == "paid" else "part", now)
    facts = {"amount": amount.amount, "currency": amount.currency, "number": invoice.number, "left": invoice.due.amount}
    outcome = "carried" if carried else "settled_by_credit"
    audit.record(audit.SYSTEM, f"payment.{outcome}", invoice.public_id, facts, now)
    dunning_cases.clear(invoice, now)
    if invoice.status == "paid":
        _tell(invoice, amount, now, is_carried=bool(carried))


def _tell(invoice: Invoice, amount: Money, now: datetime, *, is_carried: bool) -> None:
    """Record that an invoice is paid without a payment: ``amount`` was the last of it."""
    facts = {
        "business_id": ids.text(customers.get(invoice.customer_id).business_id),
        "invoice": invoice.public_id,
        "number": invoice.number,
        "amount": amount.amount,
        "currency": amount.currency,
        "is_carried": is_carried,
    }
    outbox.record(INVOICE_SETTLED, invoice.public_id, facts, now)


def _type(invoice: Invoice) -> str:
    """Return as what a payment of an invoice is kept; whatever nobody had to confirm belongs to a renewal."""
    return RENEWAL if invoice.quote_id is None else invoice.kind


def stage_credit(customer_id: UUID, due_at: datetime) -> None:
    """Have credit that has come pay what its customer owes."""
    key = f"{USE_CREDIT}:{customer_id}"
    jobs.stage(USE_CREDIT, queue=jobs.Queue.DEFAULT, due_at=due_at, key=key, customer_id=str(customer_id))


def use_all_credit(customer_id: UUID, now: datetime) -> None:
    """Pay from a customer's credit what was carried, then what they still owe of invoices, the oldest first; what is
    being paid is waited for."""
    subscriptions.lock_all(customer_id)
    paid_along_until = sessions.arrears_until(customer_id)
    if paid_along_until is not None:
        stage_credit(customer_id, max(paid_along_until, now) + sessions.A_MOMENT)
        return
    carried_account.pay(customers.get(customer_id), now)
    for invoice_id in db.scalars(_OPEN, {"customer_id": customer_id}).all():
        invoice = invoices.lock(invoice_id)
        busy_until = sessions.live_until(invoice_id)
        if busy_until is not None:
            stage_credit(customer_id, max(busy_until, now) + sessions.A_MOMENT)
            return
        use_credit(invoice, now)
