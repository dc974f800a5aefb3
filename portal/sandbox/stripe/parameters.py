"""Every parameter judged by the SDK's own tables, `stripe.params`: what the installed version does not name is refused.

A form holds texts; by the table's types they become numbers, flags, lists and dictionaries.
"""

import re
import sys
from collections.abc import Collection
from decimal import Decimal
from functools import cache
from types import NoneType, SimpleNamespace, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from stripe import RequestOptions

from portal.sandbox.stripe.errors import Refusal, empty, invalid, missing, not_honoured, unknown_parameter

LONGEST = 5000
_OPTIONS = frozenset(RequestOptions.__annotations__)
"""What the tables hold beside parameters: options of the SDK's call, which never travel as parameters."""
_WHOLE = re.compile(r"-?[0-9]{1,15}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?", re.ASCII)


def check(table: type, form: dict[str, Any], honoured: Collection[str]) -> dict[str, Any]:
    """The form's values as its table types them.

    Refuses what the table does not name, what it requires and is not there, and what this peer does not play.
    """
    values: dict[str, Any] = _record(table, form, "")
    for name in form:
        if name not in honoured:
            raise not_honoured(name)
    return values


@cache
def _types(table: type) -> dict[str, Any]:
    """The types of a table's parameters, resolved in its own module."""
    ours = {name: hint for name, hint in table.__annotations__.items() if name not in _OPTIONS}
    return get_type_hints(SimpleNamespace(__annotations__=ours), vars(sys.modules[table.__module__]))


def _record(table: Any, given: Any, path: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise invalid(path, "a hash")
    types = _types(table)
    for name in given:
        if name not in types:
            raise unknown_parameter(_joined(path, name))
    for name in sorted(table.__required_keys__ - _OPTIONS):
        if name not in given:
            raise missing(_joined(path, name))
    return {name: _value(types[name], value, _joined(path, name)) for name, value in given.items()}


def _joined(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


def _value(hint: Any, given: Any, path: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return _one_of(get_args(hint), given, path)
    if hasattr(hint, "__required_keys__"):
        return _record(hint, given, path)
    if origin is list:
        return _listed(get_args(hint)[0], given, path)
    if origin is dict:
        return _mapped(get_args(hint)[1], given, path)
    if origin is Literal:
        return _chosen(get_args(hint), given, path)
    return _scalar(hint, given, path)


def _one_of(hints: tuple[Any, ...], given: Any, path: str) -> Any:
    """The first reading that fits. Beside a list of choices, a plain `str` stands for choices yet to come: refused."""
    choices = {choice for hint in hints if get_origin(hint) is Literal for choice in get_args(hint)}
    left = [hint for hint in hints if hint is not NoneType and not (hint is str and choices - {""})]
    refusals: list[Refusal] = []
    for hint in left:
        try:
            return _value(hint, given, path)
        except Refusal as refusal:
            refusals.append(refusal)
    # The reading that got furthest into the hash says best what is wrong.
    raise max(refusals, key=lambda refusal: len(refusal.error.get("param", "")))


def _listed(hint: Any, given: Any, path: str) -> list[Any]:
    if not isinstance(given, dict) or list(given) != [str(place) for place in range(len(given))]:
        raise invalid(path, "an array")
    return [_value(hint, item, f"{path}[{place}]") for place, item in given.items()]


def _mapped(hint: Any, given: Any, path: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise invalid(path, "a hash")
    if len(given) > 50 or any(len(name) > 40 for name in given):
        raise invalid(path, "at most 50 keys of at most 40 characters")
    return {name: _value(hint, item, f"{path}[{name}]") for name, item in given.items()}


def _chosen(choices: tuple[Any, ...], given: Any, path: str) -> Any:
    if given not in choices:
        raise invalid(path, "one of " + ", ".join(str(choice) or "an empty string" for choice in choices))
    return given


def _scalar(hint: Any, given: Any, path: str) -> Any:
    if not isinstance(given, str):
        raise invalid(path, "a single value")
    if hint is bool:
        return _chosen(("true", "false"), given, path) == "true"
    if hint is int:
        if not _WHOLE.fullmatch(given):
            raise invalid(path, "an integer", "parameter_invalid_integer")
        return int(given)
    if hint in (float, Decimal):
        if not _NUMBER.fullmatch(given):
            raise invalid(path, "a number")
        return Decimal(given)
    if hint is not str:
        raise not_honoured(path)
    return _text(given, path)


def _text(given: str, path: str) -> str:
    if not given:
        raise empty(path)
    if len(given) > LONGEST:
        raise invalid(path, f"at most {LONGEST} characters", "parameter_invalid_string_too_long")
    return given
