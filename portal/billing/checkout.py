"""From a confirmed quote to a payment session, or straight to the end where credit pays everything."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from portal.billing import (
    branch_batches,
    hibernation,
    prepayment,
    queries,
    quote_carried,
    quote_start,
    quotes,
    restoration,
    settling,
    subscriptions,
    tier_change,
    ways,
)
from portal.billing.errors import AlreadyStarted, ChangeInProgress, NoPlan, QuoteChanged
from portal.billing.fulfilment import give_back
from portal.billing.kinds import KINDS, is_for_credit
from portal.billing.models import Quote, Subscription
from portal.currency.errors import RatesStale
from portal.invoicing import invoices
from portal.invoicing.models import Customer, Invoice
from portal.kit import jobs
from portal.kit.money import Money
from portal.payments import sessions
from portal.payments.errors import AttemptUnresolved, TooLittleForCard
from portal.payments.providers import registry
from portal.payments.queries import attempt_of
from portal.payments.sessions import UnderWay

LAPSE_DRAFT = "billing.lapse_draft"


def quote_tier(customer: Customer, tier_code: str, method: str, now: datetime) -> Quote:
    """Store the quote of a tier: of starting with it and with the branches there are, or of changing to it; what is
    suspended comes back with it.

    :raises ChangeInProgress, UnknownOffer, SameTier, NotRunning, PayFirst, RatesStale: see what they say.
    """
    running = subscriptions.lock_live(customer.id)
    if running is None or running.status == "incomplete":
        chosen = subscriptions.choose_tier(customer, tier_code, now)
        return quotes.store(quote_start.preview(chosen, customer, _settles_in(method), now))
    subscriptions.refuse_while_paying(running)
    if running.status == "suspended":
        return quotes.store(quote_start.preview_restoration(running, customer, tier_code, _settles_in(method), now))
    return quotes.store(tier_change.preview(running, customer, tier_code, _settles_in(method), now))


def quote_hibernation(customer: Customer, wakes_on: date | None, method: str, now: datetime) -> Quote:
    """Store the quote of hibernating from today on.

    :param wakes_on: the day on which to wake again, if one is chosen already.
    :raises NoWakeDay, NotRunning, Hibernating, ChangeInProgress, PayFirst, RatesStale: see what they say.
    """
    if wakes_on is not None:
        hibernation.check_wake_day(wakes_on, customer.time_zone, now)
    running = _lock_running(customer)
    return quotes.store(hibernation.preview(running, customer, wakes_on, _settles_in(method), now))


def quote_waking(customer: Customer, method: str, now: datetime) -> Quote:
    """Store the quote of waking today.

    :raises NotRunning, NotHibernating, ChangeInProgress, PayFirst, RatesStale: see what they say.
    """
    running = _lock_running(customer)
    return quotes.store(hibernation.preview_waking(running, customer, _settles_in(method), now))


def quote_prepayment(customer: Customer, months: int, method: str, now: datetime) -> Quote:
    """Store the quote of paying some months ahead.

    :raises NotRunning, NoSuchPrepayment, ChangeInProgress, RatesStale: see what they say.
    """
    running = _lock_running(customer)
    return quotes.store(prepayment.preview(running, customer, months, _settles_in(method), now))


def quote_carried_amount(customer: Customer, method: str, now: datetime) -> Quote:
    """Store the quote of paying now what was carried to the next payment.

    :raises NotRunning, NothingOwed, ChangeInProgress, RatesStale: see what they say.
    """
    running = _lock_running(customer)
    return quotes.store(quote_carried.preview(running, customer, _settles_in(method), now))


def quote_batch(customer: Customer, method: str, now: datetime, *, is_leaving_only: bool = False) -> Quote:
    """Store the quote of settling the open batch of branches today.

    :raises NotRunning, NothingToSettle, ChangeInProgress, PayFirst, RatesStale: see what they say.
    """
    running = _lock_running(customer)
    return quotes.store(
        branch_batches.preview(running, customer, _settles_in(method), now, is_leaving_only=is_leaving_only)
    )


def _lock_running(customer: Customer) -> Subscription:
    running = subscriptions.lock_live(customer.id)
    if running is None:
        raise NoPlan
    subscriptions.refuse_while_paying(running)
    return running


def renew_quote(customer: Customer, quote: Quote, method: str, now: datetime) -> Quote:
    """Store today's quote in place of one that no longer holds."""
    return quotes.store(_fresh(quote, subscriptions.lock(quote.subscription_id), customer, method, now))


