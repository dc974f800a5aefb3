"""A quote is what follows it, line by line and to the penny: whatever starts, changes, sleeps or wakes, on any day."""

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.billing import checkout, quotes
from portal.billing.models import Quote
from portal.insights import invariants
from portal.invoicing import credit_balance
from portal.invoicing.models import Customer, DocumentLine, Invoice
from portal.invoicing.queries import lines_of, lines_of_credit_note
from portal.kit import edge
from portal.kit.money import Money
from tests.support import proving, running, shop
from tests.support.rows import undone

TIERS = st.sampled_from(["starter", "pro", "enterprise"])
STEPS = st.lists(st.tuples(st.integers(0, 8), TIERS | st.just("sleep or wake")), max_size=3)
"""So many days later, this; never so many in all that the next month is invoiced, three days before it begins."""

Lines = list[tuple[str, int, int, int]]


@settings(
    max_examples=proving.times(8, 100),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(first=TIERS, branches=st.integers(0, 3), steps=STEPS)
def test_the_invoice_is_the_quote_to_the_penny(
    db: None, first: str, branches: int, steps: list[tuple[int, str]]
) -> None:
    with undone():
        customer = running.started(first, branches)
        [start] = running.invoices_of(customer)
        assert start.quote_id is not None
        assert_invoiced(quotes.get_by_id(start.quote_id), start)
        for days, what in steps:
            running.until(edge.now() + timedelta(days=days))
            take(customer, what)
        assert invariants.violations() == []


def take(customer: Customer, what: str) -> None:
    """Confirm the quote of a step, pay it, and hold what was issued against it; leave out what would change nothing."""
    subscription = running.subscription_of(customer)
    sleeps = subscription.mode == "hibernating"
    if what == subscription.tier_code or (sleeps and what != "sleep or wake"):
        return
    quote = _quote(customer, what, sleeps)
    credit, notes = credit_balance.of(customer.id, quote.currency), running.notes_of(customer)
    if checkout.start_payment(customer, quote, shop.METHOD, edge.now()) is not None:
        assert running.paid(customer, quote) == "paid"
    if quote.total > Money.zero(quote.currency):
        assert_invoiced(quote, running.invoices_of(customer)[0])
    gone = [note for note in running.notes_of(customer) if note not in notes]
    back = max(-quote.total, Money.zero(quote.currency))
    assert sum(note.total_amount for note in gone) == back.amount
    assert credit_balance.of(customer.id, quote.currency) == credit - quote.credit + back
    if len(gone) == 1:
        assert _shown(lines_of_credit_note(gone[0].id), -1) == _quoted(quote)


def assert_invoiced(quote: Quote, invoice: Invoice) -> None:
    """The invoice has the quote's lines, and was settled as the quote said."""
    assert invoice.quote_id == quote.id
    assert _shown(lines_of(invoice.id), 1) == _quoted(quote)
    settled = (invoice.total_amount, invoice.credit_amount, invoice.paid_amount)
    assert settled == (quote.total.amount, quote.credit.amount, quote.due.amount)


def _quote(customer: Customer, what: str, sleeps: bool) -> Quote:
    if sleeps:
        return checkout.quote_waking(customer, shop.METHOD, edge.now())
    if what == "sleep or wake":
        return checkout.quote_hibernation(customer, None, shop.METHOD, edge.now())
    return checkout.quote_tier(customer, what, shop.METHOD, edge.now())


def _quoted(quote: Quote) -> Lines:
    return [(line.code, line.quantity, line.unit.amount, line.amount.amount) for line in quotes.lines_of(quote)]


def _shown(lines: Sequence[DocumentLine], sign: int) -> Lines:
    """The lines of a document; a credit note has the amounts of its quote the other way round."""
    return [(line.code, line.quantity, line.unit_amount, sign * line.amount) for line in lines]
