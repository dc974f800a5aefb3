"""The fields of a form that changes something: what nobody asked for is refused, lest it be believed by accident.

A form class judges its own fields and says so by ``take``; a view without one reads its few fields by ``one``.
"""

from collections.abc import Iterable
from typing import Any

from flask import g, request
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from portal.kit.errors import N_, Invalid
from portal.kit.repeated_forms import FURNITURE

_REPEATED = N_("This was sent more than once; send it once.")


def take(names: Iterable[str]) -> None:
    """Remember that these fields were asked for and judged."""
    g.taken_fields = g.get("taken_fields", frozenset()) | frozenset(names)


def repeated(names: Iterable[str], *given: MultiDict[str, Any]) -> dict[str, str]:
    """Return what to say at each of ``names`` that comes more than once in all that was ``given``."""
    return {name: gettext(_REPEATED) for name in names if sum(len(part.getlist(name)) for part in given) > 1}


def one(name: str) -> str:
    """Return a field of text as it was sent; empty where it was not.

    :raises Invalid: it was sent more than once, or as a file.
    """
    take([name])
    given = request.form.getlist(name)
    if len(given) > 1 or name in request.files:
        raise Invalid("field_repeated", _REPEATED)
    return given[0] if given else ""


def refuse_others() -> None:
    """Refuse a form with a field that nobody took.

    :raises Invalid: there is one.
    """
    unknown = {*request.form, *request.files} - g.get("taken_fields", frozenset()) - FURNITURE
    if unknown:
        raise Invalid("field_unknown", N_("This form has no place for “%(name)s”."), name=min(unknown)[:40])
