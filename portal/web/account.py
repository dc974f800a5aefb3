"""One's own account: name, language, password, the mail that proves the address; and the language of a browser."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, session
from flask_babel import gettext

from portal.identity import password_change, registration
from portal.identity.errors import UnknownLanguage
from portal.kit import clock, edge, sent_fields
from portal.kit.errors import Invalid
from portal.kit.i18n import LOCALES
from portal.kit.rate_limit import limiter
from portal.web import access
from portal.web.access import USE_ACCOUNT, public, requires, writes
from portal.web.forms.account import DetailsForm, PasswordForm

bp = Blueprint("account", __name__)


@bp.get("/account")
@requires(USE_ACCOUNT)
def show() -> str:
    """The account's details."""
    return _page(DetailsForm(formdata=None, obj=access.person()))


@bp.post("/account")
@requires(USE_ACCOUNT)
@writes
def change_details() -> Any:
    """Change name and language."""
    form = DetailsForm()
    if not form.validate():
        return _page(form), 422
    name, locale = form.data["name"], form.data["locale"]
    registration.change_details(access.user(), name, locale)
    session["locale"] = locale
    flash(gettext("Your details are saved."), "success")
    return redirect("/account", 303)


@bp.get("/account/password")
@requires(USE_ACCOUNT)
def show_password() -> str:
    """The form of a new password."""
    return render_template("web/account/password.html", form=PasswordForm(formdata=None))


@bp.post("/account/password")
@limiter.limit("10 per minute")
@requires(USE_ACCOUNT)
@writes
def change_password() -> Any:
    """Change the password; log-ins elsewhere end."""
    form = PasswordForm()
    if not form.validate():
        return render_template("web/account/password.html", form=form), 422
    current, new, login_id = form.data["current_password"], form.data["password"], access.person().login_id
    try:
        password_change.change(access.user(), current, new, login_id, edge.now(), clock.wall())
    except Invalid as refused:
        form.refuse(refused)
        return render_template("web/account/password.html", form=form), 422
    flash(gettext("Your password is changed. Everywhere else you are logged out."), "success")
    return redirect("/account", 303)


@bp.post("/account/verification")
@limiter.limit("10 per minute")
@requires(USE_ACCOUNT)
@writes
def send_verification() -> Any:
    """Send the mail that proves the address again."""
    registration.want_verification(access.user(), edge.now())
    flash(gettext("We sent you a link. Please look into your mailbox."), "success")
    return redirect("/account", 303)


@bp.post("/language")
@public
@writes
def change_language() -> Any:
    """Show pages in another language, here and wherever this person logs in."""
    locale = sent_fields.one("locale")
    if locale not in LOCALES:
        raise UnknownLanguage
    wanted = access.local_path(sent_fields.one("next"))
    session["locale"] = locale
    if access.current_user() is not None:
        access.user().locale = locale
    return redirect(wanted or "/", 303)


def _page(form: DetailsForm) -> str:
    return render_template("web/account/details.html", form=form, person=access.person())
