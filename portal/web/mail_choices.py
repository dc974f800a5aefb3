"""What a person wants by mail: chosen in the account, or ended by the link of a mail without a log-in."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template
from flask_babel import gettext

from portal.kit import edge
from portal.kit.rate_limit import limiter
from portal.notifications import preferences, unsubscribing
from portal.notifications.kinds import OPTIONAL
from portal.web.access import USE_ACCOUNT, person, public, requires, writes
from portal.web.forms.mail_choices import LABELS, MailChoicesForm

bp = Blueprint("mail_choices", __name__)


@bp.get("/account/notices")
@requires(USE_ACCOUNT)
def show() -> str:
    """Show what comes by mail."""
    return _page(MailChoicesForm(formdata=None, data=preferences.mail_choices(person().id)))


@bp.post("/account/notices")
@requires(USE_ACCOUNT)
@writes
def choose() -> Any:
    """Change what comes by mail."""
    form = MailChoicesForm()
    if not form.validate():
        return _page(form), 422
    preferences.choose(person().id, {category: form.data[category] for category in OPTIONAL}, edge.now())
    flash(gettext("Your choice is saved."), "success")
    return redirect("/account/notices", 303)


@bp.get("/unsubscribe/<token>")
@limiter.limit("60 per minute")
@public
def show_unsubscribing(token: str) -> str:
    """A button to press: programs that look at the links of mails must not use them."""
    user_id, email, category = unsubscribing.holder(token)
    is_wanted = preferences.mail_choices(user_id)[category]
    label = LABELS[category]
    return render_template("web/mail_choices/unsubscribe.html", email=email, label=label, is_wanted=is_wanted)


@bp.post("/unsubscribe/<token>")
@limiter.limit("60 per minute")
@public
@writes
def unsubscribe(token: str) -> Any:
    """End the mails of the link's category."""
    user_id, email, category = unsubscribing.holder(token)
    preferences.choose(user_id, {category: False}, edge.now())
    flash(gettext("%(email)s gets no more mails about this. It is still told in the pages.", email=email), "success")
    return redirect("/", 303)


def _page(form: MailChoicesForm) -> str:
    return render_template("web/mail_choices/page.html", form=form)
