"""Tax on invoices and credit notes: fixed when they are issued, owed to the state, rounded once for period and rate."""

from decimal import Decimal

import pytest

from portal.insights import invariants
from portal.invoicing.models import Customer
from portal.kit import config, edge
from portal.kit.config import Settings
from portal.kit.money import Money
from portal.ledger import balances
from portal.ledger.chart import REVENUE, TAX_DUE, Account
from tests.invoicing.papers import credit, make_customer, make_invoice
from tests.support.settings import taxing

GBP = "GBP"


@pytest.fixture
def customer(db: None, settings: Settings) -> Customer:
    """A customer in a country where a fifth is added."""
    config.use(taxing(settings, GB="20"))
    return make_customer()


def owed_to_the_state() -> int:
    return -balances.balance(Account(TAX_DUE), GBP).amount


def test_an_invoice_says_its_tax_and_owes_it_to_the_state(customer: Customer) -> None:
    invoice = make_invoice(customer, 300)
    assert (invoice.tax_rate, invoice.tax) == (Decimal(20), Money(50, GBP))
    assert owed_to_the_state() == 50
    assert balances.balance(Account(REVENUE), GBP) == Money(-250, GBP)
    assert invariants.violations() == []


def test_invoices_of_one_period_are_taxed_as_one(customer: Customer) -> None:
    """3p hold half a penny each: alone they would be free of it, or twice over."""
    taxes = [make_invoice(customer, 3).tax.amount for _ in range(4)]
    assert taxes == [0, 1, 1, 0]
    assert owed_to_the_state() == 2
    assert invariants.violations() == []


def test_a_credit_note_gives_its_tax_back_at_the_rate_of_its_invoice(customer: Customer, settings: Settings) -> None:
    invoice = make_invoice(customer, 300)
    config.use(taxing(settings, GB="10"))
    notes = [credit(invoice, amount) for amount in (1, 1, 1, 147, 150)]
    assert [note.tax_rate for note in notes] == [Decimal(20)] * 5
    assert [note.tax.amount for note in notes] == [0, 0, 0, 25, 25]
    assert owed_to_the_state() == 0
    assert balances.balance(Account(REVENUE), GBP) == Money(0, GBP)
    assert invariants.violations() == []


def test_each_rate_is_rounded_for_itself(customer: Customer, settings: Settings) -> None:
    make_invoice(customer, 300)
    config.use(taxing(settings, GB="5.5"))
    assert make_invoice(customer, 300).tax == Money(16, GBP)
    assert invariants.violations() == []


@pytest.mark.parametrize("rates_of", [{}, {"DE": "19"}, {"GB": "0"}])
def test_where_no_rate_is_set_there_is_no_tax(customer: Customer, settings: Settings, rates_of: dict[str, str]) -> None:
    config.use(taxing(settings, **rates_of))
    invoice = make_invoice(customer, 300)
    assert (invoice.tax_rate, invoice.tax) == (Decimal(0), Money(0, GBP))
    assert credit(invoice, 300).tax == Money(0, GBP)
    assert owed_to_the_state() == 0


def test_what_is_stored_of_the_seller_is_what_is_printed(customer: Customer) -> None:
    invoice = make_invoice(customer, 300)
    assert invoice.seller is not None
    assert "vat_rates" not in invoice.seller
    assert edge.now().date() == invoice.due_on
