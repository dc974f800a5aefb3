"""Issued invoices for tests, settled or owed, made by the product's own functions."""

from portal.invoicing import credit_balance, credit_notes, invoices
from portal.invoicing.invoices import Basis, Line, Settlement
from portal.invoicing.models import CreditNote, Customer, Invoice
from portal.invoicing.states import move
from portal.kit import config, edge
from portal.kit.money import Money
from tests.support import shop


def make_customer() -> Customer:
    """A customer whose invoices are in pounds."""
    return shop.make_customer(shop.make_business(shop.make_owner()))


def line(amount: int) -> Line:
    """A line of one month of a tier for so many pence."""
    price = Money(amount, "GBP")
    return Line("pro", 1, price, price, {"kind": "month", "book_amount": amount, "book_currency": "GBP"})


def make_draft(customer: Customer, amount: int) -> Invoice:
    """A locked draft of so many pence."""
    quote = shop.make_quote(customer)
    basis = Basis(customer.id, quote.subscription_id, quote.subscription_version, quote.id, quote.kind, "GBP")
    return invoices.lock(invoices.draft(basis, [line(amount)], edge.now()))


def make_invoice(customer: Customer, amount: int, credit_used: int = 0) -> Invoice:
    """A locked invoice of so many pence, of which the customer's credit has paid a part; the rest is owed."""
    invoice, now = make_draft(customer, amount), edge.now()
    credit, nothing = Money(credit_used, "GBP"), Money.zero("GBP")
    credit_balance.settle(invoice, credit, now)
    settlement = Settlement(credit, nothing, nothing) if credit_used == amount else None
    invoices.issue(invoice, (now.date(), now.date()), config.current().seller, {"country": "GB"}, now, settlement)
    if settlement is None:
        move(invoice, "open", credit_amount=credit_used)
    return invoice


def credit(invoice: Invoice, *amounts: int, reason: str = "change") -> CreditNote:
    """Credit lines of so many pence."""
    return credit_notes.issue(
        invoice, [line(amount) for amount in amounts], reason, config.current().seller, edge.now()
    )
