"""The outbox: every mail the product sent, to be read in a browser. On a shared network it needs a token.

A mail's HTML is shown in a frame of its own that may run nothing and load nothing.
"""

import hmac
from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from sqlalchemy import Row, Select, select

from portal.sandbox.database import clean, mails
from portal.sandbox.mail import parse, with_links
from portal.sandbox.words import words
from portal.sandbox.world import world

blueprint = Blueprint("outbox", __name__, url_prefix="/outbox")
PAGE_SIZE = 20
LAST_PAGE = 100_000
NUMBER = "<int(max=9223372036854775807):number>"
MAIL_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)


@blueprint.before_request
def guard() -> Response | None:
    """Mails hold log-in links: beyond this machine only who knows the token may read them.

    The token in the address is changed into a cookie at once, so that no link or history keeps it.
    """
    here = world().settings
    pass_word = hmac.new(here.token.encode(), b"outbox", "sha256").hexdigest()
    if not here.lan or hmac.compare_digest(request.cookies.get("outbox", "").encode(), pass_word.encode()):
        return None
    if hmac.compare_digest(request.args.get("token", "").encode("utf-8", "replace"), here.token.encode()):
        response = make_response(redirect(request.path, 303))
        response.set_cookie("outbox", pass_word, path="/outbox", httponly=True, samesite="Strict")
        return response
    return make_response(render_template("locked.html", words=words()), 403)


@blueprint.get("")
def show_list() -> str:
    """The mails, newest first, all or those to one recipient."""
    recipient = clean(request.args.get("to", "")).strip()
    page = min(max(request.args.get("page", 1, int), 1), LAST_PAGE)
    rows = read(recipient, PAGE_SIZE + 1, (page - 1) * PAGE_SIZE)
    return render_template(
        "outbox.html",
        words=words(),
        mails=rows[:PAGE_SIZE],
        recipient=recipient,
        newer=url_for("outbox.show_list", to=recipient or None, page=page - 1) if page > 1 else "",
        older=url_for("outbox.show_list", to=recipient or None, page=page + 1) if len(rows) > PAGE_SIZE else "",
    )


@blueprint.get(f"/{NUMBER}")
def show_mail(number: int) -> str:
    """One mail: its plain text with clickable links, and its HTML in a frame."""
    row = _get(number)
    mail = parse(row.content)
    return render_template(
        "mail.html",
        words=words(),
        row=row,
        mail=mail,
        text=with_links(mail.text),
        unsubscribe=with_links(mail.unsubscribe),
    )


@blueprint.get(f"/{NUMBER}/html")
def show_html(number: int) -> Response:
    """The HTML part alone, under a policy that lets it do nothing; its links open beside the frame."""
    html = parse(_get(number).content).html
    response = Response('<base target="_blank">' + html, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = MAIL_CSP
    return response


def read(recipient: str, limit: int, offset: int = 0) -> list[Row[Any]]:
    """The mails to one recipient (any when empty; capitals do not matter), newest first."""
    wanted: Select[Any] = select(mails).order_by(mails.c.id.desc()).limit(limit).offset(offset)
    if recipient:
        wanted = wanted.where(mails.c.recipients.any(recipient.lower()))
    with world().engine.connect() as connection:
        return list(connection.execute(wanted))


def told(row: Row[Any]) -> dict[str, Any]:
    """A mail as the control interface tells it."""
    mail = parse(row.content)
    return {
        "id": row.id,
        "at": row.received_at.isoformat(),
        "from": row.sender,
        "to": row.recipients,
        "subject": row.subject,
        "text": mail.text,
        "html": mail.html,
        "links": mail.links,
        "unsubscribe": mail.unsubscribe,
    }


def _get(number: int) -> Row[Any]:
    with world().engine.connect() as connection:
        row = connection.execute(select(mails).where(mails.c.id == number)).one_or_none()
    return row if row is not None else abort(404)
