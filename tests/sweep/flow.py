"""What a flow is: what is there before it, the steps in their order, and what must be there once it has been lived."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import text

from portal.kit import edge
from portal.kit.db import db
from tests.sweep.play import Play

MISCOUNTED = "it led to"
"""What is said of a flow that was finished more or less often than once."""


@dataclass(frozen=True)
class Flow:
    """``steps`` are played on what ``given`` stored, and lead to so many rows each, and to so many different mails.

    ``passes`` are points that must be among those found, so that a flow which no longer does anything is noticed.
    """

    name: str
    steps: Callable[[Play], None]
    leads_to: Mapping[str, int]
    passes: tuple[str, ...]
    given: Callable[[], object] | None = None
    mails: Mapping[str, int] = field(default_factory=dict)

    def check(self, play: Play) -> None:
        """Compare what there is with what there must be."""
        found = {rows: edge.write(lambda rows=rows: _count(rows)) for rows in self.leads_to}  # type: ignore[misc]
        assert found == dict(self.leads_to), f"{MISCOUNTED} {found} and not {dict(self.leads_to)}"
        received = {to: {(mail["subject"], mail["text"]) for mail in play.sandbox.outbox(to)} for to in self.mails}
        assert {to: len(mails) for to, mails in received.items()} == dict(self.mails), received


def _count(rows: str) -> int:
    return int(db.execute(text(f"SELECT count(*) FROM {rows}")).scalar_one())  # noqa: S608 - of tests only
