"""E-mails, plain and HTML, in the reader's language. They leave by SMTP, from a worker, outside a transaction."""

import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import formatdate
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from portal.identity import permissions
from portal.kit import clock, ids, jobs
from portal.kit.config import Settings
from portal.kit.db import db
from portal.kit.i18n import known_locale
from portal.notifications import kinds, unsubscribing
from portal.notifications.models import Email
from portal.notifications.words import environment, words

SEND_EMAIL = "notifications.send_email"
NOTICE = "notice"
"""The template of every mail that tells a notice: its words are those of the ``kind`` among its facts."""
_FOR_GOOD = 500  # RFC 5321 §4.2.1: from here on, trying again is no use


class _Policy(EmailPolicy):
    """The library's, but for an address in a head: a long one it would encode, and no mailbox would know it as such."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return a line of the head."""
        if name == "List-Unsubscribe":
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendered mail, ready to leave; ``id`` stays the same however often it is sent."""

    id: str
    recipient: str
    subject: str
    text: str
    html: str
    unsubscribe: str | None = None
    """Address that ends mails like this one by a single POST, for those that may be ended."""


def queue_mail(to: str, locale: str, template: str, facts: dict[str, Any], now: datetime, *, key: str) -> None:
    """Store a mail once for ``key`` and stage its sending.

    :param template: name under ``templates/emails``, which has a ``.txt`` (first line: the subject) and a ``.html``.
    :param facts: JSON values that the template shows.
    """
    row = {
        "id": ids.new_id(),
        "key": key,
        "recipient": to,
        "locale": known_locale(locale),
        "template": template,
        "facts": facts,
        "created_at": now,
    }
    added = db.execute(insert(Email).values(row).on_conflict_do_nothing(index_elements=["key"]).returning(Email.id))
    email_id = added.scalar_one_or_none()
    if email_id is not None:
        jobs.stage(SEND_EMAIL, queue=jobs.Queue.DEFAULT, due_at=now, key=f"email:{email_id}", email_id=str(email_id))


def prepare(email_id: UUID, common: dict[str, Any], link: Callable[[dict[str, Any]], str]) -> Letter | None:
    """Render a queued mail; None where it was sent already.

    :param common: what every mail shows: base_url, seller_name, seller_address.
    :param link: makes the secret link of facts that have a ``link_id``; it is not stored.
    """
    email = db.scalars(select(Email).where(Email.id == email_id)).one()
    if email.status != "queued":
        return None
    facts = {**email.facts, **common}
    if "link_id" in facts:
        facts["link"] = link(facts)
    return render(email, facts)


def render(email: Email, facts: dict[str, Any]) -> Letter:
    """Render a mail in its language; the first line of the text is the subject."""
    templates = environment(email.locale)
    token = None
    if email.template == NOTICE:
        token = _unsubscribe_token(facts)
        said = words(facts["kind"], facts, email.locale, lambda right: _may(facts, right))
        facts = facts | {"words": said, "unsubscribe": token}
    text = templates.get_template(f"emails/{email.template}.txt").render(facts)
    subject, _, body = text.partition("\n")
    html = templates.get_template(f"emails/{email.template}.html").render(facts, subject=subject.strip())
    one_click = f"{facts['base_url']}/api/v1/unsubscribe/{token}" if token else None
    return Letter(str(email.id), email.recipient, subject.strip(), body.strip() + "\n", html, one_click)


def _may(facts: dict[str, Any], right: str) -> bool:
    """Whether the reader had a right when the mail was queued; mails from before this was noted show every link."""
    role = facts.get("reader_role")
    return role is None or permissions.can(role, facts["reader_may_spend"], right)


def _unsubscribe_token(facts: dict[str, Any]) -> str | None:
    category = kinds.category_of(facts["kind"])
    return unsubscribing.token_of(facts["reader"], category) if category in kinds.OPTIONAL else None


def send(letter: Letter, settings: Settings) -> str:
    """Hand a mail to the SMTP server.

    :return: ``sent``, or ``refused`` where the server will never take this recipient.
    :raises OSError, smtplib.SMTPException: it was not taken; trying again is right.
    """
    message, smtp = written(letter, settings.mail_from), settings.smtp
    with smtplib.SMTP(smtp.host, smtp.port, timeout=10) as connection:
        if smtp.is_starttls:
            connection.starttls()
        if smtp.user:
            connection.login(smtp.user, smtp.password or "")
        try:
            connection.send_message(message)
        except smtplib.SMTPRecipientsRefused as refused:
            if all(code >= _FOR_GOOD for code, _ in refused.recipients.values()):
                return "refused"
            raise
    return "sent"


def written(letter: Letter, sender: str) -> EmailMessage:
    """Return a letter as a message; one that may be ended says how in its head (RFC 8058: by one click, without us)."""
    message = EmailMessage(policy=_Policy())
    message["From"], message["To"], message["Subject"] = sender, letter.recipient, letter.subject
    message["Date"], message["Message-ID"] = formatdate(localtime=False), f"<{letter.id}@stallholder.invalid>"
    if letter.unsubscribe:
        message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


def record(email_id: UUID, status: str) -> None:
    """Note that a mail was ``sent`` or ``refused``."""
    email = db.scalars(select(Email).where(Email.id == email_id).with_for_update()).one()
    email.status = status
    email.sent_at = clock.wall() if status == "sent" else None
