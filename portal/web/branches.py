"""The branches of a business: add, edit, remove, and which is the main one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, redirect, render_template
from flask_babel import gettext

from portal.billing import subscriptions
from portal.directory import branches
from portal.directory.errors import MainBranchStays, TooManyBranches
from portal.invoicing import customers
from portal.kit import edge
from portal.kit.errors import Invalid
from portal.web.access import requires, writes, writes_once
from portal.web.forms import choices
from portal.web.forms.branches import BranchForm

if TYPE_CHECKING:
    from portal.directory.models import Branch, Business

bp = Blueprint("branches", __name__)


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
            branch = branches.add(business.id, now=edge.now(), **form.details())
            flash(_added(branch), "success")
            return redirect(_address(business), 303)
    except (Invalid, TooManyBranches) as refused:
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
    subscriptions.refuse_while_paying(customers.find_of_business(business.id))
    branches.make_main(found)
    flash(gettext("%(name)s is the main branch now.", name=found.name), "success")
    return redirect(_address(business), 303)


@bp.post("/businesses/<business>/branches/<branch>/remove")
@requires("branches:edit")
@writes_once
def remove(business: Business, branch: str) -> Any:
    """Take a branch out of the listing."""
    found = branches.get(business.id, branch)
    subscriptions.refuse_while_paying(customers.find_of_business(business.id))
    try:
        branches.remove(found, edge.now())
    except MainBranchStays as refused:
        return _list_page(business, refused=gettext(refused.message)), refused.status
    flash(gettext("%(name)s is removed.", name=found.name), "success")
    return redirect(_address(business), 303)


def _added(branch: Branch) -> str:
    if branch.is_main:
        return gettext("%(name)s is your main branch; it is included in every tier.", name=branch.name)
    return gettext("%(name)s is added and shown once it is paid.", name=branch.name)


def _address(business: Business) -> str:
    return f"/businesses/{business.public_id}/branches"


def _list_page(business: Business, refused: str | None = None) -> str:
    found = branches.list_live(business.id)
    names = {branch.country: choices.country_name(branch.country) for branch in found}
    return render_template(
        "web/branches/list.html", business=business, branches=found, country_names=names, refused=refused
    )


def _form_page(business: Business, branch: Branch | None, form: BranchForm) -> str:
    is_first = branch is None and not branches.list_live(business.id)
    return render_template("web/branches/edit.html", business=business, branch=branch, form=form, is_first=is_first)
