"""The history of the business last opened: its payments and its invoices, by filters and pages, and as CSV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request, url_for

from portal.billing.periods import midnight
from portal.invoicing import customers
from portal.invoicing.documents import DocumentFilter, Listed, all_documents, list_documents
from portal.kit.money import Money
from portal.kit.pagination import Page, page_number
from portal.payments.history import Line, TransactionFilter, all_transactions, list_transactions
from portal.web import csv_file, wording
from portal.web.access import may, requires
from portal.web.forms.history import DocumentFilterForm, TransactionFilterForm

if TYPE_CHECKING:
    from portal.directory.models import Business
    from portal.invoicing.models import Customer

bp = Blueprint("history", __name__, url_prefix="/history")
_FILE_LIMIT = 50_000
_FOREVER = date.max - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _List:
    """What the history shows, as a page and as a file."""

    template: str
    endpoint: str
    csv_endpoint: str
    file: str


_PAYMENTS = _List("web/history/page.html", ".show", ".show_csv", "payments.csv")
_INVOICES = _List("web/history/invoices.html", ".show_invoices", ".show_invoices_csv", "invoices.csv")
_Form = TransactionFilterForm | DocumentFilterForm


@dataclass(frozen=True, slots=True)
class ShownTransaction:
    """A row of the payments."""

    order_id: str
    occurred_at: datetime
    title: str
    method_name: str
    amount: Money
    from_credit: Money | None
    collected: Money | None
    status: str
    href: str


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """A row of the invoices: one of them, or a credit note."""

    number: str
    title: str
    issued_on: date
    total: Money
    status: str
    href: str
    pay_url: str | None


@bp.get("")
@requires("billing:view")
def show(business: Business) -> tuple[str, int]:
    """Show a page of the payments."""
    form = TransactionFilterForm(request.args)
    customer = customers.find_of_business(business.id)
    number = page_number(request.args.get("page"))
    page: Page[ShownTransaction] = Page([], number, 0)
    is_good = form.is_good()
    if customer and is_good:
        wanted = _transactions_wanted(form, customer)
        found = list_transactions(customer.id, wanted, number, customer.transaction_count)
        page = Page([shown(business, line) for line in found.items], found.number, found.total)
    return _answer(_PAYMENTS, form, page, is_good)


@bp.get("/invoices")
@requires("billing:view")
def show_invoices(business: Business) -> tuple[str, int]:
    """Show a page of the invoices and credit notes."""
    form = DocumentFilterForm(request.args)
    customer = customers.find_of_business(business.id)
    number = page_number(request.args.get("page"))
    page: Page[ShownDocument] = Page([], number, 0)
    is_good = form.is_good()
    if customer and is_good:
        found = list_documents(customer, _documents_wanted(form), number)
        page = Page([_shown_document(business, row) for row in found.items], found.number, found.total)
    return _answer(_INVOICES, form, page, is_good)


@bp.get("/payments.csv")
@requires("billing:view")
def show_csv(business: Business) -> Response | tuple[str, int]:
    """Give the filtered payments as a file."""
    form = TransactionFilterForm(request.args)

    def lines(customer: Customer) -> list[list[str]]:
        found = all_transactions(customer.id, _transactions_wanted(form, customer), _FILE_LIMIT)
        return [_payment_cells(shown(business, line)) for line in found]

    header = ["order", "time", "for", "method", "status", "amount", "currency"]
    return _file(_PAYMENTS, form, business, header, lines)


@bp.get("/invoices.csv")
@requires("billing:view")
def show_invoices_csv(business: Business) -> Response | tuple[str, int]:
    """Give the filtered invoices and credit notes as a file; what is credited is below zero."""
    form = DocumentFilterForm(request.args)

    def lines(customer: Customer) -> list[list[str]]:
        found = all_documents(customer.id, _documents_wanted(form), _FILE_LIMIT)
        return [_document_cells(_shown_document(business, row)) for row in found]

    header = ["number", "issued", "for", "status", "total", "currency"]
    return _file(_INVOICES, form, business, header, lines)


def shown(business: Business, line: Line) -> ShownTransaction:
    """Return a transaction as a row."""
    return ShownTransaction(
        order_id=line.order_id,
        occurred_at=line.created_at,
        title=wording.type_title(line.type),
        method_name=wording.method_name(line.method),
        amount=line.amount,
        from_credit=line.amount - line.cost if Money.zero(line.cost.currency) < line.cost < line.amount else None,
        collected=line.collected,
        status=line.status,
        href=f"/businesses/{business.public_id}/history/payments/{line.public_id}",
    )


def _shown_document(business: Business, row: Listed) -> ShownDocument:
    folder = "credit-notes" if row.is_credit_note else "invoices"
    href = f"/businesses/{business.public_id}/history/{folder}/{row.public_id}"
    return ShownDocument(
        number=row.number,
        title=wording.reason_title(row.kind) if row.is_credit_note else wording.type_title(row.kind),
        issued_on=row.issued_on,
        total=row.total,
        status=row.status,
        href=href,
        pay_url=f"{href}/pay" if row.status == "open" and may("billing:pay") else None,
    )


def _payment_cells(row: ShownTransaction) -> list[str]:
    amount = [str(row.amount.major), row.amount.currency]
    return [row.order_id, row.occurred_at.isoformat(), row.title, row.method_name, row.status, *amount]


def _document_cells(row: ShownDocument) -> list[str]:
    return [row.number, str(row.issued_on), row.title, row.status, str(row.total.major), row.total.currency]


def _answer(
    listed: _List, form: _Form, page: Page[ShownTransaction] | Page[ShownDocument], is_good: bool
) -> tuple[str, int]:
    filters: dict[str, Any] = {name: value for name, value in request.args.items() if name in form.data and value}
    page_url: Callable[[int], str] = lambda number: url_for(listed.endpoint, page=number, **filters)  # noqa: E731
    csv_url = url_for(listed.csv_endpoint, **filters)
    shown = render_template(listed.template, form=form, page=page, page_url=page_url, csv_url=csv_url)
    return shown, 200 if is_good else 422


def _file(
    listed: _List, form: _Form, business: Business, header: list[str], lines: Callable[[Customer], list[list[str]]]
) -> Response | tuple[str, int]:
    """Give what a filter finds as a file; where the filter is bad, the page that says why."""
    if not form.is_good():
        return _answer(listed, form, Page([], 1, 0), is_good=False)
    customer = customers.find_of_business(business.id)
    return csv_file.answer(listed.file, header, lines(customer) if customer else [])


def _transactions_wanted(form: TransactionFilterForm, customer: Customer) -> TransactionFilter:
    """Read the filter; its days are the customer's, the last one inclusive."""
    zone = ZoneInfo(customer.time_zone)
    until = form.to_on.data
    return TransactionFilter(
        type=form.type.data or None,
        status=form.status.data or None,
        since=midnight(form.from_on.data, zone) if form.from_on.data else None,
        until=midnight(min(until, _FOREVER) + timedelta(days=1), zone) if until else None,
    )


def _documents_wanted(form: DocumentFilterForm) -> DocumentFilter:
    return DocumentFilter(status=form.status.data or None, since=form.from_on.data, until=form.to_on.data)
