"""Strict reading of bracketed forms: `line_items[0][price_data][currency]=gbp` becomes a tree of texts."""

import re
from typing import Any
from urllib.parse import parse_qsl

from portal.sandbox.stripe.errors import not_a_form

MOST_FIELDS = 200
DEEPEST = 8
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]+\])*)")
_PART = re.compile(r"\[([^\[\]]+)\]")


def read(raw: bytes) -> dict[str, Any]:
    """The tree of a form; every leaf is text. Refuses what is no form, a repeated name, and a name that is both."""
    tree: dict[str, Any] = {}
    for name, value in _pairs(raw):
        shape = _NAME.fullmatch(name)
        parts = [shape[1], *_PART.findall(shape[2])] if shape else []
        if not parts or len(parts) > DEEPEST or "\x00" in name + value:
            raise not_a_form()
        _put(tree, parts, value)
    return tree


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    if not raw:
        return []
    try:
        text = raw.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise not_a_form() from None


def _put(tree: dict[str, Any], parts: list[str], value: str) -> None:
    for part in parts[:-1]:
        tree = tree.setdefault(part, {})
        if not isinstance(tree, dict):
            raise not_a_form()
    if parts[-1] in tree:
        raise not_a_form()
    tree[parts[-1]] = value


def flat(told: dict[str, Any]) -> str:
    """One text for equal trees, whatever the order of their fields; for comparing requests."""
    return repr(_sorted(told))


def _sorted(value: Any) -> Any:
    return sorted((name, _sorted(child)) for name, child in value.items()) if isinstance(value, dict) else value
