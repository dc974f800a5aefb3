"""What a vendor sees first: the way to the first paid listing, then how things stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from flask import Blueprint, g, render_template, url_for
from flask_babel import gettext

from portal.billing.standing import Agreement, Standing, standing
from portal.kit.money import Money
from portal.payments.history import TransactionFilter, all_transactions
from portal.web import wording
from portal.web.access import USE_ACCOUNT, last_opened, person, requires
from portal.web.history import shown

if TYPE_CHECKING:
    from portal.directory.models import Business

bp = Blueprint("dashboard", __name__)
_RECENT = 5


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """What leads from registration to the first paid listing."""

    is_verified: bool
    has_business: bool
    has_branch: bool
    has_products: bool
    is_paid: bool


@dataclass(frozen=True, slots=True)
class ShownSubscription:
    """The plan in short."""

    status: str
    mode: str
    tier_name: str
    period_start: date | None
    period_end: date | None


@dataclass(frozen=True, slots=True)
class Attention:
    """Something that wants to be done."""

    tone: str
    title: str
    text: str
    href: str | None
    action: str


@dataclass(frozen=True, slots=True)
class NextCharge:
    """What will be asked for next, and when."""

    amount: Money
    on: date


@bp.get("/dashboard")
@requires(USE_ACCOUNT)
def show() -> str:
    """Show the business last opened, or the way to a first one."""
    business = last_opened()
    stands = standing(business.id) if business else Standing()
    steps = _first_steps(business, stands)
    return render_template(
        "web/dashboard/page.html",
        business=business,
        first_steps=None if steps.is_paid and steps.is_verified else steps,
        attention=_attention(stands),
        subscription=_shown(stands.agreement),
        next_charge=_next_charge(stands.agreement),
        product_count=business.product_count if business else 0,
        product_limit=g.nav_business.product_limit if business else None,
        branch_count=stands.branch_count,
        recent=_recent(business, stands.customer_id),
    )


def _first_steps(business: Business | None, stands: Standing) -> FirstSteps:
    return FirstSteps(
        is_verified=person().is_verified,
        has_business=business is not None,
        has_branch=stands.branch_count > 0,
        has_products=business is not None and business.product_count > 0,
        is_paid=stands.agreement is not None and stands.agreement.status != "incomplete",
    )


def _attention(stands: Standing) -> list[Attention]:
    if stands.session is None:
        return []
    address = url_for("pay.show", session=stands.session)
    return [Attention("wait", gettext("A payment is under way"), "", address, gettext("Go to the payment"))]


def _shown(agreement: Agreement | None) -> ShownSubscription | None:
    if agreement is None:
        return None
    return ShownSubscription(
        agreement.status,
        agreement.mode,
        wording.tier_name(agreement.tier_code),
        agreement.starts_on,
        agreement.ends_on - timedelta(days=1) if agreement.ends_on else None,
    )


def _next_charge(agreement: Agreement | None) -> NextCharge | None:
    """With nothing changed, the next period costs what the newest one did."""
    if agreement is None or agreement.ends_on is None or agreement.price is None:
        return None
    return NextCharge(agreement.price, agreement.ends_on)


def _recent(business: Business | None, customer_id: UUID | None) -> list[object]:
    if business is None or customer_id is None:
        return []
    return [shown(business, line) for line in all_transactions(customer_id, TransactionFilter(), _RECENT)]
