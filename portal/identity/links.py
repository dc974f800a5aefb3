"""Links in mails that prove an address or renew a password. Each works once and for a time; only hashes are stored.

The row is made with the wish; the token is made when the mail is written, so that no queue or event ever holds one.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select, update

from portal.identity.errors import LinkExpired
from portal.identity.models import EmailToken, TeamInvitation, User
from portal.kit import config, tokens
from portal.kit.db import db

INVITATION_LASTS = timedelta(days=7)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
_REMEMBERED = timedelta(days=1)


class Purpose(StrEnum):
    """What a link is good for."""

    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 - a purpose, not a secret


_LASTS = {Purpose.VERIFY_EMAIL: timedelta(hours=48), Purpose.RESET_PASSWORD: timedelta(hours=1)}


def want(user: User, purpose: Purpose, now: datetime) -> UUID | None:
    """Store the wish for a link and return its id, which a later ``mint_link_token`` takes.

    None when the same was wished a moment ago: nobody's mailbox is filled by pressing a button. The pause doubles with
    each unused link of the day up to an hour, which is less than any link lasts.
    """
    unused = select(func.count(), func.max(EmailToken.created_at)).where(
        EmailToken.user_id == user.id,
        EmailToken.purpose == purpose,
        EmailToken.used_at.is_(None),
        EmailToken.created_at > now - _REMEMBERED,
    )
    count, newest = db.execute(unused).one()
    if count and newest > now - min(_FIRST_PAUSE * 2 ** min(count - 1, 10), _LONGEST_PAUSE):
        return None
    row = EmailToken(user_id=user.id, purpose=purpose, created_at=now)
    db.add(row)
    db.flush()
    return row.id


def mint_link_token(link_id: UUID, wall: datetime) -> str:
    """Make the secret of a link while its mail is written; a mail that is written again bears the same one.

    Whoever sends a mail may die before knowing that it left, and sends it again: both must open the same door.

    :param link_id: the ``link_id`` of an identity event: an e-mail token or an invitation.
    """
    token = tokens.token_for(config.current().secret_key, f"link {link_id}")
    row = db.get(EmailToken, link_id) or db.get_one(TeamInvitation, link_id)
    lasts = INVITATION_LASTS if isinstance(row, TeamInvitation) else _LASTS[Purpose(row.purpose)]
    row.token_hash = tokens.hashed(token)
    row.expires_at = wall + lasts
    db.flush()
    return token


def find_holder(token: str, purpose: Purpose, wall: datetime) -> User | None:
    """Return whose link this is, while it is good; looking does not use it up."""
    return db.scalars(
        select(User)
        .join(EmailToken, EmailToken.user_id == User.id)
        .where(
            EmailToken.token_hash == tokens.hashed(token),
            EmailToken.purpose == purpose,
            EmailToken.used_at.is_(None),
            EmailToken.expires_at > wall,
        )
    ).one_or_none()


def spend(token: str, purpose: Purpose, wall: datetime) -> User:
    """Use the link up, together with its user's other links of that purpose.

    :raises LinkExpired: used, too old or unknown; of two at once only one is first.
    """
    user = find_holder(token, purpose, wall)
    spent = update(EmailToken).where(EmailToken.token_hash == tokens.hashed(token), EmailToken.used_at.is_(None))
    if user is None or db.scalars(spent.values(used_at=wall).returning(EmailToken.id)).one_or_none() is None:
        raise LinkExpired
    siblings = update(EmailToken).where(
        EmailToken.user_id == user.id, EmailToken.purpose == purpose, EmailToken.token_hash.is_not(None)
    )
    db.execute(siblings.where(EmailToken.used_at.is_(None)).values(used_at=wall))
    return user
