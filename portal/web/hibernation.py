"""Hibernating and waking: what each would mean, the quote of it, and the day on which to wake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext

from portal.billing import checkout, hibernation, queries, wake_days, ways
from portal.billing.errors import NoWakeDay
from portal.currency.errors import RatesStale
from portal.invoicing import customers
from portal.kit import edge, sent_fields
from portal.kit.rate_limit import limiter
from portal.web import under_way, wording
from portal.web.access import may, requires, writes, writes_once
from portal.web.forms.hibernation import WakeDayForm

if TYPE_CHECKING:
    from datetime import datetime

    from portal.billing.models import Quote, Subscription
    from portal.directory.models import Business
    from portal.invoicing.models import Customer
    from portal.kit.money import Money

bp = Blueprint("hibernation", __name__, url_prefix="/businesses/<business>/hibernation")


@bp.get("")
@requires("billing:view")
def show(business: Business) -> str:
    """Say what hibernating or waking means for this business, with the way to it."""
    return _page(business, None)


@bp.post("/quote")
@limiter.limit("30 per minute")
@requires("billing:pay")
@writes_once
def make_quote(business: Business) -> Any:
    """Store the quote of hibernating from today on."""
    now, form = edge.now(), WakeDayForm()
    try:
        if form.validate():
            customer = customers.of_business(business, now)
            return _to(business, checkout.quote_hibernation(customer, form.wakes_on.data, ways.WALLET, now))
    except NoWakeDay as refused:
        form.refuse(refused)
    return _page(business, form), 422


@bp.post("/wake")
@limiter.limit("30 per minute")
@requires("billing:pay")
@writes_once
def make_waking_quote(business: Business) -> Any:
    """Store the quote of waking today."""
    now = edge.now()
    return _to(business, checkout.quote_waking(customers.of_business(business, now), ways.WALLET, now))


@bp.post("/day")
@requires("billing:pay")
@writes
def plan_waking(business: Business) -> Any:
    """Choose the day on which to wake, or none."""
    now, form = edge.now(), WakeDayForm()
    try:
        if form.validate():
            hibernation.plan_waking(customers.of_business(business, now), form.wakes_on.data, now)
            flash(gettext("The day is saved."), "success")
            return redirect(_address(business), 303)
    except NoWakeDay as refused:
        form.refuse(refused)
    return _page(business, form), 422


@bp.post("/tier")
@requires("billing:pay")
@writes
def wake_as(business: Business) -> Any:
    """Choose the tier that wakes; that costs nothing."""
    now, tier = edge.now(), sent_fields.one("tier")
    hibernation.wake_as(customers.of_business(business, now), tier, now)
    flash(gettext("Your listing wakes as %(tier)s.", tier=wording.tier_name(tier)), "success")
    return redirect(_address(business), 303)


def _page(business: Business, form: WakeDayForm | None) -> str:
    customer = customers.find_of_business(business.id)
    subscription = queries.find_live(customer.id) if customer else None
    if customer is None or subscription is None or subscription.status == "incomplete":
        return render_template("web/hibernation/page.html", business=business, state="none")
    asleep, awake = _months(subscription, customer, edge.now())
    return render_template(
        "web/hibernation/page.html",
        business=business,
        state=subscription.mode,
        is_owing=_is_owing(subscription),
        is_hidden=subscription.status == "suspended",
        form=form or WakeDayForm(formdata=None, obj=subscription),
        tier_name=wording.tier_name(subscription.tier_code),
        wakes_on=subscription.wakes_on,
        fee=asleep,
        month_awake=awake,
        may_pay=may("billing:pay"),
        pending_url=under_way.address(subscription),
    )


def _months(subscription: Subscription, customer: Customer, now: datetime) -> tuple[Money | None, Money | None]:
    """Return what a month asleep costs, and one awake; nothing where they cannot be converted for now."""
    try:
        return wake_days.month_asleep(subscription, customer, now), wake_days.month_awake(subscription, customer, now)
    except RatesStale:
        return None, None


def _is_owing(subscription: Subscription) -> bool:
    """Whether what is owed is paid before it may sleep or wake; to sleep costs less, which may be done before."""
    is_late = subscription.status == "past_due" and subscription.mode == "hibernating"
    return is_late or subscription.status == "suspended"


def _address(business: Business) -> str:
    return url_for("hibernation.show", business=business.public_id)


def _to(business: Business, quote: Quote) -> Any:
    return redirect(url_for("plan.show_quote", business=business.public_id, quote_id=quote.public_id), 303)
