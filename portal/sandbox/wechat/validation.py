"""Strict reading of request bodies: JSON without floats, nulls or repeated names, then every field by its rule.

A rule is a small object that checks one value; anything the documents do not name is refused.
"""

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, Protocol
from urllib.parse import urlsplit

from portal.sandbox.wechat.errors import bad_parameter, null_value, out_of_range, unknown_parameter

ORDER_NO = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
LARGEST_NUMBER = 2**53


class Rule(Protocol):
    """What may stand at one place of a body."""

    def check(self, value: Any, path: str) -> None:
        """Raise a Refusal when the value may not stand at this path."""


@dataclass(frozen=True)
class Words:
    """Text of at most `longest` characters, whole if `pattern` is given."""

    longest: int
    shortest: int = 1
    pattern: re.Pattern[str] | None = None

    def check(self, value: Any, path: str) -> None:
        if not isinstance(value, str):
            raise bad_parameter(path, "must be a string", value)
        if "\x00" in value or any(0xD800 <= ord(letter) < 0xE000 for letter in value):
            raise bad_parameter(path, "holds a character that is not text")
        if not self.shortest <= len(value) <= self.longest:
            raise out_of_range(path, f"must have {self.shortest} to {self.longest} characters", value)
        if self.pattern and not self.pattern.fullmatch(value):
            raise bad_parameter(path, f"must match {self.pattern.pattern}", value)


@dataclass(frozen=True)
class Whole:
    """A JSON integer, never true or false."""

    least: int = 0
    most: int = LARGEST_NUMBER

    def check(self, value: Any, path: str) -> None:
        if type(value) is not int:
            raise bad_parameter(path, "must be an integer", value)
        if not self.least <= value <= self.most:
            raise out_of_range(path, f"must be between {self.least} and {self.most}", value)


@dataclass(frozen=True)
class Flag:
    """true or false."""

    def check(self, value: Any, path: str) -> None:
        if not isinstance(value, bool):
            raise bad_parameter(path, "must be true or false", value)


@dataclass(frozen=True)
class Many:
    """An array whose every item keeps one rule."""

    item: Rule

    def check(self, value: Any, path: str) -> None:
        if not isinstance(value, list) or not value:
            raise bad_parameter(path, "must be an array with something in it")
        for place, item in enumerate(value):
            self.item.check(item, f"{path}/{place}")


@dataclass(frozen=True)
class Body:
    """An object with the fields of its two tables and no others."""

    required: Mapping[str, Rule] = field(default_factory=dict)
    optional: Mapping[str, Rule] = field(default_factory=dict)

    def check(self, value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise bad_parameter(path or "/", "must be an object")
        rules = {**self.required, **self.optional}
        for name in value:
            if name not in rules:
                raise unknown_parameter(f"{path}/{name}")
        for name in self.required:
            if name not in value:
                raise bad_parameter(f"{path}/{name}", "is required")
        for name, item in value.items():
            rules[name].check(item, f"{path}/{name}")


@dataclass(frozen=True)
class Address:
    """A notify_url: at most `longest` characters, HTTPS, no query.

    The one leniency of this world: plain http is taken towards this machine and private networks, because the
    product under test has no certificate there.
    """

    longest: int = 255

    def check(self, value: Any, path: str) -> None:
        Words(self.longest).check(value, path)
        try:
            parts = urlsplit(value)
            reachable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            raise bad_parameter(path, "must be an address", value) from None
        plain_allowed = parts.scheme == "http" and _is_near(parts.hostname or "")
        if not reachable or not (parts.scheme == "https" or plain_allowed):
            raise bad_parameter(path, "must be an https address", value)
        if "?" in value or "#" in value:
            raise bad_parameter(path, "must have no query", value)


def _is_near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost"


def read_json(raw: bytes) -> Any:
    """Parse strictly: UTF-8, no floats, NaN, repeated names or nulls anywhere."""
    try:
        value = json.loads(
            raw.decode("utf-8"),
            parse_float=_no_float,
            parse_constant=_no_float,
            parse_int=_integer,
            object_pairs_hook=_no_repeats,
        )
        _no_nulls(value, "")
    except (ValueError, RecursionError):
        raise bad_parameter("/", "must be JSON") from None
    return value


def _no_float(literal: str) -> NoReturn:
    raise bad_parameter("/", "floating point numbers are not taken", literal)


def _integer(literal: str) -> int:
    if len(literal) > 18:
        raise bad_parameter("/", "number too large", literal[:40])
    return int(literal)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise bad_parameter("/", "a name is repeated")
    return dict(pairs)


def _no_nulls(value: Any, path: str) -> None:
    if value is None:
        raise null_value(path or "/")
    if isinstance(value, dict):
        for name, child in value.items():
            _no_nulls(child, f"{path}/{name}")
    elif isinstance(value, list):
        for place, child in enumerate(value):
            _no_nulls(child, f"{path}/{place}")
