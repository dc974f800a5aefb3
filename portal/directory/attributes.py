"""Free attributes of products: up to 30 pairs of a name and a text, a number or yes/no."""

import math
import re
from collections.abc import Iterable

from portal.kit import typed
from portal.kit.errors import N_
from portal.kit.typed import Refused

MAX_ATTRIBUTES = 30
MAX_NAME = 60
MAX_VALUE = 500
_BIGGEST = 10**15  # every reader of JSON keeps such integers exact
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,14})", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,9})\.[0-9]{0,5}[1-9]", re.ASCII)
_WORDS = {"true": True, "false": False}

Value = str | int | float | bool


def of_pairs(pairs: Iterable[tuple[str, object]]) -> dict[str, Value]:
    """Return the attributes of (name, value) pairs; pairs without name and value are left out.

    :raises Refused: a name twice, missing or too long, a value of another kind or too long, or too many pairs.
    """
    found: dict[str, Value] = {}
    names = set[str]()
    for given_name, given in pairs:
        name = typed.line(given_name, MAX_NAME)
        value = _value(given)
        if not name and value == "":
            continue
        if not name:
            raise Refused(N_("Give the value %(value)s a name."), value=str(value)[:40])
        if name.casefold() in names:
            raise Refused(N_("The attribute %(name)s is there twice."), name=name)
        names.add(name.casefold())
        found[name] = value
    if len(found) > MAX_ATTRIBUTES:
        raise Refused(N_("Use at most %(max)s attributes."), max=MAX_ATTRIBUTES)
    return found


def of_text(text: str) -> Value:
    """Return a typed value: a number or ``true``/``false`` where it is written just so, else the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text) and text != "-0":
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text


def as_text(value: Value) -> str:
    """Return a value as it is typed; ``of_text`` reads it back."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _value(given: object) -> Value:
    if isinstance(given, str):
        return of_text(typed.line(given, MAX_VALUE))
    if isinstance(given, bool):
        return given
    if isinstance(given, int | float) and math.isfinite(given) and abs(given) <= _BIGGEST:
        typed.line(str(given), MAX_VALUE)
        return given
    raise Refused(N_("An attribute is a text, a number or true/false."))
