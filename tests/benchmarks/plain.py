"""What a recorded page needs to be rendered again, as plain values: it knows nothing of the product.

While a page is recorded, functions and fields ask the product and note the answer; later the notes are all there is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

_Key = tuple[tuple[Any, ...], tuple[tuple[str, Any], ...]]


class Noted:
    """A function as a table of its answers."""

    def __init__(self, live: Callable[..., Any], plain: Callable[[Any], Any]) -> None:
        self._live: Callable[..., Any] | None = lambda *values, **named: plain(live(*values, **named))
        self._notes: dict[_Key, Any] = {}

    def __call__(self, *values: Any, **named: Any) -> Any:
        """Return what the product answered to the same question."""
        key = (values, tuple(sorted(named.items())))
        if key not in self._notes and self._live is not None:
            self._notes[key] = self._live(*values, **named)
        return self._notes[key]

    def __getstate__(self) -> dict[str, Any]:
        return {"_notes": self._notes, "_live": None}


class PlainField(SimpleNamespace):
    """A form's field: its attributes, and its control as it was drawn."""

    def __call__(self, **attributes: Any) -> Any:
        """Return the control as markup."""
        return self.drawn(**attributes)

    def __iter__(self) -> Iterator["PlainField"]:
        return iter(self.options)


class PlainForm(SimpleNamespace):
    """A form: its fields by name, and in order."""

    def __iter__(self) -> Iterator[PlainField]:
        return iter(self.fields)


@dataclass(frozen=True, slots=True)
class Recording:
    """A page as it was made once: what it asked of the database, its template, and the values that filled it."""

    address: str
    statements: tuple[tuple[str, Any], ...]
    template: str
    values: dict[str, Any]
    body: str