def start_payment(
    customer: Customer, quote: Quote, method: str, now: datetime, *, is_automatic: bool = False
) -> UnderWay | None:
    """Turn a confirmed quote into a session; None where nothing is left to pay: credit paid it, some comes back, or it
    is too little for the card and is carried to the next payment (product.md, *Tiny amounts*).

    Confirming twice leads to the same session; in another way, to one that takes its place.

    :param method: ``ways.WALLET`` or ``ways.CARD``.
    :param is_automatic: a card is charged without its holder, who cannot be asked for anything.
    :raises NotFound, MethodNotStored, TooLittleForCard: that is no way to pay this, see ``ways.check``, ``_carried``.
    :raises QuoteChanged: what it rests on moved; nothing happened, a new quote must be shown.
    :raises ChangeInProgress: a payment for another quote is under way.
    :raises AttemptUnresolved: the fate of an earlier attempt is not known yet.
    :raises NoPlan: the plan that it is about has ended.
    :raises AlreadyStarted: it was paid meanwhile, or another one runs by now.
    :raises RatesStale: a wallet that takes another currency needs a newer rate.
    """
    subscription = _lock(quote, customer)
    live = sessions.live_of_subscription(subscription.id)
    if live is not None and _is_same_payment(live, quote, method, now):
        return live
    if not quotes.still_holds(quote, subscription, _fresh(quote, subscription, customer, ways.WALLET, now)):
        raise QuoteChanged
    if quote.total < Money.zero(quote.currency):
        give_back(subscription, quote, now)
        return None
    ways.check(method)
    if quote.kind == quotes.RESTORATION and not quote.to_pay:
        restoration.restore(subscription, queries.deal(quote.id), now)
        return None
    invoice_id = _draft(subscription, quote, now)
    carried = _carried(quote, method)
    if carried == quote.due:
        settling.settle(subscription, customer, invoices.lock(invoice_id), quote, carried, now)
        return None
    session = sessions.open_session(_collection(invoice_id, quote, method, is_automatic), method, now)
    _stage_lapse(invoice_id, session.watch_until)
    return session


def _lock(quote: Quote, customer: Customer) -> Subscription:
    """Lock what a quote is about, and for what restores it all that its customer ever had, unless it has ended."""
    if quote.kind == quotes.RESTORATION:
        subscriptions.lock_all(customer.id)
    subscription = subscriptions.lock(quote.subscription_id)
    _refuse_ended(subscription, quote, customer)
    return subscription


def _refuse_ended(subscription: Subscription, quote: Quote, customer: Customer) -> None:
    """Refuse a quote of an agreement that has ended, or of a start that was paid meanwhile."""
    if subscription.status == "cancelled":
        follows = queries.find_live(customer.id)
        raise NoPlan if follows is None or follows.status == "incomplete" else AlreadyStarted
    if quote.kind == quotes.START and subscription.status != "incomplete":
        raise AlreadyStarted


def _carried(quote: Quote, method: str) -> Money:
    """Return what is due of a quote where that is too little for the card that pays it, else nothing.

    :raises MethodNotStored: no card is stored.
    :raises TooLittleForCard: nothing is sold of which an invoice could be settled.
    """
    if method != ways.CARD or not ways.is_too_little(quote.to_pay):
        return Money.zero(quote.currency)
    ways.get_card(quote.customer_id)
    if is_for_credit(quote.kind):
        raise TooLittleForCard
    return quote.due


