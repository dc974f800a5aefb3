"""What a plan becomes when its period ends: another tier or its end, chosen, replaced and taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.billing import at_period_end, holdings, queries, quote_change
from portal.catalogue import price_book
from portal.invoicing import customers
from portal.kit import edge, sent_fields
from portal.kit.rate_limit import limiter
from portal.web import home, plan, under_way, wording
from portal.web.access import may, requires, writes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from portal.billing.models import Subscription
    from portal.directory.models import Business
    from portal.web.home import ShownTier

bp = Blueprint("next_period", __name__, url_prefix="/businesses/<business>/plan/next")


@bp.get("")
@requires("billing:view")
def show(business: Business) -> str:
    """Show what is chosen for the end of the period, and what can be."""
    customer = customers.find_of_business(business.id)
    subscription, now = queries.find_live(customer.id) if customer else None, edge.now()
    if customer is None or subscription is None or subscription.status == "incomplete":
        return render_template("web/next_period/page.html", business=business, state="none")
    is_hidden, may_pay = subscription.status == "suspended", may("billing:pay")
    running = None if is_hidden else holdings.current(subscription, customer.currency, now)
    if running is None:
        page, paying = "web/next_period/at_once.html", under_way.address(subscription)
        return render_template(page, business=business, is_hidden=is_hidden, may_pay=may_pay, pending_url=paying)
    kept = quote_change.kept_version(subscription, now)
    tiers = [home.shown_tier(tier) for tier in price_book.list_tiers(kept, now)]
    is_asleep = subscription.mode == "hibernating"
    return render_template(
        "web/next_period/page.html",
        business=business,
        state=_state(subscription),
        turns_on=running.period.ends_on,
        last_on=running.period.ends_on - timedelta(days=1),
        tiers=tiers,
        current_code=subscription.tier_code,
        pending_code=subscription.pending_tier_code or "",
        pending_name=wording.tier_name(subscription.pending_tier_code) if subscription.pending_tier_code else "",
        offered=[] if is_asleep else _offered(tiers, subscription),
        is_asleep=is_asleep,
        is_owing=subscription.status == "past_due",
        may_pay=may_pay,
        pending_url=under_way.address(subscription),
        too_many=_too_many(business, tiers, subscription.pending_tier_code),
    )


def _offered(tiers: Sequence[ShownTier], subscription: Subscription) -> list[str]:
    """Return the codes of the tiers that can be chosen, without the one that is."""
    return [code for code in plan.offered(tiers, subscription) if code != subscription.pending_tier_code]


def _too_many(business: Business, tiers: Sequence[ShownTier], chosen: str | None) -> int:
    """Return how many products more there are than the tier holds that is chosen."""
    limits = {tier.code: tier.product_limit for tier in tiers}
    limit = limits.get(chosen) if chosen else None
    return 0 if limit is None else max(0, business.product_count - limit)


def _state(subscription: Subscription) -> str:
    if subscription.cancels_at_end:
        return "ends"
    return "changes" if subscription.pending_tier_code else "stays"


@bp.post("")
@limiter.limit("30 per minute")
@requires("billing:pay")
@writes
def choose(business: Business) -> Response:
    """Have the plan go on as another tier."""
    now, tier = edge.now(), sent_fields.one("tier")
    at_period_end.choose_tier(customers.of_business(business, now), tier, now)
    flash(gettext("It is noted for the end of the period."), "success")
    return _back(business)


@bp.post("/cancel")
@limiter.limit("30 per minute")
@requires("billing:pay")
@writes
def cancel(business: Business) -> Response:
    """Let the plan end with its period, or at once where none runs."""
    now = edge.now()
    if at_period_end.cancel(customers.of_business(business, now), now).status == "cancelled":
        flash(gettext("Your plan has ended. Nothing was deleted."), "success")
    else:
        flash(gettext("Your plan will end. You can take it back until then."), "success")
    return _back(business)


@bp.post("/take-back")
@limiter.limit("30 per minute")
@requires("billing:pay")
@writes
def take_back(business: Business) -> Response:
    """Let the plan go on as it is."""
    now = edge.now()
    at_period_end.take_back(customers.of_business(business, now), now)
    flash(gettext("Your plan goes on as it is."), "success")
    return _back(business)


def _back(business: Business) -> Response:
    return redirect(url_for(".show", business=business.public_id), 303)
