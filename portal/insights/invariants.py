"""What must always hold, asked of the database (reliability.md, *Invariants*): each rule has no rows when all is well.

The view asks every rule of everything. Every minute the rules are asked only of what was written since the watermark,
so that a check costs what has changed and not what there is: what was there before the first one is left to the whole
check. What checks find is kept for operators until it is mended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import TextClause, text

from portal.identity import audit
from portal.kit.db import db

RECENT, WHOLE = "recent", "whole"
_OVERLAP = timedelta(minutes=2)
"""Rows are stamped when they are written and seen when they are committed; no transaction of ours lives this long."""
UNDER_WAY = frozenset(
    {"session_ends_in_time", "job_is_not_late", "job_is_not_dead", "unknown_is_asked_for", "event_has_its_outcome"}
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
    "INSERT INTO invariant_checks (name, since, asked_at) VALUES (:name, :since, :asked_at) "
    "ON CONFLICT (name) DO UPDATE SET since = excluded.since, asked_at = excluded.asked_at"
)
_FORGET = text("DELETE FROM invariant_findings WHERE check_name = :name")
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
    return _ask(_EVERYTHING, limit=limit)


def violations_since(since: datetime, limit: int = _MOST) -> Sequence[Violation]:
    """Return up to ``limit`` broken invariants: of what was written since an instant of wall time, then of what is
    under way."""
    return _ask(_SINCE, since=since, last=sorted(UNDER_WAY), limit=limit)


def broken_chain() -> Sequence[Violation]:
    """Return what is wrong with the audit log's chain of hashes; reads all of it."""
    problem = audit.verify_chain()
    return [Violation("audit_chain_verifies", "audit_log", problem)] if problem else []


def check_recent() -> Sequence[Violation]:
    """Ask about what was written since the watermark; it moves on only when all of that is well.

    What is under way is asked about as well, and holds nothing back.
    """
    began: datetime = db.execute(_WALL).scalar_one()
    since = db.execute(_WATERMARK).scalar_one_or_none() or began - _OVERLAP
    found = violations_since(since)
    is_written_well = all(violation.rule in UNDER_WAY for violation in found)
    _keep(RECENT, found, began - _OVERLAP if is_written_well else since, began)
    return found


def check_whole() -> Sequence[Violation]:
    """Ask every rule of everything, and the audit log's chain."""
    began: datetime = db.execute(_WALL).scalar_one()
    found = [*violations(), *broken_chain()]
    _keep(WHOLE, found, began - _OVERLAP, began)
    return found


def is_whole_overdue() -> bool:
    """Say whether the daily check was made once and has been missing since."""
    return bool(db.execute(_IS_OVERDUE).scalar_one_or_none())


def findings(limit: int) -> Sequence[Violation]:
    """Return what the last checks found, for people to look at."""
    return _ask(_FINDINGS, limit=limit)


def _ask(question: TextClause, **given: object) -> Sequence[Violation]:
    return [Violation(rule, subject, detail) for rule, subject, detail in db.execute(question, given)]


def _keep(name: str, found: Sequence[Violation], since: datetime, began: datetime) -> None:
    """Put what a check found in place of what it found the last time."""
    db.execute(_NOTE, {"name": name, "since": since, "asked_at": began})
    db.execute(_FORGET, {"name": name})
    for violation in found:
        row = {"rule": violation.rule, "subject": violation.subject or "", "detail": violation.detail or ""}
        db.execute(_KEEP, {"name": name, **row})
