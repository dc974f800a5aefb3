"""Credit notes: what was owed goes first, only what was paid becomes credit, and nothing of them changes afterwards."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from portal.insights import invariants
from portal.invoicing import credit_balance, credit_notes, invoices, queries
from portal.invoicing.errors import CreditTooLarge, InvoiceNotIssued
from portal.invoicing.models import CreditNote, Customer
from portal.kit import config, edge
from portal.kit.db import db as session
from portal.kit.db import table_of
from portal.kit.money import Money
from portal.ledger import balances, recipes
from portal.ledger.chart import RECEIVABLE, REVENUE, Account
from tests.invoicing.papers import credit, line, make_customer, make_draft, make_invoice
from tests.support import shop

GBP = "GBP"


@pytest.fixture
def customer(db: None) -> Customer:
    """A customer to whom we owe ten pounds."""
    customer, owed = make_customer(), Money(1000, GBP)
    recipes.payment_credited(uuid4(), shop.METHOD, owed, customer.id, owed, edge.now())
    return customer


def parts(note: CreditNote) -> tuple[int, int]:
    return note.open_amount, note.credit_amount


def owed_to(customer: Customer) -> int:
    return credit_balance.of(customer.id, GBP).amount


def broken() -> set[str]:
    """The rules of the books that are broken; the clearing account of the credit is nobody's payment here."""
    return {violation.rule for violation in invariants.violations()} - {"capture_posting_has_its_capture"}


class TestShares:
    """How much of it was still owed, and what becomes credit."""

    def test_what_nobody_paid_is_owed_no_longer(self, customer: Customer) -> None:
        invoice = make_invoice(customer, 500)
        assert parts(credit(invoice, 120)) == (120, 0)
        assert (invoice.status, invoice.due, invoice.not_credited) == ("open", Money(380, GBP), Money(380, GBP))
        assert owed_to(customer) == 1000
        assert balances.balance(Account(RECEIVABLE), GBP) == Money(380, GBP)
        assert balances.balance(Account(REVENUE), GBP) == Money(-380, GBP)

    def test_what_was_paid_becomes_credit(self, customer: Customer) -> None:
        invoice = make_invoice(customer, 500, credit_used=500)
        assert parts(credit(invoice, 120)) == (0, 120)
        assert (invoice.status, invoice.due, invoice.not_credited) == ("paid", Money(0, GBP), Money(380, GBP))
        assert owed_to(customer) == 620

    def test_what_is_owed_goes_first(self, customer: Customer) -> None:
        invoice = make_invoice(customer, 500, credit_used=200)
        assert parts(credit(invoice, 400)) == (300, 100)
        assert (invoice.status, invoice.due, invoice.not_credited) == ("paid", Money(0, GBP), Money(100, GBP))
        assert owed_to(customer) == 900
        assert parts(credit(invoice, 100)) == (0, 100)
        assert owed_to(customer) == 1000

    def test_credited_in_full_while_open_it_is_settled_and_was_never_paid(self, customer: Customer) -> None:
        invoice = make_invoice(customer, 500)
        credit(invoice, 500)
        stored = invoices.lock(invoice.id)
        assert (stored.status, stored.paid_at, stored.due) == ("paid", None, Money(0, GBP))
        assert owed_to(customer) == 1000

    def test_a_line_below_zero_keeps_a_part(self, customer: Customer) -> None:
        invoice = make_invoice(customer, 500)
        note = credit(invoice, 120, -40)
        assert note.total == Money(80, GBP)
        assert [found.amount for found in queries.lines_of_credit_note(note.id)] == [120, -40]

    def test_it_repeats_whom_the_invoice_named_and_has_a_number_of_its_own_series(self, customer: Customer) -> None:
        invoice = make_invoice(customer, 500)
        first, second = credit(invoice, 1), credit(invoice, 1)
        year = edge.now().year
        assert [first.number, second.number] == [f"CN-{year}-000001", f"CN-{year}-000002"]
        assert first.buyer == invoice.buyer
        assert first.seller == invoice.seller

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        total=st.integers(1, 1000),
        used=st.integers(0, 1000),
        amounts=st.lists(st.integers(1, 600), max_size=6),
    )
    def test_whatever_is_credited_the_books_hold(
        self, customer: Customer, total: int, used: int, amounts: list[int]
    ) -> None:
        with session.begin_nested() as kept:
            credit_used = min(total, used)
            invoice = make_invoice(customer, total, credit_used)
            left, due, became_credit = total, total - credit_used, 0
            for amount in amounts:
                if amount > left:
                    with pytest.raises(CreditTooLarge):
                        credit(invoice, amount)
                    continue
                taken_off = min(amount, due)
                assert parts(credit(invoice, amount)) == (taken_off, amount - taken_off)
                left, due, became_credit = left - amount, due - taken_off, became_credit + amount - taken_off
            assert (invoice.due.amount, invoice.not_credited.amount) == (due, left)
            assert (invoice.status == "paid") == (due == 0)
            assert owed_to(customer) == 1000 - credit_used + became_credit <= 1000
            assert broken() == set()
            kept.rollback()


