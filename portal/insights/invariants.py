"""What must always hold, asked of the database: one view, no rows when all is well (reliability.md, *Invariants*)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from portal.identity import audit
from portal.kit.db import db


@dataclass(frozen=True, slots=True)
class Violation:
    """``rule`` is broken by ``subject``; ``detail`` has the figures."""

    rule: str
    subject: str
    detail: str


def violations(limit: int = 100) -> Sequence[Violation]:
    """Return up to ``limit`` broken invariants."""
    rows = db.execute(text("SELECT rule, subject, detail FROM invariant_violations LIMIT :limit"), {"limit": limit})
    return [Violation(rule, subject, detail) for rule, subject, detail in rows]


def broken_chain() -> Sequence[Violation]:
    """Return what is wrong with the audit log's chain of hashes; reads all of it."""
    problem = audit.verify_chain()
    return [Violation("audit_chain_verifies", "audit_log", problem)] if problem else []
