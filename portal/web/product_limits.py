"""More products than the tier holds: what is shown of that, choosing what to hide, and what may happen by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, ngettext

from portal.billing import product_limits
from portal.billing.overage import AHEAD, CALM
from portal.billing.overage_standing import find_overage, limit_of
from portal.catalogue.errors import UnknownOffer
from portal.directory import products, visibility
from portal.kit import edge, sent_fields
from portal.kit.pagination import page_number
from portal.kit.rate_limit import limiter
from portal.web import wording
from portal.web.access import requires, writes
from portal.web.forms.product_limits import FitForm

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from portal.billing.overage_standing import Overage
    from portal.directory.models import Business
    from portal.kit.money import Money

bp = Blueprint("product_limits", __name__, url_prefix="/businesses/<business>")
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ShownOverage:
    """A grace as its pages show it: ``state`` is ``running``, ``near`` (the last three days), ``calm`` (under the limit
    for now), ``resting`` or ``hidden``; ``left`` is how long it takes, in words.

    ``stops_at`` is when it stops should it stay calm: until a worker has counted, which begins that, as if one had now.
    """

    state: str
    count: int
    limit: int | None
    ends_at: datetime
    stops_at: datetime
    left: str
    can_grow: bool
    can_upgrade: bool
    """Whether the tier that fits can be had at once: what is owed is paid first."""
    tier_code: str | None
    tier_name: str | None
    today: Money | None
    at_end: Money | None
    carried: Money | None


def shown_overage(business: Business, now: datetime) -> ShownOverage | None:
    """Return the grace of a business as its pages show it; None while none is open."""
    found = find_overage(business, now)
    if found is None:
        return None
    out = found.offer
    return ShownOverage(
        state=_state(found, now),
        count=found.count,
        limit=found.limit,
        ends_at=found.ends_at,
        stops_at=found.stops_at or now + CALM,
        left=_in_words(found.ends_at - now),
        can_grow=found.can_grow,
        can_upgrade=found.is_paid_for,
        tier_code=out.tier_code if out else None,
        tier_name=wording.tier_name(out.tier_code) if out else None,
        today=out.today if out else None,
        at_end=out.at_end if out else None,
        carried=out.carried if out and out.carried else None,
    )


def _state(found: Overage, now: datetime) -> str:
    if found.is_resting:
        return "resting"
    if not found.is_over:
        return "calm"
    if found.is_hidden:
        return "hidden"
    return "near" if now >= found.ends_at - AHEAD else "running"


def _in_words(left: timedelta) -> str:
    """Return days, to the nearest, or whole hours of the last two, never below none."""
    hours = max(0, left // _HOUR)
    if hours >= 48:
        return ngettext("%(num)s day", "%(num)s days", (hours + 12) // 24)
    return ngettext("%(num)s hour", "%(num)s hours", hours)


@bp.get("/products/fit")
@requires("products:edit")
def show_fit(business: Business) -> str:
    """The products that are shown, the newest first, to choose among them what to hide."""
    return _fit_page(business, request.args.get("tier", ""), FitForm(formdata=None))


@bp.post("/products/fit")
@requires("products:edit")
@writes
def hide(business: Business) -> Any:
    """Hide the products that were ticked."""
    form = FitForm()
    if not form.validate():
        return _fit_page(business, form.tier.data or "", form), 422
    products.hide(business.id, form.product.data, edge.now())
    flash(gettext("They are hidden until you show them again."), "success")
    return redirect(_address(business, form.tier.data), 303)


@bp.post("/products/fit/newest")
@requires("products:edit")
@writes
def hide_newest(business: Business) -> Any:
    """Hide the newest products, as many as are too many."""
    tier = sent_fields.one("tier")
    limit = _limit(business, tier)
    if limit is not None:
        products.hide_newest(business.id, limit, edge.now())
        flash(gettext("The newest are hidden until you show them again."), "success")
    return redirect(_address(business, tier), 303)


@bp.post("/plan/limit")
@limiter.limit("30 per minute")
@requires("methods:manage")
@writes
def choose(business: Business) -> Response:
    """Choose what may happen to the tier by itself."""
    can_grow, can_shrink = bool(sent_fields.one("can_grow")), bool(sent_fields.one("can_shrink"))
    product_limits.choose(business.id, can_grow=can_grow, can_shrink=can_shrink, now=edge.now())
    flash(gettext("Your choice is saved."), "success")
    return redirect(f"/businesses/{business.public_id}/plan", 303)


def _address(business: Business, tier: str) -> str:
    return url_for(".show_fit", business=business.public_id, tier=tier or None)


def _limit(business: Business, tier: str) -> int | None:
    """Return how many products fit: into a tier, else into what the business has; None for any number."""
    if not tier:
        found = visibility.find_entitlement(business.id)
        return found.product_limit if found else None
    return limit_of(business.id, tier, edge.now())


def _fit_page(business: Business, tier: str, form: FitForm) -> str:
    try:
        limit = _limit(business, tier)
    except UnknownOffer:
        tier, limit = "", _limit(business, "")
    page = products.list_newest_page(business, page_number(request.args.get("page")))
    return render_template(
        "web/products/fit.html",
        business=business,
        form=form,
        page=page,
        limit=limit,
        tier=tier,
        tier_name=wording.tier_name(tier) if tier else None,
        excess=max(0, business.product_count - limit) if limit is not None else 0,
        page_url=lambda number: url_for(".show_fit", business=business.public_id, tier=tier or None, page=number),
    )
