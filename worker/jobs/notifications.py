"""Fanning events out to those who want to know, and sending the mails that come of it."""

from datetime import datetime
from uuid import UUID

from portal.identity import links, password_change, registration, team
from portal.kit import clock, config, outbox
from portal.kit.outbox import DomainEvent
from portal.notifications import email, telling
from portal.notifications.email import Letter
from worker.runner import Args, Handler, Plain, ThreePhase

_LINKED = {
    registration.EMAIL_VERIFICATION_WANTED: ("verify_email", "/verify/"),
    password_change.RESET_WANTED: ("reset_password", "/reset/"),
    team.INVITED: ("team_invitation", "/invitations/"),
}
"""Mails whose link is minted when they are written, so that no stored row can open anything."""
_PLAIN = {
    registration.ALREADY_REGISTERED: "already_registered",
    password_change.PASSWORD_CHANGED: "password_changed",
}


def _fan_out(args: Args, now: datetime) -> None:
    event = outbox.get(UUID(args["event_id"]))
    _tell(event, now)


def _tell(event: DomainEvent, now: datetime) -> None:
    if event.name in _LINKED or event.name in _PLAIN:
        template = _LINKED[event.name][0] if event.name in _LINKED else _PLAIN[event.name]
        facts = {**event.facts, "path": _LINKED.get(event.name, ("", ""))[1]}
        email.queue_mail(facts["to"], facts["locale"], template, facts, now, key=f"{event.id}:{facts['to']}")
    else:
        telling.tell(event, now)


def _prepare_email(args: Args, _: datetime) -> Letter | None:
    settings = config.current()
    common = {
        "base_url": settings.base_url,
        "seller_name": settings.seller.name,
        "seller_address": settings.seller.address,
    }

    def link(facts: Args) -> str:
        token = links.mint_link_token(UUID(facts["link_id"]), wall=clock.wall())
        return f"{settings.base_url}{facts['path']}{token}"

    return email.prepare(UUID(args["email_id"]), common, link)


def _send_email(letter: Letter) -> str:
    return email.send(letter, config.current())


def _record_email(args: Args, status: str, _: datetime) -> None:
    email.record(UUID(args["email_id"]), status)


HANDLERS: dict[str, Handler] = {
    outbox.FAN_OUT: Plain(_fan_out),
    email.SEND_EMAIL: ThreePhase(_prepare_email, _send_email, _record_email),
}