def _is_same_payment(live: UnderWay, quote: Quote, method: str, now: datetime) -> bool:
    """Whether the payment under way is this one; one for this quote in another way ends, so that this may begin."""
    if attempt_of(live.id).status == "unknown":
        raise AttemptUnresolved
    if not _asks_the_same(invoices.lock(live.invoice_id), quote):
        raise ChangeInProgress(live.public_id)
    return ways.is_under_way(live, method, now)


def _stage_lapse(invoice_id: UUID, due_at: datetime) -> None:
    key = f"{LAPSE_DRAFT}:{invoice_id}"
    jobs.stage(LAPSE_DRAFT, queue=jobs.Queue.DEFAULT, due_at=due_at, key=key, invoice_id=str(invoice_id))


def lapse_draft(invoice_id: UUID, subscription_id: UUID, now: datetime) -> None:
    """Void a draft whose sessions are no longer watched; it waits for the last of them (product.md)."""
    subscriptions.lock(subscription_id)
    invoice = invoices.lock(invoice_id)
    if invoice.status != "draft":
        return
    watched = sessions.watched_until(invoice_id)
    if watched is not None and watched > now:
        _stage_lapse(invoice_id, watched)
    else:
        invoices.void(invoice)


def _fresh(quote: Quote, subscription: Subscription, customer: Customer, method: str, now: datetime) -> Quote:
    """Return what a stored quote would be today."""
    return KINDS[quote.kind].renew(subscription, customer, quote.terms, _settles_in(method), now)


def _settles_in(method: str) -> str:
    return registry.get(method).settles_in


def _draft(subscription: Subscription, quote: Quote, now: datetime) -> UUID:
    """Return the draft for this quote: the one there is where it asks for the same, else a new one in its place."""
    existing = invoices.lock_draft_of(subscription.id)
    if existing is not None:
        is_same = existing.subscription_version == subscription.version and _asks_the_same(existing, quote)
        if is_same:
            return existing.id
        invoices.void(existing)
    basis = invoices.Basis(
        quote.customer_id, subscription.id, subscription.version, quote.id, quote.kind, quote.currency
    )
    return invoices.draft(basis, quotes.lines_of(quote), now)


def _asks_the_same(invoice: Invoice, quote: Quote) -> bool:
    if invoice.quote_id is None:
        return False
    earlier = quotes.get_by_id(invoice.quote_id)
    same = ("price_version", "branches", "lines", "credit", "arrears")
    return invoice.kind == quote.kind and all(earlier.terms.get(name) == quote.terms[name] for name in same)


def _collection(invoice_id: UUID, quote: Quote, method: str, is_automatic: bool) -> sessions.Collection:
    """What a session collects: a wallet at the rate of the quote, a stored card what is due as it is.

    :raises RatesStale: the quote has no rate for the wallet.
    """
    settlement = quote.terms["settlement"]
    card = ways.get_card(quote.customer_id) if method == ways.CARD else None
    if card is not None:
        settlement = {"amount": quote.to_pay.amount, "currency": quote.currency, "rate": None, "rate_on": None}
    if settlement is None:
        raise RatesStale
    return sessions.Collection(
        customer_id=quote.customer_id,
        invoice_id=invoice_id,
        subscription_id=quote.subscription_id,
        subscription_version=quote.subscription_version,
        type=quote.kind,
        fee=quote.total + quote.arrears,
        owed=quote.to_pay,
        arrears=quote.arrears,
        asked=Money(settlement["amount"], settlement["currency"]),
        rate=Decimal(settlement["rate"]) if settlement["rate"] else None,
        rate_on=date.fromisoformat(settlement["rate_on"]) if settlement["rate_on"] else None,
        quoted_on=quote.quoted_on,
        method_id=card.id if card else None,
        is_automatic=is_automatic,
    )
