"""What a vendor sees first: the way to the first paid listing, then how things stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, g, render_template, url_for
from flask_babel import gettext

from portal.billing import queries
from portal.directory import branches
from portal.kit.money import Money
from portal.payments import sessions
from portal.payments.queries import TransactionFilter, all_transactions
from portal.web import wording
from portal.web.access import USE_ACCOUNT, last_opened, person, requires
from portal.web.history import shown

if TYPE_CHECKING:
    from portal.billing.models import Subscription, SubscriptionPeriod
    from portal.directory.models import Branch, Business
    from portal.invoicing.models import Customer

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
    standing = queries.standing(business.id) if business else queries.Standing()
    places = branches.list_live(business.id) if business else []
    steps = _first_steps(business, places, standing.subscription)
    return render_template(
        "web/dashboard/page.html",
        business=business,
        first_steps=None if steps.is_paid and steps.is_verified else steps,
        attention=_attention(standing.subscription),
        subscription=_shown(standing.subscription, standing.period),
        next_charge=_next_charge(standing),
        product_count=business.product_count if business else 0,
        product_limit=g.nav_business.product_limit if business else None,
        branch_count=len(places),
        recent=_recent(business, standing.customer),
    )


def _first_steps(business: Business | None, places: Sequence[Branch], subscription: Subscription | None) -> FirstSteps:
    return FirstSteps(
        is_verified=person().is_verified,
        has_business=business is not None,
        has_branch=bool(places),
        has_products=business is not None and business.product_count > 0,
        is_paid=subscription is not None and subscription.status != "incomplete",
    )


def _attention(subscription: Subscription | None) -> list[Attention]:
    live = sessions.live_of_subscription(subscription.id) if subscription else None
    if live is None:
        return []
    address = url_for("pay.show", session=live.public_id)
    return [Attention("wait", gettext("A payment is under way"), "", address, gettext("Go to the payment"))]


def _shown(subscription: Subscription | None, period: SubscriptionPeriod | None) -> ShownSubscription | None:
    if subscription is None:
        return None
    return ShownSubscription(
        subscription.status,
        subscription.mode,
        wording.tier_name(subscription.tier_code),
        period.starts_on if period else None,
        period.ends_on - timedelta(days=1) if period else None,
    )


def _next_charge(standing: queries.Standing) -> NextCharge | None:
    """With nothing changed, the next period costs what the newest one did."""
    if standing.period is None or standing.price is None:
        return None
    return NextCharge(standing.price, standing.period.ends_on)


def _recent(business: Business | None, customer: Customer | None) -> list[object]:
    if business is None or customer is None:
        return []
    return [shown(business, row) for row in all_transactions(customer.id, TransactionFilter(), _RECENT)]
