"""Forgetting what no longer opens, limits or proves anything. The audit log is never pruned."""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_

from portal.identity import throttle
from portal.identity.models import EmailToken, LoginAttempts, LoginSession
from portal.kit.db import db

_KEPT = timedelta(days=90)


def forget_old(wall: datetime) -> None:
    """Drop log-ins and links that ended long ago and counts that slow nobody; run once a day."""
    long_ago = wall - _KEPT
    db.execute(delete(LoginSession).where(LoginSession.expires_at < long_ago))
    db.execute(delete(EmailToken).where(EmailToken.created_at < long_ago))
    is_stale = LoginAttempts.last_attempt_at < wall - throttle.ACCOUNT_WINDOW
    was_never_right = or_(LoginAttempts.last_success_at.is_(None), LoginAttempts.last_attempt_at < long_ago)
    db.execute(delete(LoginAttempts).where(is_stale, was_never_right))
