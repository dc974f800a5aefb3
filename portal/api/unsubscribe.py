"""Ending mails by one click in the reader's mail program (RFC 8058): the program posts, and nobody is logged in.

Programs that only open addresses (RFC 2369) are led to the page, where a person presses the button.
"""

from flask import Blueprint, Response, redirect
from werkzeug.wrappers import Response as AnyResponse

from portal.kit import edge, sent_fields
from portal.kit.errors import N_, Invalid
from portal.kit.rate_limit import limiter
from portal.kit.views import public, writes
from portal.notifications import preferences, unsubscribing

bp = Blueprint("unsubscribe", __name__, url_prefix="/api/v1/unsubscribe")


@bp.get("/<token>")
@public
def show(token: str) -> AnyResponse:
    """Lead to the page."""
    return redirect(f"/unsubscribe/{token}")


@bp.post("/<token>")
@limiter.limit("300 per minute")
@public
@writes
def end_mails(token: str) -> Response:
    """End the mails that the token is for; again and again is the same."""
    user_id, _, category = unsubscribing.holder(token)
    if sent_fields.one("List-Unsubscribe") != "One-Click":
        raise Invalid("not_one_click", N_("Post List-Unsubscribe=One-Click to end these mails."))
    preferences.choose(user_id, {category: False}, edge.now())
    return Response(status=204)
