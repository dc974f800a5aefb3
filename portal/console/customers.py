"""Customers: finding a business by whatever its owner tells, and everything that is known of its money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import get_locale

from portal.billing import queries as billing
from portal.billing.dunning_cases import list_overdue
from portal.console import wording
from portal.console.access import requires
from portal.console.forms import SearchForm
from portal.directory import businesses, visibility
from portal.identity.queries import list_members
from portal.insights import payers
from portal.invoicing import credit_balance, customers
from portal.invoicing.documents import DocumentFilter, list_documents
from portal.kit import edge, i18n
from portal.kit.pagination import Page, page_number
from portal.payments.history import TransactionFilter, list_transactions

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from portal.billing.models import Subscription
    from portal.insights.payers import FoundBusiness

bp = Blueprint("console_customers", __name__, url_prefix="/console/customers")


@bp.get("")
@requires("console:view")
def show() -> tuple[str, int]:
    """A page of businesses, newest first, or those that fit the search."""
    form = SearchForm(request.args)
    number = page_number(request.args.get("page"))
    is_good = form.is_good()
    page: Page[FoundBusiness] = payers.search(form.q.data, number) if is_good else Page([], number, 0)
    shown = render_template(
        "console/customers/page.html",
        form=form,
        page=page,
        tier_name=lambda code: wording.word(wording.TIERS, code),
        page_url=lambda number: url_for(".show", page=number, q=form.q.data or None),
    )
    return shown, 200 if is_good else 422


@bp.get("/<business>")
@requires("console:view")
def show_one(business: str) -> str:
    """One business: its team, its agreement, its credit, its newest invoices and credit notes, and payments."""
    found = businesses.get_by_public_id(business)
    return render_template(
        "console/customers/customer.html",
        business=found,
        country=i18n.country_name(found.country, str(get_locale())),
        status=visibility.status(found.id),
        members=list_members(found.id),
        **_money_of(found.id),
    )


def _money_of(business_id: UUID) -> dict[str, Any]:
    """What the rooms of money know of the business; a business that never chose a tier is no customer yet."""
    customer = customers.find_of_business(business_id)
    if customer is None:
        return {"customer": None}
    subscription = billing.find_live(customer.id)
    credit, carried = credit_balance.with_carried(customer.id, customer.currency)
    return {
        "customer": customer,
        "subscription": subscription,
        "tier_name": wording.word(wording.TIERS, subscription.tier_code) if subscription else None,
        "next_tier": wording.word(wording.TIERS, subscription.pending_tier_code) if subscription else None,
        "renews_on": _renews_on(subscription, edge.now()) if subscription else None,
        "overdue": list_overdue(subscription),
        "credit": credit,
        "carried": carried,
        "documents": list_documents(customer, DocumentFilter(), 1),
        "transactions": list_transactions(customer.id, TransactionFilter(), 1, customer.transaction_count),
    }


def _renews_on(subscription: Subscription, now: datetime) -> date | None:
    """Return the first day of the next period; None where none is to come, as it ends or is hidden until it is paid."""
    newest = billing.newest_period(subscription.id)
    if newest is None or subscription.cancels_at_end or subscription.status == "suspended":
        return None
    return newest.starts_on if now < newest.starts_at else newest.ends_on
