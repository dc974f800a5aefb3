"""Choosing a plan: compare the tiers, see the quote with every line explained, confirm it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.billing import arrears, checkout, outlook, queries, quotes, tier_fits, ways
from portal.billing.dunning_cases import list_overdue
from portal.billing.errors import QuoteChanged
from portal.billing.kinds import is_for_credit
from portal.billing.ways import WALLET
from portal.catalogue import price_book
from portal.directory import branches
from portal.invoicing import carried_account, credit_balance, customers
from portal.invoicing.line_words import ShownLine
from portal.kit import edge, sent_fields
from portal.kit.money import Money
from portal.kit.rate_limit import limiter
from portal.web import home, under_way, wording
from portal.web.access import may, requires, writes, writes_once
from portal.web.attention import Attention, turn
from portal.web.filters import money
from portal.web.forms.product_limits import LimitChoicesForm
from portal.web.methods import card_name
from portal.web.product_limits import shown_overage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from portal.billing.models import Quote, Subscription
    from portal.billing.outlook import Outlook
    from portal.directory.models import Business
    from portal.invoicing.models import Customer
    from portal.web.home import ShownTier

bp = Blueprint("plan", __name__, url_prefix="/businesses/<business>/plan")


@dataclass(frozen=True, slots=True)
class ShownQuote:
    """A quote as its page shows it."""

    public_id: str
    kind: str
    title: str
    period_start: date
    period_end: date | None
    lines: list[ShownLine]
    total: Money
    credit_used: Money | None
    arrears: list[tuple[str | None, Money]]
    """Each invoice's number, None for what was carried, and what is owed of it."""
    comes_back: Money | None
    is_owing: bool
    """Whether what comes back is taken off what is still owed first."""
    owed_first: Money | None
    """What money that is paid ahead pays first, where it is one of that."""
    due: Money
    collected: Money | None
    rate: str | None
    rate_on: date | None
    outlook: Outlook | None
    becomes: str | None
    """The tier that stays chosen for the period's end, by name."""
    wakes_on: date | None


@bp.get("")
@requires("billing:view")
def compare(business: Business) -> str:
    """Show the tiers beside each other, at the prices that this business pays or would pay."""
    customer, now = customers.find_of_business(business.id), edge.now()
    subscription = queries.find_live(customer.id) if customer else None
    running = subscription if subscription is not None and subscription.status != "incomplete" else None
    shown = price_book.edition()
    kept = running.price_version_id if running else None
    prices = price_book.get_prices(kept or shown.version_id, [price_book.BRANCH], now)
    tiers = [home.shown_tier(tier) for tier in price_book.list_tiers(kept, now)] if kept else home.current_tiers(shown)
    return render_template(
        "web/plan/compare.html",
        business=business,
        tiers=tiers,
        offered=offered(tiers, running),
        current_code=running.tier_code if running else "",
        is_running=running is not None,
        is_asleep=running is not None and running.mode == "hibernating",
        product_count=business.product_count,
        extra_branches=branches.count_extra(business.id),
        branch_price=prices[price_book.BRANCH],
        may_change=may("billing:pay"),
        pending_url=under_way.address(subscription),
        overdue=list_overdue(running),
        is_suspended=running is not None and running.status == "suspended",
        carried=carried_account.of(customer.id, customer.currency) if customer and running else None,
        overage=shown_overage(business, now),
        turn=_turn(business, running) if running else None,
        suggested=_suggested(business, tiers) if running else None,
        choices=LimitChoicesForm(formdata=None, obj=running) if running and may("methods:manage") else None,
    )


def _turn(business: Business, running: Subscription) -> Attention | None:
    """Return what was chosen for the end of the period, if anything was."""
    return turn(business, running.turns_on, running.pending_tier_code) if running.turns_on else None


