"""Registering a business, its profile and logo, and choosing among one's businesses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, current_app, flash, redirect, render_template
from flask_babel import gettext

from portal.billing import relocation
from portal.directory import businesses, uploads, visibility
from portal.identity import queries
from portal.kit import edge
from portal.kit.errors import Invalid
from portal.kit.rate_limit import limiter
from portal.web import access
from portal.web.access import USE_ACCOUNT, requires, writes, writes_once
from portal.web.forms import choices
from portal.web.forms.businesses import LogoForm, ProfileForm, RegisterBusinessForm, TimeZoneForm

if TYPE_CHECKING:
    from portal.directory.models import Business

bp = Blueprint("businesses", __name__)


@bp.get("/businesses")
@requires(USE_ACCOUNT)
def show_all() -> str:
    """The businesses whose team one belongs to."""
    memberships = queries.list_memberships(access.person().id)
    roles = {membership.business_id: membership.role for membership in memberships}
    found = businesses.list_by_ids(roles.keys())
    statuses = visibility.statuses(roles.keys())
    return render_template("web/businesses/list.html", businesses=found, roles=roles, statuses=statuses)


@bp.get("/businesses/new")
@requires(USE_ACCOUNT)
def show_new() -> str:
    """The form of registering a business."""
    return render_template("web/businesses/new.html", form=RegisterBusinessForm())


@bp.post("/businesses/new")
@limiter.limit("20 per minute")
@requires(USE_ACCOUNT)
@writes_once
def register() -> Any:
    """Register a business and go on to its main branch."""
    form = RegisterBusinessForm()
    if not form.validate():
        return render_template("web/businesses/new.html", form=form), 422
    try:
        business = businesses.register(access.person().id, now=edge.now(), **form.registration())
    except Invalid as refused:
        form.refuse(refused)
        return render_template("web/businesses/new.html", form=form), refused.status
    flash(gettext("%(name)s is registered. Where do people find you?", name=business.name), "success")
    return redirect(f"/businesses/{business.public_id}/branches/new", 303)


@bp.get("/business")
@requires("business:view")
def show_current(business: Business) -> Any:
    """The profile of the business last opened, at its own address."""
    return redirect(_address(business))


@bp.get("/businesses/<business>/profile")
@requires("business:view")
def show_profile(business: Business) -> str:
    """The profile and logo."""
    return _page(business)


@bp.post("/businesses/<business>/profile")
@requires("business:edit")
@writes
def change_profile(business: Business) -> Any:
    """Replace the profile."""
    form = ProfileForm()
    if not form.validate():
        return _page(business, form), 422
    businesses.change_profile(business, form.profile())
    flash(gettext("The profile is saved."), "success")
    return redirect(_address(business), 303)


@bp.post("/businesses/<business>/time-zone")
@requires("business:edit")
@writes
def move(business: Business) -> Any:
    """Live in another time zone."""
    form = TimeZoneForm()
    if not form.validate():
        return _page(business, zone_form=form), 422
    relocation.move(business, form.time_zone.data, access.user(), edge.now())
    flash(gettext("The time zone is saved."), "success")
    return redirect(_address(business), 303)


@bp.post("/businesses/<business>/logo")
@limiter.limit("30 per minute")
@requires("business:edit")
@writes
def change_logo(business: Business) -> Any:
    """Take a picture as the logo."""
    form = LogoForm()
    try:
        if form.validate():
            businesses.set_logo(business, uploads.store_logo(form.picture.content(), current_app.config["UPLOADS"]))
            flash(gettext("The logo is saved."), "success")
            return redirect(_address(business), 303)
    except Invalid as refused:
        form.refuse(refused)
    return _page(business, logo_form=form), 422


@bp.post("/businesses/<business>/logo/remove")
@requires("business:edit")
@writes
def remove_logo(business: Business) -> Any:
    """Show no logo."""
    businesses.set_logo(business, None)
    flash(gettext("The logo is removed."), "success")
    return redirect(_address(business), 303)


def _address(business: Business) -> str:
    return f"/businesses/{business.public_id}/profile"


def _page(
    business: Business,
    form: ProfileForm | None = None,
    *,
    zone_form: TimeZoneForm | None = None,
    logo_form: LogoForm | None = None,
) -> str:
    """Return the page with a form as it was sent, and the others as they are."""
    return render_template(
        "web/businesses/profile.html",
        business=business,
        form=form or ProfileForm(formdata=None, obj=business),
        zone_form=zone_form or TimeZoneForm(formdata=None, obj=business),
        logo_form=logo_form or LogoForm(formdata=None),
        category_name=choices.category_name(business.category),
        country_name=choices.country_name(business.country),
    )
