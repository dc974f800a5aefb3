"""The operators' log-in: address, password and a code of the second factor, judged together."""

from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from portal.console import access
from portal.console.access import public, requires, writes
from portal.console.forms import DeskForm
from portal.identity import operators, registration, sign_in, throttle
from portal.identity.errors import WrongSecondFactor
from portal.identity.passwords import MAX_LENGTH
from portal.identity.sign_in import Kind
from portal.kit import clock, config, edge
from portal.kit.errors import Invalid
from portal.kit.rate_limit import limiter

bp = Blueprint("console_sign_in", __name__)
_NEEDED = InputRequired(_("Fill this in."))


class LogInForm(DeskForm):
    """Address, password and a code; which of them was wrong is never told."""

    email = StringField(_("E-mail address"), [_NEEDED, Length(max=254)])
    password = PasswordField(_("Password"), [_NEEDED, Length(max=MAX_LENGTH)])
    code = StringField(
        _("Code"), [_NEEDED, Length(max=40)], description=_("From your authenticator app, or a recovery code.")
    )


@bp.get("/console/login")
@public
def show_log_in() -> str:
    """The form of logging in."""
    return _page(LogInForm(formdata=None))


@bp.post("/console/login")
@limiter.limit("10 per minute")
@public
@writes
def log_in() -> Any:
    """Log in with address, password and code."""
    form = LogInForm()
    if not form.validate():
        return _page(form), 422
    token = _try(form.data["email"], form.data["password"], form.data["code"])
    if token is None:
        form.form_errors.append(gettext(WrongSecondFactor().message))
        return _page(form), 422
    access.begin(token)
    return redirect("/console", 303)


@bp.post("/console/logout")
@requires("console:view")
@writes
def log_out() -> Any:
    """End the operator's log-in; a vendor's in the same browser stays."""
    token = access.end()
    if token is not None:
        sign_in.close_session(token, clock.wall())
    return redirect("/console/login", 303)


def _try(typed: str, password: str, code: str) -> str | None:
    """Return the token of a new log-in; a failure is counted and noted whatever becomes of this request."""
    try:
        email = registration.normal_email(typed)
    except Invalid:
        return None
    address, wall, secret_key = request.remote_addr or "", clock.wall(), config.current().secret_key
    edge.apart(lambda: throttle.count_attempt(email, address, wall))
    user = operators.check(email, password, code, secret_key, wall)
    if user is None:
        edge.apart(lambda: sign_in.record_failure(email, Kind.CONSOLE, address, edge.now()))
        return None
    throttle.forgive(email, address, wall)
    return sign_in.open_session(user, Kind.CONSOLE, edge.now(), wall, has_second_factor=True)


def _page(form: LogInForm) -> str:
    form.code.data = ""  # a code, above all one for recovery, is as good as a key and never shown again
    return render_template("console/sign_in/log_in.html", form=form)