def _suggested(business: Business, tiers: Sequence[ShownTier]) -> ShownTier | None:
    """Return the smallest tier that has held everything for a week, while nothing else is chosen."""
    codes = tier_fits.long_enough(business.id, edge.now())
    return next((tier for tier in tiers if tier.code in codes), None)


def offered(tiers: Sequence[ShownTier], running: Subscription | None) -> list[str]:
    """Return the codes of the tiers to choose: any to begin with, afterwards any other, or where it is not paid for any
    that costs less (product.md, *Changes*)."""
    if running is None:
        return [tier.code for tier in tiers]
    others = [tier for tier in tiers if tier.code != running.tier_code]
    if running.status == "active":
        return [tier.code for tier in others]
    held = next((tier.price for tier in tiers if tier.code == running.tier_code), None)
    return [tier.code for tier in others if held is not None and tier.price < held]


@bp.post("/quote")
@limiter.limit("30 per minute")
@requires("billing:pay")
@writes_once
def make_quote(business: Business) -> Response:
    """Choose a tier and store its quote."""
    now = edge.now()
    tier = sent_fields.one("tier")
    quote = checkout.quote_tier(customers.of_business(business, now), tier, WALLET, now)
    return redirect(url_for(".show_quote", business=business.public_id, quote_id=quote.public_id), 303)


@bp.post("/carried")
@limiter.limit("30 per minute")
@requires("billing:pay")
@writes
def make_carried_quote(business: Business) -> Response:
    """Store the quote of paying now what was carried to the next payment."""
    now = edge.now()
    quote = checkout.quote_carried_amount(customers.of_business(business, now), WALLET, now)
    return redirect(url_for(".show_quote", business=business.public_id, quote_id=quote.public_id), 303)


@bp.get("/quote/<quote_id>")
@requires("billing:view")
def show_quote(business: Business, quote_id: str) -> str:
    """Show a quote with the derivation of each line."""
    customer, quote = quotes.get_of_business(business.id, quote_id)
    return render_template(
        "web/plan/quote.html",
        business=business,
        quote=_shown(customer, quote, edge.now()),
        stored_card=_card(customer, quote) if may("billing:pay") else None,
        is_carried=ways.is_too_little(quote.to_pay),
        may_pay=may("billing:pay"),
        has_moved="moved" in request.args,
        too_many=_too_many(business, quote),
        tier=quote.terms.get("tier", ""),
    )


def _card(customer: Customer, quote: Quote) -> str | None:
    """Return what the card that can pay a quote is known by, if one can; what sells nothing cannot be carried."""
    if is_for_credit(quote.kind) and ways.is_too_little(quote.to_pay):
        return None
    card = ways.find_card(customer.id)
    return card_name(card) if card else None


def _arrears(quote: Quote) -> list[tuple[str | None, Money]]:
    """Return what is paid along with a quote."""
    return [(one.get("number"), Money(one["amount"], quote.currency)) for one in quote.terms.get("arrears", ())]


def _too_many(business: Business, quote: Quote) -> int:
    """Return how many products more there are than the tier of a change holds."""
    if "tier" not in quote.terms:
        return 0
    limit = price_book.get_tier(UUID(quote.terms["price_version"]), quote.terms["tier"], edge.now()).product_limit
    return 0 if limit is None else max(0, business.product_count - limit)


