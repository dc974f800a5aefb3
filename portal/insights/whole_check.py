"""The check of everything, in slices that take a moment each, so that it fits into jobs however much there is.

Each job goes on where the last one stopped, also after a crash. What is found counts at once; what the check before
found is forgotten when this one has come to its end.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from portal.identity import audit
from portal.insights import invariants
from portal.insights.invariants import UNDER_WAY, WHOLE, Violation
from portal.kit.db import db

_ROWS, AUDIT = "rows", "audit"
SUMS = ("ledger_sums_to_zero", "receivable_is_open_invoices", "counters_are_their_rows", "operator_has_its_audit_row")
"""The rules that add up, or go through, all there is in one statement."""
_PARTS = (_ROWS, *SUMS, *sorted(UNDER_WAY), AUDIT)
_SLICE = 5_000
"""Rows of each table, or entries of the audit log."""
_MOST = 100
_FIRST, _LAST = UUID(int=0), UUID(int=2**128 - 1)
_SLICE_END = text("SELECT invariant_slice_end(:above, :size)")
_AMONG = text("SELECT rule, subject, detail FROM invariant_violations_among(:above, :up_to) LIMIT :limit")
_BY_RULE = text("SELECT rule, subject, detail FROM invariant_violations WHERE rule = :rule LIMIT :limit")
_BEGIN = text(
    "INSERT INTO invariant_check_under_way (began_at, part, after) VALUES (clock_timestamp(), :part, '') "
    "ON CONFLICT (only_row) DO UPDATE SET began_at = excluded.began_at, part = excluded.part, after = excluded.after "
    "WHERE invariant_check_under_way.began_at < excluded.began_at - interval '20 hours'"
)
"""One that has been under way for so long was stopped, and what it was told is out of date."""
_STANDS = text("SELECT began_at, part, after FROM invariant_check_under_way FOR UPDATE")
_GO_ON = text("UPDATE invariant_check_under_way SET part = :part, after = :after")
_END = text("DELETE FROM invariant_check_under_way")


@dataclass(frozen=True, slots=True)
class Place:
    """What is asked next: a ``part``, and ``after`` which of its rows; empty is from its beginning."""

    part: str = _ROWS
    after: str = ""


def go_on(seconds: float) -> tuple[Sequence[Violation], bool]:
    """Go on with the check that is under way, or begin one, for so long and then to the end of a slice.

    :return: what was found this time, and whether everything has been asked.
    """
    until = time.monotonic() + seconds
    db.execute(_BEGIN, {"part": _ROWS})
    began, part, after = db.execute(_STANDS).one()
    place: Place | None = Place(part, after)
    found: list[Violation] = []
    while place is not None:
        seen, place = ask(place)
        found += seen
        if time.monotonic() > until:
            break
    invariants.keep(WHOLE, found)
    if place is not None:
        db.execute(_GO_ON, {"part": place.part, "after": place.after})
    else:
        end(began)
        db.execute(_END)
    return found, place is None


def end(began: datetime) -> None:
    """Note that a check that began at this wall time has asked everything."""
    invariants.end(WHOLE, began - invariants.OVERLAP, began)


def ask(place: Place) -> tuple[Sequence[Violation], Place | None]:
    """Ask one slice; return what is wrong in it, and where to go on, or None at the end of everything."""
    if place.part == _ROWS:
        return _ask_rows(UUID(place.after) if place.after else _FIRST)
    if place.part == AUDIT:
        return _ask_audit(place.after)
    return invariants.ask(_BY_RULE, rule=place.part, limit=_MOST), _following(place.part)


def _following(part: str) -> Place | None:
    number = _PARTS.index(part) + 1
    return Place(_PARTS[number]) if number < len(_PARTS) else None


def _ask_rows(above: UUID) -> tuple[Sequence[Violation], Place | None]:
    up_to: UUID = db.execute(_SLICE_END, {"above": above, "size": _SLICE}).scalar_one()
    found = invariants.ask(_AMONG, above=above, up_to=up_to, limit=_MOST)
    return found, _following(_ROWS) if up_to == _LAST else Place(_ROWS, str(up_to))


def _ask_audit(after: str) -> tuple[Sequence[Violation], Place | None]:
    """Go on along the chain from ``seq:hash``; where it is broken, it says no more."""
    seq, _, previous = after.partition(":")
    problem, link = audit.verify_on(audit.Link(int(seq), previous) if after else audit.START, _SLICE)
    found = [invariants.broken_link(problem)] if problem else []
    return found, Place(AUDIT, f"{link.seq}:{link.hash}") if link else None
