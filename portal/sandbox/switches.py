"""The few remembered settings of the pretend world that the control interface may change while it runs.

One process writes them, so what it read or wrote last holds until a reset: every notice and every order asks.
"""

from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert

from portal.sandbox.database import switches

DEFAULTS: dict[str, Any] = {
    "clock_offset": 0.0,
    "code_url": "wallet",
    "close_after_seconds": 0,
    "platform_key_id": "",
    "stripe_webhook_url": "",
    "stripe_copies": 1,
}


class Switches:
    """Named values that survive a restart."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[str, Any] = {}
        self.reread()

    def get(self, name: str) -> Any:
        """The remembered value, or the default of a switch never touched; KeyError for an unknown name."""
        return self._known[name]

    def set(self, name: str, value: Any) -> None:
        """Remember a value."""
        statement = insert(switches).values(name=name, value=value)
        statement = statement.on_conflict_do_update(index_elements=["name"], set_={"value": value})
        with self._engine.begin() as connection:
            connection.execute(statement)
        self._known = self._known | {name: value}

    def reread(self) -> None:
        """Take all values from the database again, after a reset."""
        with self._engine.connect() as connection:
            self._known = DEFAULTS | {row.name: row.value for row in connection.execute(select(switches))}
