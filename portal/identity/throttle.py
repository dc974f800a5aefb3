"""Slowing down guesses. An account is closed to the one address that guesses, never to its owner elsewhere.

Counts live in the database and are kept whatever becomes of the request: the edge runs ``count_attempt`` apart.
"""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.identity.errors import TooManyAttempts
from portal.identity.models import LoginAttempts
from portal.kit.db import db

FREE_FAILURES = 5
"""Wrong guesses of one address at one account before it has to wait."""
_PAUSE = timedelta(minutes=15)
ACCOUNT_FAILURES = 50
"""Wrong guesses of all addresses together within the hour, after which addresses never seen are slowed."""
ACCOUNT_WINDOW = timedelta(hours=1)
_ACCOUNT_PAUSE = timedelta(seconds=5)


def count_attempt(email: str, address: str, wall: datetime) -> None:
    """Count a try as failed before it is made, so that tries at the same moment cannot slip through together.

    :param email: what was typed, known account or not: both wait alike.
    :raises TooManyAttempts: this address must wait first.
    """
    own = _locked(_account(email), address, wall)
    is_rested = own.last_attempt_at <= wall - _PAUSE
    if own.failures >= FREE_FAILURES and not is_rested:
        raise TooManyAttempts(_seconds(own.last_attempt_at + _PAUSE - wall))
    if own.last_success_at is None:
        _slow_strangers(own, wall)
    own.failures = 1 if is_rested else own.failures + 1
    own.last_attempt_at = wall
    db.flush()


def _locked(account: str, address: str, wall: datetime) -> LoginAttempts:
    """Return the count of this address at this account, made where it is new, locked so that tries take turns."""
    first = insert(LoginAttempts).values(account=account, address=address, failures=0, last_attempt_at=wall)
    db.execute(first.on_conflict_do_nothing())
    return db.get_one(LoginAttempts, (account, address), with_for_update=True)


def _slow_strangers(own: LoginAttempts, wall: datetime) -> None:
    """Let addresses that never logged in to a much-guessed account try only every few seconds, all together."""
    others = select(func.sum(LoginAttempts.failures), func.max(LoginAttempts.last_attempt_at)).where(
        LoginAttempts.account == own.account,
        LoginAttempts.address != own.address,
        LoginAttempts.last_attempt_at > wall - ACCOUNT_WINDOW,
    )
    failures, last = db.execute(others).one()
    if failures and failures >= ACCOUNT_FAILURES and last > wall - _ACCOUNT_PAUSE:
        raise TooManyAttempts(_seconds(last + _ACCOUNT_PAUSE - wall))


def forgive(email: str, address: str, wall: datetime) -> None:
    """Forget this address's failures after a success, and remember that the account's owner uses it."""
    mine = update(LoginAttempts).where(LoginAttempts.account == _account(email), LoginAttempts.address == address)
    db.execute(mine.values(failures=0, last_success_at=wall))


def _account(email: str) -> str:
    """A hash: what was typed for an account may be anything, even a password."""
    return hashlib.sha256(email.lower().encode()).hexdigest()


def _seconds(wait: timedelta) -> int:
    return max(1, round(wait.total_seconds()))
