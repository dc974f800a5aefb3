"""What a vendor sees first: the way to the first paid listing, then how things stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from flask import Blueprint, g, render_template
from flask_babel import gettext

from portal.billing import preview
from portal.billing.rolling import Charge
from portal.billing.standing import Agreement, Standing, standing
from portal.billing.states import LISTED
from portal.invoicing import carried_account
from portal.kit import edge
from portal.kit.errors import N_
from portal.kit.money import Money
from portal.payments.history import TransactionFilter, all_transactions
from portal.web import wording
from portal.web.access import USE_ACCOUNT, last_opened, person, requires
from portal.web.attention import attention
from portal.web.filters import money
from portal.web.history import shown

if TYPE_CHECKING:
    from portal.directory.models import Business

bp = Blueprint("dashboard", __name__)
_RECENT = 5
_PAID_BY = {
    "credit": N_("Your credit pays it."),
    "stored_card": N_("Your card pays it."),
    "carried": N_("It is too little for your card and is added to the next payment."),
    "payment_link": N_("You get a link to pay it."),
}


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
    period_end: date | None


@dataclass(frozen=True, slots=True)
class NextCharge:
    """What will be asked for next and when, ``how`` saying for what and who pays; no amount while it has no price."""

    amount: Money | None
    on: date
    how: list[str]


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
        attention=attention(business, stands) if business else [],
        subscription=_shown(stands.agreement),
        owed=_owed(stands),
        next_charge=_next_charge(stands, edge.now()),
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


def _shown(agreement: Agreement | None) -> ShownSubscription | None:
    if agreement is None:
        return None
    return ShownSubscription(
        agreement.status,
        agreement.mode,
        wording.tier_name(agreement.tier_code),
        agreement.ends_on - timedelta(days=1) if agreement.ends_on and agreement.status == "active" else None,
    )


def _next_charge(stands: Standing, now: datetime) -> NextCharge | None:
    """Return what comes next by itself, as `portal billing preview` tells it too."""
    agreement = stands.agreement
    charge = preview.next_charge(agreement.id, now) if agreement and agreement.status in LISTED else None
    if charge is None:
        return None
    return NextCharge(charge.total, charge.due_on, [wording.type_title(charge.kind), *_how_paid(charge)])


def _owed(stands: Standing) -> NextCharge | None:
    """Return what is owed already."""
    owed = stands.owed
    if owed is None or stands.customer_id is None:
        return None
    carried = carried_account.of(stands.customer_id, owed.amount.currency)
    return NextCharge(owed.amount, owed.due_on, [_along(carried)] if carried else [])


def _along(carried: Money) -> str:
    return gettext("%(amount)s carried from earlier invoices is added.", amount=money(carried.amount, carried.currency))


def _how_paid(charge: Charge) -> list[str]:
    """Return the sentences that say what pays a charge."""
    if charge.total is None or charge.credit is None:
        return []
    sentences = [gettext(_PAID_BY[charge.paid_by])]
    if charge.along:
        sentences.append(_along(charge.along))
    if Money.zero(charge.credit.currency) < charge.credit < charge.total:
        part = money(charge.credit.amount, charge.credit.currency)
        sentences.insert(0, gettext("Your credit pays %(amount)s of it.", amount=part))
    return sentences


def _recent(business: Business | None, customer_id: UUID | None) -> list[object]:
    if business is None or customer_id is None:
        return []
    return [shown(business, line) for line in all_transactions(customer_id, TransactionFilter(), _RECENT)]
