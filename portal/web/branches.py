"""The branches of a business: add, edit, remove, and which is the main one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext

from portal.billing import branch_batches, checkout, queries, quotes, ways
from portal.billing.errors import PayFirst
from portal.directory import branches
from portal.directory.errors import MainBranchStays, TooManyBranches
from portal.invoicing import customers
from portal.kit import edge
from portal.kit.errors import Conflict, Invalid, Unavailable
from portal.kit.money import Money
from portal.kit.rate_limit import limiter
from portal.web import under_way, wording
from portal.web.access import may, requires, writes, writes_once
from portal.web.forms import choices
from portal.web.forms.branches import BranchForm

if TYPE_CHECKING:
    from portal.billing.models import Subscription
    from portal.directory.models import Branch, Business
    from portal.invoicing.line_words import ShownLine
    from portal.invoicing.models import Customer

bp = Blueprint("branches", __name__)


@dataclass(frozen=True, slots=True)
class ShownBatch:
    """What settling the open batch would cost today, line by line; below zero it comes back."""

    lines: list[ShownLine]
    total: Money
    comes_back: Money | None


@bp.get("/branches")
@requires("business:view")
def show_current(business: Business) -> Any:
    """The branches of the business last opened, at their own address."""
    return redirect(_address(business))


@bp.get("/businesses/<business>/branches")
@requires("business:view")
def show(business: Business) -> str:
    """All branches, the main one first."""
    return _list_page(business)


@bp.get("/businesses/<business>/branches/new")
@requires("branches:edit")
def show_new(business: Business) -> str:
    """The form of a new branch."""
    return _form_page(business, None, BranchForm(data={"country": business.country}))


@bp.post("/businesses/<business>/branches/new")
@requires("branches:edit")
@writes_once
def add(business: Business) -> Any:
    """Add a branch; the first is the main one."""
    form = BranchForm()
    try:
        if form.validate():
            customer, may_spend = customers.find_of_business(business.id), may("billing:pay")
            branch = branch_batches.add(customer, business.id, edge.now(), may_spend=may_spend, **form.details())
            flash(_added(branch), "success")
            return redirect(_address(business), 303)
    except (Invalid, TooManyBranches, PayFirst) as refused:
        form.refuse(refused)
    return _form_page(business, None, form), 422


@bp.get("/businesses/<business>/branches/<branch>")
@requires("branches:edit")
def show_one(business: Business, branch: str) -> str:
    """The form of a branch."""
    found = branches.get(business.id, branch)
    return _form_page(business, found, BranchForm(obj=found))


@bp.post("/businesses/<business>/branches/<branch>")
@requires("branches:edit")
@writes
def change(business: Business, branch: str) -> Any:
    """Replace what is said of a branch."""
    form, found = BranchForm(), branches.get(business.id, branch)
    try:
        if form.validate():
            branches.change(found, **form.details())
            flash(gettext("%(name)s is saved.", name=found.name), "success")
            return redirect(_address(business), 303)
    except Invalid as refused:
        form.refuse(refused)
    return _form_page(business, found, form), 422


@bp.post("/businesses/<business>/branches/<branch>/main")
@requires("branches:edit")
@writes
def make_main(business: Business, branch: str) -> Any:
    """Make it the main branch."""
    found = branches.get(business.id, branch)
    branch_batches.make_main(customers.find_of_business(business.id), found, edge.now())
    flash(gettext("%(name)s is the main branch now.", name=found.name), "success")
    return redirect(_address(business), 303)


@bp.post("/businesses/<business>/branches/<branch>/remove")
@requires("branches:edit")
@writes_once
def remove(business: Business, branch: str) -> Any:
    """Take a branch out of the listing, with the next batch where it is paid for."""
    found = branches.get(business.id, branch)
    try:
        is_gone = branch_batches.remove(customers.find_of_business(business.id), found, edge.now())
    except MainBranchStays as refused:
        return _list_page(business, refused=gettext(refused.message)), refused.status
    said = gettext("%(name)s is removed.") if is_gone else gettext("%(name)s is removed when the day ends.")
    flash(said % {"name": found.name}, "success")
    return redirect(_address(business), 303)


@bp.post("/businesses/<business>/branches/<branch>/keep")
@requires("branches:edit")
@writes
def keep(business: Business, branch: str) -> Any:
    """Have a branch stay that was to go."""
    found = branches.get(business.id, branch)
    branch_batches.keep(customers.find_of_business(business.id), found)
    flash(gettext("%(name)s stays.", name=found.name), "success")
    return redirect(_address(business), 303)


@bp.post("/businesses/<business>/branches/<branch>/agree")
@requires("billing:pay")
@writes
def agree(business: Business, branch: str) -> Any:
    """Agree to pay for a branch that a manager added."""
    found = branches.get(business.id, branch)
    branch_batches.agree(customers.find_of_business(business.id), found, edge.now())
    flash(gettext("%(name)s is shown once it is paid.", name=found.name), "success")
    return redirect(_address(business), 303)


@bp.post("/businesses/<business>/branch-batch/settle")
@limiter.limit("30 per minute")
@requires("billing:pay")
@writes_once
def settle(business: Business) -> Any:
    """Store the quote of settling the open batch today, instead of at midnight."""
    now = edge.now()
    quote = checkout.quote_batch(customers.of_business(business, now), ways.WALLET, now)
    return redirect(url_for("plan.show_quote", business=business.public_id, quote_id=quote.public_id), 303)


def _added(branch: Branch) -> str:
    if branch.is_main:
        return gettext("%(name)s is your main branch; it is included in every tier.", name=branch.name)
    if branch.is_proposed:
        return gettext("%(name)s is added. The owner has to agree before it is paid and shown.", name=branch.name)
    return gettext("%(name)s is added and shown once it is paid.", name=branch.name)


def _address(business: Business) -> str:
    return f"/businesses/{business.public_id}/branches"


def _list_page(business: Business, refused: str | None = None) -> str:
    found = branches.list_live(business.id)
    customer = customers.find_of_business(business.id)
    subscription = queries.find_live(customer.id) if customer else None
    return render_template(
        "web/branches/list.html",
        business=business,
        branches=found,
        country_names={branch.country: choices.country_name(branch.country) for branch in found},
        batch=_batch(subscription, customer) if customer and subscription else None,
        stands=_stands(subscription),
        pending_url=under_way.address(subscription),
        refused=refused,
    )


def _stands(subscription: Subscription | None) -> str:
    """Return how the plan stands; what of it keeps a branch from being added is told first."""
    if subscription is None or subscription.status == "incomplete":
        return "new"
    if subscription.status == "active":
        return "asleep" if subscription.mode == "hibernating" else "running"
    return "hidden" if subscription.status == "suspended" else "overdue"


def _batch(subscription: Subscription, customer: Customer) -> ShownBatch | None:
    """Return the running quote of the open batch; None where there is nothing in it, or no price can be told now."""
    try:
        quote = branch_batches.preview(subscription, customer, customer.currency, edge.now())
    except (Conflict, Unavailable):
        return None
    lines = quotes.lines_of(quote)
    return ShownBatch(
        [wording.shown_line(line.code, line.quantity, line.unit, line.amount, line.derivation) for line in lines],
        quote.total,
        -quote.total if quote.total < Money.zero(quote.currency) else None,
    )


def _form_page(business: Business, branch: Branch | None, form: BranchForm) -> str:
    is_first = branch is None and not branches.list_live(business.id)
    return render_template("web/branches/edit.html", business=business, branch=branch, form=form, is_first=is_first)
