"""Reading the bodies of the control interface: every field by name and kind, nothing unknown, never a 500."""

import json
from datetime import datetime
from typing import Any

MOST_SECONDS = 100 * 366 * 86400


class BadInput(Exception):
    """What is wrong with a control request, with the HTTP status it earns."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class Fields:
    """The fields of one JSON object; each is taken once, and `done` refuses what was not taken."""

    def __init__(self, raw: bytes) -> None:
        try:
            values = json.loads(raw or b"{}", parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise BadInput("the body must be JSON") from None
        if not isinstance(values, dict):
            raise BadInput("the body must be a JSON object")
        self._values: dict[str, Any] = values

    def text(self, name: str, default: str | None = None, *, choices: tuple[str, ...] = ()) -> str | None:
        """A string of 1 to 255 characters, one of `choices` if given."""
        value = self._values.pop(name, default)
        if value is None:
            return None
        if not isinstance(value, str) or not 0 < len(value) <= 255 or not value.isprintable():
            raise BadInput(f"{name} must be a string of 1 to 255 printable characters")
        if choices and value not in choices:
            raise BadInput(f"{name} must be one of {', '.join(choices)}")
        return value

    def required(self, name: str, *, choices: tuple[str, ...] = ()) -> str:
        """Like text, and it must be there."""
        value = self.text(name, choices=choices)
        if value is None:
            raise BadInput(f"{name} is required")
        return value

    def whole(self, name: str, default: int | None, least: int, most: int) -> int | None:
        """An integer between two bounds, or null where the default may be None."""
        value = self._values.pop(name, default)
        if value is None and default is None:
            return None
        if type(value) is not int or not least <= value <= most:
            raise BadInput(f"{name} must be an integer between {least} and {most}")
        return value

    def seconds(self, name: str, default: float | None, most: float = MOST_SECONDS) -> float | None:
        """A number of seconds, not negative."""
        value = self._values.pop(name, default)
        if value is None and default is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            raise BadInput(f"{name} must be a number of seconds between 0 and {most}")
        return float(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """true or false."""
        value = self._values.pop(name, default)
        if not isinstance(value, bool):
            raise BadInput(f"{name} must be true or false")
        return value

    def instant(self, name: str) -> datetime | None:
        """A time with its zone, ISO 8601, or None."""
        text = self.text(name)
        if text is None:
            return None
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            raise BadInput(f"{name} must be an ISO 8601 time") from None
        if value.tzinfo is None or not 1970 < value.year < 9000:
            raise BadInput(f"{name} must have its zone and lie in the calendar")
        return value

    def done(self) -> None:
        """Refuse names nobody asked for."""
        if self._values:
            raise BadInput(f"unknown: {', '.join(sorted(map(repr, self._values)))}")


def _refuse_constant(literal: str) -> float:
    raise BadInput(f"{literal} is not a number here")
