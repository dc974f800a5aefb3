"""Registering and proving one's address. Whether an address was known before is told to its owner only, by mail."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request
from flask_babel import gettext

from portal.identity import links, registration
from portal.identity.errors import LinkExpired
from portal.identity.links import Purpose
from portal.kit import clock, edge
from portal.kit.errors import Invalid
from portal.kit.rate_limit import limiter
from portal.web import access
from portal.web.access import public, writes_once
from portal.web.forms.registration import RegisterForm

bp = Blueprint("registration", __name__)


@bp.get("/register")
@public
def show_form() -> Any:
    """The form of registering; whoever is logged in is past that."""
    if access.current_user() is not None:
        return redirect("/dashboard")
    return _page(RegisterForm(formdata=None, next=access.local_path(request.args.get("next")) or ""))


@bp.post("/register")
@limiter.limit("20 per minute")
@public
@writes_once
def register() -> Any:
    """Open an account; the answer is the same when there is one."""
    form = RegisterForm()
    if not form.validate():
        return _page(form), 422
    given = form.data
    try:
        registration.register(given["name"], given["email"], given["password"], access.page_locale(), edge.now())
    except Invalid as refused:
        form.refuse(refused)
        return _page(form), 422
    return redirect(access.with_next("/register/done", form.next.data), 303)


@bp.get("/register/done")
@public
def show_done() -> str:
    """What to do next: read the mail, log in."""
    log_in = access.with_next("/login", request.args.get("next"))
    return render_template("web/registration/done.html", log_in=log_in)


@bp.get("/verify/<token>")
@limiter.limit("60 per minute")
@public
def show_verification(token: str) -> str:
    """A button to press: programs that look at the links of mails must not use them up."""
    holder = links.find_holder(token, Purpose.VERIFY_EMAIL, clock.wall())
    if holder is None:
        raise LinkExpired
    return render_template("web/registration/verify.html", email=holder.email)


@bp.post("/verify/<token>")
@limiter.limit("60 per minute")
@public
@writes_once
def verify(token: str) -> Any:
    """Take the address as proved."""
    registration.verify_email(token, edge.now(), clock.wall())
    flash(gettext("Thank you, your e-mail address is confirmed."), "success")
    return redirect("/dashboard" if access.current_user() else "/login", 303)


def _page(form: RegisterForm) -> str:
    return render_template(
        "web/registration/register.html", form=form, log_in=access.with_next("/login", form.next.data)
    )
