"""Judging one row of an import by the rules of the form: a product, or everything that is wrong with it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from portal.directory import attributes
from portal.directory.import_files import Row, Unreadable, column_of
from portal.kit import typed
from portal.kit.errors import N_
from portal.kit.typed import Refused

_YES = {"true", "yes", "y", "1", "是"}
_NO = {"", "false", "no", "n", "0", "否"}
_SHOWN_VALUE = 200


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in ``column`` of the row that begins on ``line``; ``message`` is an English message id."""

    line: int
    column: str
    message: str
    params: dict[str, object]
    value: str


class Judge:
    """Reads rows for a business that prices in ``currency``."""

    def __init__(self, currency: str) -> None:
        self.currency = currency

    def product(self, row: Row) -> tuple[dict[str, Any], list[Problem]]:
        """Return the product of a row, complete where the list of problems is empty."""
        cells = {column_of(name): value for name, value in row.cells.items()}
        problems: list[Problem] = []
        if row.extra:
            message = N_("There are %(count)s more cells than columns.")
            problems.append(Problem(row.line, "", message, {"count": row.extra}, ""))
        product: dict[str, Any] = {}
        readers = {
            "name": _name,
            "description": lambda value: typed.lines(_text(value), 4000),
            "price": self._price,
            "position": _position,
            "hidden": _hidden,
        }
        for column, read in readers.items():
            product[column] = _tried(row, problems, column, cells.pop(column, ""), read)
        product["attributes"] = _attributes(row, problems, cells)
        return product, problems

    def _price(self, value: object) -> int | None:
        text = _text(value).strip()
        return typed.minor_units(text, self.currency) if text else None


def _tried(row: Row, problems: list[Problem], column: str, value: object, read: Any) -> Any:
    try:
        return read(value)
    except Refused as refused:
        params: dict[str, object] = {
            name: given if isinstance(given, int) else _storable(given) for name, given in refused.params.items()
        }
        problems.append(Problem(row.line, _storable(column), refused.message, params, _storable(value)))
        return None


def _storable(value: object) -> str:
    """Return the beginning of a value without what the database cannot hold: NUL and halves of characters."""
    shown = typed.without_cards(str(value)[: 2 * _SHOWN_VALUE])[:_SHOWN_VALUE]
    return shown.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _attributes(row: Row, problems: list[Problem], cells: dict[str, Any]) -> dict[str, attributes.Value]:
    """Take all other columns, and what a JSON row has under ``attributes``, as attributes."""
    nested = cells.pop("attributes", {})
    if not isinstance(nested, dict):
        nested = {"attributes": nested}
    pairs = [(name, _plain(value)) for name, value in (*cells.items(), *nested.items()) if value not in ("", None)]
    before = len(problems)
    for name, value in pairs:
        _tried(row, problems, name[:60], value, lambda given, name=name: attributes.of_pairs([(name, given)]))
    found = (
        {} if len(problems) > before else _tried(row, problems, "attributes", "", lambda _: attributes.of_pairs(pairs))
    )
    return found or {}


def _plain(value: object) -> object:
    """Return a value as attributes take it; what cannot be read becomes something that they refuse."""
    return float(value) if isinstance(value, Decimal) else value


def _name(value: object) -> str:
    name = typed.line(_text(value), 200)
    if not name:
        raise Refused(N_("Every product needs a name."))
    return name


def _position(value: object) -> int:
    text = _text(value).strip()
    if text and not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise Refused(N_("Write a whole number from 0 to 99999."))
    return int(text or 0)


def _hidden(value: object) -> bool:
    text = _text(value).strip().casefold()
    if text not in _YES | _NO:
        raise Refused(N_("Write yes or no."))
    return text in _YES


def _text(value: object) -> str:
    """Return a cell as text; JSON may give numbers, true or null where a text would do."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, Unreadable):
        raise Refused(value.reason)
    raise Refused(N_("Write a text or a number here."))
