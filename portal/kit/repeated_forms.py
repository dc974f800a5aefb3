"""Forms that are safe to send twice: pressed twice, sent again after no answer came, or from a page gone back to.

A form that creates something carries a random key. Sent again with the same contents it is answered as the first time;
with other contents it is another wish (docs/decisions/0008). A form without a key is taken as it comes.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from typing import Any

from flask import Response, current_app, make_response, redirect, request

from portal.kit import clock, idempotency, ids
from portal.kit.errors import N_, Invalid

FIELD = "form_key"
FURNITURE = frozenset({"csrf_token", FIELD})
"""Names of hidden fields that belong to the page and not to what was typed."""
_LENGTH = 22
_KEY = re.compile(rf"[0-9A-Za-z]{{{_LENGTH}}}", re.ASCII)
_BROKEN = N_("This form is no longer valid. Go back, reload the page and try again.")


def new_key() -> str:
    """Return a key for a form that is about to be shown; more than 128 random bits."""
    return ids.random_text(_LENGTH)


def answer(sender: Callable[[], str], view: Callable[[], Any]) -> Response:
    """Run the view, unless the same form of the same sender was answered before: then give that answer again.

    :raises Invalid: the key is none of ours.
    """
    key = _key()
    if key is None:
        return make_response(view())
    owner, contents = sender(), _fingerprint()
    wish = f"{key}:{contents}"
    earlier = idempotency.begin(owner, wish, contents, clock.wall())
    if earlier is not None:
        return make_response(redirect(earlier["location"], 303))
    given = make_response(view())
    if given.status_code == 303:
        idempotency.keep(owner, wish, {"location": given.location})
    else:
        idempotency.give_back(owner, wish)
    return given


def _key() -> str | None:
    given = request.form.getlist(FIELD)
    if not given:
        return None
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        raise Invalid("form_key_broken", _BROKEN)
    return given[0]


def _fingerprint() -> str:
    """Return what tells these contents from others; without our secret nobody can guess a password by it."""
    digest = hmac.new(str(current_app.secret_key).encode(), digestmod="sha256")
    for part in (request.path, *_parts()):
        digest.update(f"{len(part)}:{part}".encode())
    return digest.hexdigest()


def _parts() -> Iterator[str]:
    for name, value in sorted(request.form.items(multi=True)):
        if name not in FURNITURE:
            yield from (name, value)
    for name, file in sorted(request.files.items(multi=True), key=lambda found: found[0]):
        file.stream.seek(0)
        yield from (name, file.filename or "", hashlib.file_digest(file.stream, "sha256").hexdigest())  # type: ignore[arg-type]
        file.stream.seek(0)
