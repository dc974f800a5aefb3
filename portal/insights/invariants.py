"""What must always hold, asked of the database (reliability.md, *Invariants*): each rule has no rows when all is well.

The view asks every rule of everything. Every minute the rules are asked only of what was written since the watermark,
so that a check costs what has changed and not what there is: what was there before the first one is left to the whole
check (``whole_check``). What checks find is kept for operators until it is mended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import TextClause, text

from portal.kit.db import db

RECENT, WHOLE = "recent", "whole"
OVERLAP = timedelta(minutes=2)
"""Rows are stamped when they are written and seen when they are committed; no transaction of ours lives this long."""
UNDER_WAY = frozenset(
    {
        *("session_ends_in_time", "job_is_not_late", "job_is_not_dead", "unknown_is_asked_for"),
        *("event_has_its_outcome", "method_is_asked_for", "renewal_is_not_late", "grace_has_its_next_look"),
        "dunning_has_its_next_step",
    }
)
"""The rules of what is under way: they read all of that each time, so no watermark has to wait for them."""
_MOST = 100
_EVERYTHING = text("SELECT rule, subject, detail FROM invariant_violations LIMIT :limit")
_SINCE = text(
    "SELECT rule, subject, detail FROM invariant_violations_since(:since) ORDER BY rule = ANY(:last) LIMIT :limit"
)
_WATERMARK = text("SELECT since FROM invariant_checks WHERE name IN ('recent', 'whole') ORDER BY name LIMIT 1")
"""Of the last check of a minute, or where there was none, of the last whole one."""
_IS_OVERDUE = text(
    "SELECT asked_at < clock_timestamp() - interval '26 hours' FROM invariant_checks WHERE name = 'whole'"
)
_WALL = text("SELECT clock_timestamp()")
_NOTE = text(
    "INSERT INTO invariant_checks (name, since, asked_at) VALUES (:name, :since, clock_timestamp()) "
    "ON CONFLICT (name) DO UPDATE SET since = excluded.since, asked_at = excluded.asked_at"
)
_FORGET = text("DELETE FROM invariant_findings WHERE check_name = :name AND found_at < :began")
_KEEP = text(
    "INSERT INTO invariant_findings (check_name, rule, subject, detail) VALUES (:name, :rule, :subject, :detail)"
)
_FINDINGS = text("SELECT DISTINCT rule, subject, detail FROM invariant_findings ORDER BY rule, subject LIMIT :limit")


@dataclass(frozen=True, slots=True)
class Violation:
    """``rule`` is broken by ``subject``; ``detail`` has the figures."""

    rule: str
    subject: str
    detail: str


def violations(limit: int = _MOST) -> Sequence[Violation]:
    """Return up to ``limit`` broken invariants, asked of everything there is."""
    return ask(_EVERYTHING, limit=limit)


def violations_since(since: datetime, limit: int = _MOST) -> Sequence[Violation]:
    """Return up to ``limit`` broken invariants: of what was written since an instant of wall time, then of what is
    under way."""
    return ask(_SINCE, since=since, last=sorted(UNDER_WAY), limit=limit)


def broken_link(problem: str) -> Violation:
    """Return what is wrong with the audit log as a broken invariant."""
    return Violation("audit_chain_verifies", "audit_log", problem)


def check_recent() -> Sequence[Violation]:
    """Ask about what was written since the watermark; it moves on only when all of that is well.

    What is under way is asked about as well, and holds nothing back.
    """
    began = wall()
    since = db.execute(_WATERMARK).scalar_one_or_none() or began - OVERLAP
    found = violations_since(since)
    is_written_well = all(violation.rule in UNDER_WAY for violation in found)
    keep(RECENT, found)
    end(RECENT, began - OVERLAP if is_written_well else since, began)
    return found


def wall() -> datetime:
    """Return the wall time of the database, which stamps what is written."""
    now: datetime = db.execute(_WALL).scalar_one()
    return now


def is_whole_overdue() -> bool:
    """Say whether the daily check was made once and has been missing since."""
    return bool(db.execute(_IS_OVERDUE).scalar_one_or_none())


def findings(limit: int) -> Sequence[Violation]:
    """Return what the last checks found, for people to look at."""
    return ask(_FINDINGS, limit=limit)


def ask(question: TextClause, **given: object) -> Sequence[Violation]:
    """Return the broken invariants that a question gives as rule, subject and detail."""
    return [Violation(rule, subject or "", detail or "") for rule, subject, detail in db.execute(question, given)]


def keep(name: str, found: Sequence[Violation]) -> None:
    """Keep what a check has found so far, beside what it found the last time."""
    for violation in found:
        row = {"rule": violation.rule, "subject": violation.subject, "detail": violation.detail}
        db.execute(_KEEP, {"name": name, **row})


def end(name: str, since: datetime, began: datetime) -> None:
    """Note that a check has asked all it asks, and forget what it found before it ``began``."""
    db.execute(_NOTE, {"name": name, "since": since})
    db.execute(_FORGET, {"name": name, "began": began})
