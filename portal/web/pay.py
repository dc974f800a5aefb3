"""The page behind a payment link: whoever holds it sees the code and how the payment stands, and may pay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from flask import Blueprint, g, redirect, render_template, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from portal.billing import dunning_cases
from portal.billing.kinds import is_for_credit
from portal.billing.queries import Shown, shown_of
from portal.directory import businesses
from portal.identity import permissions
from portal.identity.queries import find_member
from portal.invoicing import customers
from portal.kit import config, edge
from portal.kit.errors import NotFound
from portal.kit.money import Money
from portal.kit.rate_limit import limiter
from portal.payments import qr, sessions, transactions
from portal.payments.queries import attempt_of, get_session
from portal.payments.states import LIVE_SESSION
from portal.web import wording
from portal.web.access import current_user, public, writes, writes_once

if TYPE_CHECKING:
    from portal.directory.models import Business
    from portal.invoicing.models import Customer
    from portal.payments.models import MembershipTransaction, PaymentAttempt, PaymentSession

_IMPATIENCE = timedelta(seconds=10)
bp = Blueprint("pay", __name__, url_prefix="/pay/<session>")


@dataclass(frozen=True, slots=True)
class ShownPayment:
    """A session as its page shows it.

    ``disposition`` says what became of money that paid nothing, ``pause`` how long the page waits before it asks again,
    ``bank_url`` where a bank wants to see its cardholder, ``problem`` why a card was refused, and ``stays_hidden``
    whether a suspended plan is not brought back by this.
    """

    public_id: str
    state: str
    pause: str
    disposition: str | None
    order_id: str
    title: str
    seller_name: str
    provider_name: str
    amount: Money
    collected: Money | None
    rate: str | None
    rate_on: date | None
    qr_svg: Markup | None
    is_by_card: bool
    bank_url: str | None
    problem: str | None
    seconds_left: int
    expires_at: datetime
    paid_at: datetime | None
    can_extend: bool
    can_cancel: bool
    wallet_url: str | None
    again_url: str | None
    receipt_url: str | None
    home_url: str
    stays_hidden: bool


@bp.get("")
@public
@limiter.limit("120 per minute")
def show(session: str) -> str:
    """Show the code, the amount, the time left and the state."""
    return render_template("web/pay/page.html", payment=_shown(session))


@bp.get("/status")
@public
@limiter.limit("120 per minute")
def status(session: str) -> str:
    """The fragment that asks for itself until the state is final."""
    return render_template("web/pay/_status.html", payment=_shown(session))


@bp.post("/extend")
@limiter.limit("30 per minute")
@public
@writes_once
def extend(session: str) -> Response:
    """Give the payer more time on the same quote."""
    sessions.give_more_time(session, edge.now())
    return redirect(url_for(".show", session=session), 303)


@bp.post("/cancel")
@limiter.limit("30 per minute")
@public
@writes
def cancel(session: str) -> Response:
    """End the session; only who may pay for the business can: the link alone is not enough."""
    if not _may_pay(_business_of(customers.get(get_session(session).customer_id))):
        raise NotFound
    sessions.cancel(session, edge.now())
    return redirect(url_for(".show", session=session), 303)


def _business_of(customer: Customer) -> Business | None:
    return businesses.get(customer.business_id) if customer.business_id else None


def _may_pay(business: Business | None) -> bool:
    """Whether who is logged in pays for the business."""
    person = current_user()
    member = find_member(business.id, person.id) if person and business else None
    return member is not None and permissions.can(member.role, member.may_spend, "billing:pay")


def _shown(public_id: str) -> ShownPayment:
    session = get_session(public_id)
    customer = customers.get(session.customer_id)
    g.time_zone = customer.time_zone
    attempt = attempt_of(session.id)
    transaction = transactions.of_session(session.id)
    shown = _for_anyone(session, attempt, transaction, edge.now())
    business = _business_of(customer)
    return _for_member(session, business, transaction, shown) if business and _may_pay(business) else shown


def _for_anyone(
    session: PaymentSession, attempt: PaymentAttempt, transaction: MembershipTransaction, now: datetime
) -> ShownPayment:
    settings = config.current()
    is_by_card, code = session.method_id is not None, _code(session, attempt, now)
    scanned = None if is_by_card else code
    return ShownPayment(
        public_id=session.public_id,
        state=session.status,
        pause="500ms" if _is_about_to_show_its_code(session, now) else "2s",
        disposition=None if is_for_credit(transaction.type) else attempt.disposition,
        order_id=attempt.order_number,
        title=wording.type_title(transaction.type),
        seller_name=settings.seller.name,
        provider_name=wording.method_name(session.provider),
        amount=session.owed,
        collected=session.asked if session.rate is not None else None,
        rate=str(session.rate) if session.rate is not None else None,
        rate_on=session.rate_on,
        # The drawing is our own; the text in it is escaped by being a QR code.
        qr_svg=Markup(qr.svg(scanned)) if scanned else None,  # noqa: S704
        is_by_card=is_by_card,
        bank_url=code if is_by_card else None,
        problem=wording.decline_sentence(session.failure) if is_by_card and session.failure else None,
        seconds_left=max(0, int((session.expires_at - now).total_seconds())),
        expires_at=session.expires_at,
        paid_at=session.paid_at,
        can_extend=scanned is not None and session.expires_at < session.created_at + sessions.LONGEST,
        can_cancel=False,
        wallet_url=scanned if settings.is_sandbox else None,
        again_url=None,
        receipt_url=None,
        home_url=url_for("home.show"),
        stays_hidden=False,
    )


def _again_url(shown: Shown, business: Business) -> str:
    """Return where this can be paid anew: the page of its invoice, or of its quote while there is none."""
    if shown.invoice is not None:
        return url_for("receipts.show_invoice", business=business.public_id, invoice_id=shown.invoice)
    return url_for("plan.show_quote", business=business.public_id, quote_id=shown.quote)


def _code(session: PaymentSession, attempt: PaymentAttempt, now: datetime) -> str | None:
    """Return what leads a payer on, while it does."""
    return attempt.code_url if session.status == "open" and session.expires_at > now else None


def _is_about_to_show_its_code(session: PaymentSession, now: datetime) -> bool:
    """Whether the code is due any moment; where the provider is slow or away, pages wait at their usual pace."""
    return session.status == "created" and now - session.created_at < _IMPATIENCE


def _for_member(
    session: PaymentSession, business: Business, transaction: MembershipTransaction, shown: ShownPayment
) -> ShownPayment:
    """Add what only those see who pay for the business: cancelling, the way back to the quote, the receipt."""
    paid, is_live = shown_of(session.invoice_id), session.status in LIVE_SESSION
    stays_hidden = is_live and dunning_cases.find_hidden(session.invoice_id) is not None
    return replace(
        shown,
        can_cancel=is_live and not (shown.is_by_card and session.status == "created"),
        again_url=_again_url(paid, business),
        receipt_url=url_for(
            "receipts.show_transaction", business=business.public_id, transaction_id=transaction.public_id
        ),
        home_url=url_for("dashboard.show"),
        stays_hidden=stays_hidden,
    )
