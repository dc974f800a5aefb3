"""Ways to pay: the cards of a business that are charged without asking. A card is typed at the provider's page only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext

from portal.billing import dunning
from portal.invoicing import customers
from portal.kit import edge
from portal.kit.errors import N_
from portal.kit.rate_limit import limiter
from portal.payments import methods
from portal.payments.errors import MethodNotStored, TooManyMethods
from portal.web.access import requires, writes, writes_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from portal.directory.models import Business
    from portal.payments.models import PaymentMethod

bp = Blueprint("methods", __name__, url_prefix="/businesses/<business>/methods")
BRANDS = {"visa": "Visa", "mastercard": "Mastercard", "amex": "American Express", "unionpay": "UnionPay", "jcb": "JCB"}

_TRIED = N_("%(card)s is charged from now on, and at once for what is overdue. You are told if it is refused.")


@bp.get("")
@requires("methods:manage")
def show(business: Business) -> str:
    """The stored cards, and the way to store another."""
    return _list_page(business)


@bp.post("")
@limiter.limit("20 per minute")
@requires("methods:manage")
@writes_once
def add(business: Business) -> Any:
    """Ask for the page on which a card is stored."""
    now = edge.now()
    try:
        begun = methods.begin(customers.of_business(business, now).id, now)
    except TooManyMethods as refused:
        return _list_page(business, gettext(refused.message)), refused.status
    return redirect(_address(business, begun), 303)


@bp.get("/<method>")
@requires("methods:manage")
def show_one(business: Business, method: str) -> str:
    """How far the storing of a card is, and what can be done with one that is stored."""
    return render_template("web/methods/method.html", **_state(business, _get(business, method)))


@bp.get("/<method>/_state")
@requires("methods:manage")
def show_state(business: Business, method: str) -> str:
    """The state alone; it asks for itself until the card is stored or its page has ended."""
    return render_template("web/methods/_state.html", **_state(business, _get(business, method)))


@bp.post("/<method>/default")
@requires("methods:manage")
@writes
def make_default(business: Business, method: str) -> Any:
    """Have this card be charged from now on, and for what is overdue at once."""

    def choose(owner: UUID) -> tuple[PaymentMethod, str]:
        chosen = methods.make_default(owner, method)
        is_tried = dunning.try_new_card(owner, edge.now())
        return chosen, _TRIED if is_tried else N_("%(card)s is charged from now on.")

    return _changed(business, choose)


@bp.post("/<method>/remove")
@requires("methods:manage")
@writes
def remove(business: Business, method: str) -> Any:
    """Drop a card; the newest other one takes its place."""
    return _changed(business, lambda owner: (methods.remove(owner, method, edge.now()), N_("%(card)s is removed.")))


def card_name(method: PaymentMethod) -> str:
    """Return what its holder knows a stored card by, such as "Visa •••• 4242"."""
    brand = BRANDS.get(method.brand or "", gettext("Card"))
    return f"{brand} •••• {method.last4}"


def _changed(business: Business, change: Callable[[UUID], tuple[PaymentMethod, str]]) -> Any:
    """Change one of a business's cards and say what became of it, or show the cards again with what is against it."""
    try:
        card, said = change(customers.get_of_business(business.id).id)
    except MethodNotStored as refused:
        return _list_page(business, gettext(refused.message)), refused.status
    flash(gettext(said, card=card_name(card)), "success")
    return redirect(url_for(".show", business=business.public_id), 303)


def _get(business: Business, public_id: str) -> PaymentMethod:
    return methods.get(customers.get_of_business(business.id).id, public_id)


def _address(business: Business, method: PaymentMethod) -> str:
    return url_for(".show_one", business=business.public_id, method=method.public_id)


def _state(business: Business, found: PaymentMethod) -> dict[str, Any]:
    return {"business": business, "method": found, "address": _address(business, found), "card_name": card_name}


def _list_page(business: Business, refused: str | None = None) -> str:
    customer = customers.find_of_business(business.id)
    found = methods.list_shown(customer.id) if customer else []
    return render_template(
        "web/methods/list.html",
        business=business,
        stored=[method for method in found if method.status == "active"],
        under_way=next((method for method in found if method.status != "active"), None),
        is_offered=methods.is_offered(),
        refused=refused,
        card_name=card_name,
    )
