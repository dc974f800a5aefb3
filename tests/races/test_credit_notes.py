"""Credit notes of one invoice by many at once: together never more than the invoice, and no number left out."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from portal.invoicing import invoices
from portal.kit import edge
from tests.invoicing.papers import credit, make_customer, make_invoice
from tests.support.races import Race, dropped, unlocked

RACERS, PRICE, EACH = 8, 500, 200


def an_invoice() -> UUID:
    return make_invoice(make_customer(), PRICE).id


def take(invoice_id: UUID) -> str:
    """Credit a part of the invoice."""
    return credit(invoices.lock(invoice_id), EACH).number


def left(invoice_id: UUID) -> int:
    return edge.write(lambda: invoices.lock(invoice_id).due.amount)


def test_many_credit_one_invoice(prove: Callable[[Race], list[object]], saw: Callable[[str], None]) -> None:
    fits, rest = divmod(PRICE, EACH)
    race = Race(
        prepare=an_invoice,
        works=lambda invoice_id: [partial(take, invoice_id)] * RACERS,
        act="INSERT INTO ledger_postings",
        guards=[
            unlocked("invoices"),
            dropped("ALTER TABLE invoices DROP CONSTRAINT invoices_check"),
            dropped("DROP TRIGGER credit_notes_checked ON credit_notes"),
        ],
        holds=lambda invoice_id, outcomes: (
            sum(isinstance(outcome, str) for outcome in outcomes) == fits and left(invoice_id) == rest
        ),
    )
    numbers = [outcome for outcome in prove(race) if isinstance(outcome, str)]
    saw(f"{RACERS} credit notes of {EACH} for an invoice over {PRICE}: {len(numbers)} issued, {RACERS - fits} × 409")