class TestRefusals:
    """What is never credited, and what the database keeps as it is."""

    @pytest.mark.parametrize("amounts", [(501,), (0,), (-1,), (10, -10), (500, 1)])
    def test_nothing_and_more_than_is_left(self, customer: Customer, amounts: tuple[int, ...]) -> None:
        invoice = make_invoice(customer, 500)
        with pytest.raises(CreditTooLarge):
            credit(invoice, *amounts)
        assert queries.credit_notes_of(invoice.id) == []
        assert invoice.not_credited == Money(500, GBP)

    def test_a_draft(self, customer: Customer) -> None:
        with pytest.raises(InvoiceNotIssued):
            credit(make_draft(customer, 500), 1)

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ("UPDATE credit_notes SET reason = 'undo'", "append-only"),
            ("DELETE FROM credit_notes", "append-only"),
            ("UPDATE credit_note_lines SET amount = amount + 1", "written once"),
            ("DELETE FROM credit_note_lines", "written once"),
            ("INSERT INTO credit_note_lines SELECT credit_note_id, 9, code, 1, 1, 1, '{}' FROM credit_note_lines",
             "written once"),
            ("UPDATE invoices SET credited_amount = 501", '"invoices_check"'),
            ("UPDATE invoices SET credited_open_amount = 101", '"invoices_check"'),
            ("UPDATE invoices SET credited_amount = 101", '"invoices_check"'),
            ("UPDATE invoices SET paid_amount = 401", '"invoices_check"'),
            ("UPDATE invoices SET status = 'paid'", "invoices_check3"),
        ],
    )  # fmt: skip
    def test_what_is_written(self, customer: Customer, change: str, said: str) -> None:
        credit(make_invoice(customer, 500), 100)
        with pytest.raises(DBAPIError, match=said):
            session.execute(text(change))

    @pytest.mark.parametrize(
        ("facts", "said"),
        [({"total_amount": 90, "open_amount": 90}, "is not its lines"), ({}, "does not count")],
    )
    def test_a_credit_note_that_its_lines_or_its_invoice_do_not_know(
        self, customer: Customer, facts: dict[str, int], said: str
    ) -> None:
        note, again = credit(make_invoice(customer, 500), 100), uuid4()
        copy = "INSERT INTO credit_note_lines SELECT :id, position, code, 1, 1, amount, '{}' FROM credit_note_lines"
        session.execute(text(copy), {"id": again})
        table = table_of(CreditNote)
        row = {column.name: getattr(note, column.name) for column in table.columns}
        with pytest.raises(IntegrityError, match=said):
            session.execute(table.insert(), row | {"id": again, "public_id": "cn", "number": "CN-2026-000002"} | facts)


def test_a_number_that_was_rolled_back_is_given_again(customer: Customer) -> None:
    invoice = make_invoice(customer, 500)
    with session.begin_nested() as kept:
        lost = credit(invoice, 100).number
        kept.rollback()
    invoice = invoices.lock(invoice.id)
    assert credit(invoice, 100).number == lost
    assert [found.amount for found in queries.lines_of(invoice.id)] == [line(500).amount.amount]


def test_the_year_of_a_number_is_that_of_the_sellers_clock(customer: Customer) -> None:
    seller, eve = replace(config.current().seller, time_zone="Asia/Shanghai"), datetime(2027, 12, 31, 20, tzinfo=UTC)
    invoice = make_draft(customer, 300)
    invoices.issue(invoice, (eve.date(), eve.date()), seller, {"country": "GB"}, eve)
    note = credit_notes.issue(invoice, [line(100)], "change", seller, eve)
    assert (invoice.number, note.number) == ("INV-2028-000001", "CN-2028-000001")