def _shown(customer: Customer, quote: Quote, now: datetime) -> ShownQuote:
    settlement, lines = quote.terms["settlement"], quotes.lines_of(quote)
    is_converted = settlement is not None and settlement["rate"] is not None
    after, comes_back = outlook.of(quote, customer, now), quote.total < Money.zero(quote.currency)
    return ShownQuote(
        public_id=quote.public_id,
        kind=quote.kind,
        title=_title(quote),
        period_start=quote.quoted_on,
        period_end=after.last_on if after else None,
        lines=[wording.shown_line(line.code, line.quantity, line.unit, line.amount, line.derivation) for line in lines],
        total=quote.total,
        credit_used=quote.credit if quote.credit else None,
        comes_back=-quote.total if comes_back else None,
        is_owing=comes_back and bool(arrears.of_invoices(customer.id)),
        owed_first=arrears.left_to_pay(customer.id, quote.currency) if quote.kind == quotes.PREPAYMENT else None,
        arrears=_arrears(quote),
        due=quote.to_pay,
        collected=Money(settlement["amount"], settlement["currency"]) if is_converted else None,
        rate=settlement["rate"] if is_converted else None,
        rate_on=date.fromisoformat(settlement["rate_on"]) if is_converted else None,
        outlook=after,
        becomes=wording.tier_name(after.becomes) if after and after.becomes else None,
        wakes_on=date.fromisoformat(quote.terms["wakes_on"]) if quote.terms.get("wakes_on") else None,
    )


def _title(quote: Quote) -> str:
    if quote.kind == quotes.HIBERNATION:
        return gettext("Hibernation for your business")
    if quote.kind == quotes.WAKING:
        return gettext("Your listing wakes")
    if quote.kind == quotes.PREPAYMENT:
        return gettext("Pay ahead")
    if quote.kind == quotes.CARRIED:
        return gettext("Carried from earlier invoices")
    if quote.kind == quotes.RESTORATION:
        sleeps_on = quotes.lines_of(quote)[0].code == price_book.HIBERNATION
        return gettext("Your plan comes back") if sleeps_on else gettext("Your listing comes back")
    if quote.kind == quotes.BATCH:
        return gettext("Your branches")
    return gettext("%(tier)s for your business", tier=wording.tier_name(quotes.lines_of(quote)[0].code))


@bp.post("/quote/<quote_id>/confirm")
@limiter.limit("30 per minute")
@requires("billing:pay")
@writes
def confirm(business: Business, quote_id: str) -> Response:
    """Charge exactly what the quote says, or show the new quote instead."""
    now = edge.now()
    customer, quote = quotes.get_of_business(business.id, quote_id)
    method = sent_fields.one("method") or WALLET
    before = credit_balance.of(customer.id, quote.currency)
    try:
        session = checkout.start_payment(customer, quote, method, now)
    except QuoteChanged:
        fresh = checkout.renew_quote(customer, quote, WALLET, now)
        return redirect(url_for(".show_quote", business=business.public_id, quote_id=fresh.public_id, moved=1), 303)
    if session is None:
        flash(_done(quote, credit_balance.of(customer.id, quote.currency) - before), "success")
        return redirect(url_for(_LEADS_TO.get(quote.kind, ".compare"), business=business.public_id), 303)
    return redirect(url_for("pay.show", session=session.public_id), 303)


_LEADS_TO = {
    quotes.BATCH: "branches.show",
    quotes.HIBERNATION: "hibernation.show",
    quotes.WAKING: "hibernation.show",
    quotes.PREPAYMENT: "prepayment.show",
}
"""The page that shows what came of a quote, where that is not the plan's."""


def _done(quote: Quote, gained: Money) -> str:
    """Return what happened to a quote that was confirmed without a payment; credit has ``gained`` so much by it."""
    if quote.due:
        return gettext("Done. It is added to your next payment.")
    if quote.credit:
        return gettext("Done. Your credit has paid %(amount)s.", amount=_text(quote.credit))
    back = -quote.total
    if not back:
        return gettext("Done. There was nothing to pay.")
    if gained >= back:
        return gettext("Done. %(amount)s has become your credit.", amount=_text(gained))
    if gained:
        credit, rest = _text(gained), _text(back - gained)
        return gettext(
            "Done. %(credit)s has become your credit, %(rest)s is off what you owe.", credit=credit, rest=rest
        )
    return gettext("Done. %(amount)s is off what you owe.", amount=_text(back))


def _text(amount: Money) -> str:
    return money(amount.amount, amount.currency)
