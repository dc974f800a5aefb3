"""Choosing a plan: compare the tiers, see the quote with every line explained, confirm it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.billing import checkout, queries, quotes, subscriptions
from portal.billing.checkout import METHOD
from portal.billing.errors import QuoteChanged
from portal.catalogue import price_book
from portal.directory import branches
from portal.invoicing import customers
from portal.invoicing.line_words import ShownLine
from portal.kit import edge, sent_fields
from portal.kit.money import Money
from portal.kit.rate_limit import limiter
from portal.payments import sessions
from portal.web import home, wording
from portal.web.access import may, requires, writes, writes_once

if TYPE_CHECKING:
    from portal.directory.models import Business

bp = Blueprint("plan", __name__, url_prefix="/businesses/<business>/plan")


@dataclass(frozen=True, slots=True)
class ShownQuote:
    """A quote as its page shows it."""

    public_id: str
    tier_name: str
    period_start: date
    period_end: date
    lines: list[ShownLine]
    total: Money
    credit_used: Money | None
    due: Money
    collected: Money | None
    rate: str | None
    rate_on: date | None
    next_amount: Money
    next_on: date


@bp.get("")
@requires("billing:view")
def compare(business: Business) -> str:
    """Show the tiers beside each other."""
    customer = customers.find_of_business(business.id)
    subscription = queries.find_live(customer.id) if customer else None
    live = sessions.live_of_subscription(subscription.id) if subscription else None
    is_running = subscription is not None and subscription.status != "incomplete"
    shown = price_book.edition()
    branch = price_book.get_price(shown.version_id, price_book.BRANCH)
    return render_template(
        "web/plan/compare.html",
        business=business,
        tiers=home.current_tiers(shown),
        current_code=subscription.tier_code if subscription and is_running else "",
        is_running=is_running,
        product_count=business.product_count,
        extra_branches=branches.count_extra(business.id),
        branch_price=Money(branch.amount, branch.currency),
        may_change=may("billing:pay"),
        pending_url=url_for("pay.show", session=live.public_id) if live else None,
    )


@bp.post("/quote")
@limiter.limit("30 per minute")
@requires("billing:pay")
@writes_once
def make_quote(business: Business) -> Response:
    """Choose a tier and store its quote."""
    now = edge.now()
    tier = sent_fields.one("tier")
    quote = checkout.quote_start(customers.of_business(business, now), tier, METHOD, now)
    return redirect(url_for(".show_quote", business=business.public_id, quote_id=quote.public_id), 303)


@bp.get("/quote/<quote_id>")
@requires("billing:view")
def show_quote(business: Business, quote_id: str) -> str:
    """Show a quote with the derivation of each line."""
    customer, quote = quotes.get_of_business(business.id, quote_id)
    settlement = quote.terms["settlement"]
    period = subscriptions.first_period(customer.time_zone, quote.quoted_on)
    is_converted = settlement["rate"] is not None
    lines = quotes.lines_of(quote)
    shown = ShownQuote(
        public_id=quote.public_id,
        tier_name=wording.tier_name(lines[0].code),
        period_start=period.starts_on,
        period_end=period.last_day,
        lines=[wording.shown_line(line.code, line.quantity, line.unit, line.amount, line.derivation) for line in lines],
        total=quote.total,
        credit_used=quote.credit if quote.credit else None,
        due=quote.due,
        collected=Money(settlement["amount"], settlement["currency"]) if is_converted else None,
        rate=settlement["rate"],
        rate_on=date.fromisoformat(settlement["rate_on"]) if is_converted else None,
        next_amount=quote.total,
        next_on=period.ends_on,
    )
    return render_template(
        "web/plan/quote.html",
        business=business,
        quote=shown,
        may_pay=may("billing:pay"),
        has_moved="moved" in request.args,
    )


@bp.post("/quote/<quote_id>/confirm")
@limiter.limit("30 per minute")
@requires("billing:pay")
@writes
def confirm(business: Business, quote_id: str) -> Response:
    """Charge exactly what the quote says, or show the new quote instead."""
    now = edge.now()
    customer, quote = quotes.get_of_business(business.id, quote_id)
    try:
        session = checkout.start_payment(customer, quote, METHOD, now)
    except QuoteChanged:
        fresh = checkout.renew_quote(customer, quote, METHOD, now)
        return redirect(url_for(".show_quote", business=business.public_id, quote_id=fresh.public_id, moved=1), 303)
    if session is None:
        return redirect(url_for("history.show"), 303)
    return redirect(url_for("pay.show", session=session.public_id), 303)
