"""Paying an invoice that was issued before it was paid: what is still owed of it, and the ways to pay that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.billing import dunning_cases, open_invoices, ways
from portal.billing.errors import NothingOwed
from portal.currency.errors import RatesStale
from portal.invoicing import customers
from portal.invoicing.queries import get_issued
from portal.invoicing.states import OWED
from portal.kit import edge, sent_fields
from portal.kit.errors import NotFound
from portal.kit.money import Money
from portal.kit.rate_limit import limiter
from portal.web import wording
from portal.web.access import requires, writes
from portal.web.methods import card_name

if TYPE_CHECKING:
    from datetime import datetime

    from portal.currency.conversion import Rate
    from portal.directory.models import Business
    from portal.invoicing.models import Customer, Invoice

bp = Blueprint("pay_invoice", __name__, url_prefix="/businesses/<business>/history/invoices/<invoice_id>/pay")


@bp.get("")
@requires("billing:pay")
def show(business: Business, invoice_id: str) -> str:
    """Show what is owed, and by what it can be paid."""
    customer, invoice = _find(business, invoice_id)
    if invoice.status not in OWED:
        raise NothingOwed
    card, (to_pay, carried) = ways.find_card(customer.id), open_invoices.to_pay(invoice)
    is_carried = ways.is_too_little(to_pay)
    if is_carried and not open_invoices.can_be_carried(invoice):
        card = None
    collected, rate = _collected(to_pay, edge.now())
    return render_template(
        "web/history/pay.html",
        business=business,
        invoice=invoice,
        title=wording.type_title(invoice.kind),
        settled=_settled(invoice),
        carried=carried,
        to_pay=to_pay,
        stored_card=card_name(card) if card else None,
        is_carried=is_carried,
        collected=collected,
        rate=rate,
        hidden=dunning_cases.find_hidden(invoice.id),
    )


def _collected(to_pay: Money, now: datetime) -> tuple[Money | None, Rate | None]:
    """Return what the wallet asks for in a currency of its own; None where it takes ours, or no rate is known."""
    try:
        asked, rate = ways.collected(to_pay, ways.WALLET, now)
    except RatesStale:
        return None, None
    return (asked, rate) if rate else (None, None)


def _settled(invoice: Invoice) -> list[tuple[str, Money]]:
    """Return what of an invoice is settled already, and by what."""
    rows = (
        (gettext("Paid with credit"), invoice.credit_amount),
        (gettext("Paid"), invoice.paid_amount),
        (gettext("Taken off what was owed"), invoice.credited_open_amount),
    )
    return [(label, Money(amount, invoice.currency)) for label, amount in rows if amount]


@bp.post("")
@limiter.limit("30 per minute")
@requires("billing:pay")
@writes
def start(business: Business, invoice_id: str) -> Response:
    """Collect what is owed; where credit covers it, it is paid at once."""
    customer, invoice = _find(business, invoice_id)
    session = open_invoices.start_payment(customer, invoice, sent_fields.one("method") or ways.WALLET, edge.now())
    if session is None:
        return redirect(url_for("receipts.show_invoice", business=business.public_id, invoice_id=invoice_id), 303)
    return redirect(url_for("pay.show", session=session.public_id), 303)


def _find(business: Business, invoice_id: str) -> tuple[Customer, Invoice]:
    customer = customers.find_of_business(business.id)
    if customer is None:
        raise NotFound
    return customer, get_issued(customer.id, invoice_id)
