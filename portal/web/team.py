"""The team of a business: who belongs to it, invitations, roles. The last owner stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, flash, redirect, render_template, session
from flask_babel import gettext

from portal.directory import businesses
from portal.identity import queries, team
from portal.identity.errors import AlreadyMember, LastOwner, LinkExpired
from portal.identity.permissions import Role
from portal.kit import clock, edge
from portal.kit.errors import Invalid
from portal.kit.rate_limit import limiter
from portal.web import access
from portal.web.access import USE_ACCOUNT, public, requires, writes, writes_once
from portal.web.forms.team import InviteForm, RoleForm

if TYPE_CHECKING:
    from portal.directory.models import Business
    from portal.identity.models import TeamMember

bp = Blueprint("team", __name__)


@bp.get("/team")
@requires("business:view")
def show_current(business: Business) -> Any:
    """The team of the business last opened, at its own address."""
    return redirect(_address(business))


@bp.get("/businesses/<business>/team")
@requires("business:view")
def show(business: Business) -> str:
    """Who belongs to the team; owners also see whom they invited."""
    return _page(business, InviteForm(formdata=None))


@bp.post("/businesses/<business>/team")
@limiter.limit("30 per minute")
@requires("team:manage")
@writes_once
def invite(business: Business) -> Any:
    """Invite somebody by mail."""
    form = InviteForm()
    if not form.validate():
        return _page(business, form), 422
    email, role, may_spend = form.data["email"], Role(form.data["role"]), form.data["may_spend"]
    try:
        team.invite(business.id, business.name, email, role, may_spend, access.user(), edge.now())
    except (Invalid, AlreadyMember) as refused:
        form.refuse(refused)
        return _page(business, form), refused.status
    flash(gettext("The invitation to %(email)s is on its way.", email=email), "success")
    return redirect(_address(business), 303)


@bp.post("/businesses/<business>/team/invitations/<invitation>/withdraw")
@requires("team:manage")
@writes
def withdraw(business: Business, invitation: str) -> Any:
    """Take an invitation back; its link is dead at once."""
    team.withdraw(business.id, invitation, access.user(), edge.now())
    flash(gettext("The invitation is withdrawn."), "success")
    return redirect(_address(business), 303)


@bp.get("/businesses/<business>/team/<member>")
@requires("team:manage")
def show_member(business: Business, member: str) -> str:
    """What a member may do, and the forms to change it."""
    found = queries.get_member(business.id, member)
    return _member_page(business, found, RoleForm(formdata=None, obj=found))


@bp.post("/businesses/<business>/team/<member>")
@requires("team:manage")
@writes
def change_role(business: Business, member: str) -> Any:
    """Give a member another role."""
    form, found = RoleForm(), queries.get_member(business.id, member)
    if not form.validate():
        return _member_page(business, found, form), 422
    try:
        team.change_role(found, Role(form.data["role"]), form.data["may_spend"], access.user(), edge.now())
    except LastOwner as refused:
        form.refuse(refused)
        return _member_page(business, found, form), refused.status
    flash(gettext("The role is changed."), "success")
    return redirect(_address(business), 303)


@bp.post("/businesses/<business>/team/<member>/remove")
@requires("team:manage")
@writes_once
def remove(business: Business, member: str) -> Any:
    """Take somebody out of the team."""
    found = queries.get_member(business.id, member)
    team.remove(found, access.user(), edge.now())
    flash(gettext("%(name)s is no longer in the team.", name=found.user.name), "success")
    return redirect("/dashboard" if found.id == access.member().id else _address(business), 303)


@bp.get("/invitations/<token>")
@limiter.limit("60 per minute")
@public
def show_invitation(token: str) -> str:
    """What one is invited to, and the next step: log in, register or accept."""
    invitation = queries.find_invitation(token, clock.wall())
    if invitation is None:
        raise LinkExpired
    return render_template("web/team/invitation.html", invitation=invitation, token=token, person=access.current_user())


@bp.post("/invitations/<token>")
@limiter.limit("60 per minute")
@requires(USE_ACCOUNT)
@writes_once
def accept(token: str) -> Any:
    """Join the team that the link invites to."""
    joined = team.accept(token, access.user(), edge.now(), clock.wall())
    business = businesses.get(joined.business_id)
    session["business"] = business.public_id
    flash(gettext("Welcome to the team of %(name)s.", name=business.name), "success")
    return redirect("/dashboard", 303)


def _address(business: Business) -> str:
    return f"/businesses/{business.public_id}/team"


def _page(business: Business, form: InviteForm) -> str:
    is_owner = access.may("team:manage")
    return render_template(
        "web/team/page.html",
        form=form,
        business=business,
        members=queries.list_members(business.id),
        invitations=queries.list_open_invitations(business.id) if is_owner else [],
        own=access.member(),
    )


def _member_page(business: Business, found: TeamMember, form: RoleForm) -> str:
    return render_template("web/team/member.html", business=business, member=found, form=form)
