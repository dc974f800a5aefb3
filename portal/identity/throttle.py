"""Slowing down guesses. An account is closed to the one address that guesses, never to its owner elsewhere.

Counts live in the database and are kept whatever becomes of the request: the edge runs ``count_attempt`` apart.
"""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.identity.errors import TooManyAttempts
from portal.identity.models import LoginAttempts
from portal.kit.db import db

FREE_FAILURES = 5
"""Wrong guesses of one address at one account before it has to wait."""
_PAUSE = timedelta(minutes=15)
ACCOUNT_FAILURES = 50
"""Wrong guesses of all addresses together within the hour, after which addresses never seen are slowed."""
_ACCOUNT_WINDOW = timedelta(hours=1)
_ACCOUNT_PAUSE = timedelta(seconds=5)
_KEPT = timedelta(days=90)


def count_attempt(email: str, address: str, wall: datetime) -> None:
    """Count a try as failed before it is made, so that tries at the same moment cannot slip through together.

    :param email: what was typed, known account or not: both wait alike.
    :raises TooManyAttempts: this address must wait first.
    """
    account = _account(email)
    own = db.get(LoginAttempts, (account, address), with_for_update=True)
    is_resting = own is not None and own.failures >= FREE_FAILURES and own.last_attempt_at > wall - _PAUSE
    if own is not None and is_resting:
        raise TooManyAttempts(_seconds(own.last_attempt_at + _PAUSE - wall))
    if own is None or own.last_success_at is None:
        _slow_strangers(account, wall)
    failures = case((LoginAttempts.last_attempt_at <= wall - _PAUSE, 1), else_=LoginAttempts.failures + 1)
    first = insert(LoginAttempts).values(account=account, address=address, failures=1, last_attempt_at=wall)
    again = {"failures": failures, "last_attempt_at": wall}
    db.execute(first.on_conflict_do_update(index_elements=["account", "address"], set_=again))


def _slow_strangers(account: str, wall: datetime) -> None:
    """Let addresses that never logged in to a much-guessed account try only every few seconds, all together."""
    recent = select(func.sum(LoginAttempts.failures), func.max(LoginAttempts.last_attempt_at)).where(
        LoginAttempts.account == account, LoginAttempts.last_attempt_at > wall - _ACCOUNT_WINDOW
    )
    failures, last = db.execute(recent).one()
    if failures and failures >= ACCOUNT_FAILURES and last > wall - _ACCOUNT_PAUSE:
        raise TooManyAttempts(_seconds(last + _ACCOUNT_PAUSE - wall))


def forgive(email: str, address: str, wall: datetime) -> None:
    """Forget this address's failures after a success, and remember that the account's owner uses it."""
    mine = update(LoginAttempts).where(LoginAttempts.account == _account(email), LoginAttempts.address == address)
    db.execute(mine.values(failures=0, last_success_at=wall))


def forget_old(wall: datetime) -> None:
    """Drop counts that no longer slow anybody; called once a day."""
    is_stale = LoginAttempts.last_attempt_at < wall - _ACCOUNT_WINDOW
    is_old = LoginAttempts.last_attempt_at < wall - _KEPT
    db.execute(delete(LoginAttempts).where(is_stale, or_(LoginAttempts.last_success_at.is_(None), is_old)))


def _account(email: str) -> str:
    """A hash: what was typed for an account may be anything, even a password."""
    return hashlib.sha256(email.lower().encode()).hexdigest()


def _seconds(wait: timedelta) -> int:
    return max(1, round(wait.total_seconds()))
