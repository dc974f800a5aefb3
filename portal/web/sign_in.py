"""Logging in and out, and a new password by mail. No answer tells whether an account exists."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask_babel import gettext

from portal.identity import links, password_change, registration, sign_in, throttle
from portal.identity.errors import LinkExpired, WrongCredentials
from portal.identity.links import Purpose
from portal.identity.sign_in import Kind
from portal.kit import clock, edge
from portal.kit.errors import Invalid
from portal.kit.rate_limit import limiter
from portal.web import access
from portal.web.access import public, writes, writes_once
from portal.web.forms.sign_in import ForgotForm, LogInForm, ResetForm

bp = Blueprint("sign_in", __name__)


@bp.get("/login")
@public
def show_log_in() -> Any:
    """The form of logging in; whoever is logged in goes on."""
    wanted = access.local_path(request.args.get("next"))
    if access.current_user() is not None:
        return redirect(wanted or "/dashboard")
    return _log_in_page(LogInForm(formdata=None, next=wanted or ""))


@bp.post("/login")
@limiter.limit("30 per minute")
@public
@writes
def log_in() -> Any:
    """Log in with address and password."""
    form = LogInForm()
    if not form.validate():
        return _log_in_page(form), 422
    token = _try_password(form.data["email"], form.data["password"])
    if token is None:
        form.refuse(WrongCredentials())
        return _log_in_page(form), 422
    access.begin(token)
    return redirect(access.local_path(form.next.data) or "/dashboard", 303)


def _try_password(typed: str, password: str) -> str | None:
    """Return the token of a new log-in; a failure is counted and noted whatever becomes of this request."""
    email, address, wall = registration.normal_email(typed), request.remote_addr or "", clock.wall()
    edge.apart(lambda: throttle.count_attempt(email, address, wall))
    user = sign_in.check_password(email, password)
    if user is None:
        edge.apart(lambda: sign_in.record_failure(email, Kind.VENDOR, address, edge.now()))
        return None
    throttle.forgive(email, address, wall)
    return sign_in.open_session(user, Kind.VENDOR, edge.now(), wall)


@bp.post("/logout")
@public
@writes
def log_out() -> Any:
    """End the log-in, here and in the database; without one there is nothing to do."""
    token = access.end()
    if token is not None:
        sign_in.close_session(token, clock.wall())
    return redirect("/", 303)


@bp.get("/forgot")
@public
def show_forgot() -> str:
    """The form that asks for a link to a new password."""
    return render_template("web/sign_in/forgot.html", form=ForgotForm(formdata=None))


@bp.post("/forgot")
@limiter.limit("10 per minute")
@public
@writes
def forgot() -> Any:
    """Ask for the mail; the answer is the same where there is no account."""
    form = ForgotForm()
    if not form.validate():
        return render_template("web/sign_in/forgot.html", form=form), 422
    password_change.want_reset(form.data["email"], edge.now())
    return redirect("/forgot/sent", 303)


@bp.get("/forgot/sent")
@public
def show_sent() -> str:
    """What to do next: read the mail."""
    return render_template("web/sign_in/sent.html")


@bp.get("/reset/<token>")
@limiter.limit("60 per minute")
@public
def show_reset(token: str) -> str:
    """The form for a new password, as long as the link is good."""
    return _reset_page(ResetForm(formdata=None), token)


@bp.post("/reset/<token>")
@limiter.limit("30 per minute")
@public
@writes_once
def reset(token: str) -> Any:
    """Set the new password and end every log-in, also this browser's."""
    form = ResetForm()
    if not form.validate():
        return _reset_page(form, token), 422
    try:
        password_change.reset(token, form.data["password"], edge.now(), clock.wall())
    except Invalid as refused:
        form.refuse(refused)
        return _reset_page(form, token), 422
    access.end()
    flash(gettext("Your new password is set. Please log in with it."), "success")
    return redirect("/login", 303)


def _log_in_page(form: LogInForm) -> str:
    register = access.with_next("/register", form.next.data)
    return render_template("web/sign_in/log_in.html", form=form, register=register)


def _reset_page(form: ResetForm, token: str) -> str:
    holder = links.find_holder(token, Purpose.RESET_PASSWORD, clock.wall())
    if holder is None:
        raise LinkExpired
    return render_template("web/sign_in/reset.html", form=form, email=holder.email)
