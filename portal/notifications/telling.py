"""Telling of an event: everybody of the business's team who may know is told in the pages and by mail, once each."""

from datetime import datetime
from uuid import UUID

from portal.directory import businesses
from portal.identity import permissions
from portal.identity.queries import list_members
from portal.kit.outbox import DomainEvent
from portal.notifications import email, in_app, preferences
from portal.notifications.kinds import Kind, find_kind


def tell(event: DomainEvent, now: datetime) -> None:
    """Tell of an event, however often it is asked for; some events are told to nobody.

    A customer that is no business has no team to tell. Nobody is told of what they did: the event names them as ``by``.
    """
    kind, business_id = find_kind(event), event.facts.get("business_id")
    if kind is not None and business_id is not None:
        _tell(kind, UUID(business_id), event, now)


def _tell(kind: Kind, business_id: UUID, event: DomainEvent, now: datetime) -> None:
    business = businesses.get(business_id)
    named = {"business": business.public_id, "business_name": business.name, "slug": business.slug}
    facts = kind.gather(event) | named
    team = list_members(business_id)
    knowing = [member for member in team if permissions.can(member.role, member.may_spend, kind.right)]
    readers = [member for member in knowing if member.user.public_id != event.facts.get("by")]
    in_app.write([member.user_id for member in readers], kind.name, business_id, facts, now, about=event.id)
    declined = preferences.who_declined(kind.category, [member.user_id for member in readers])
    for member in (member for member in readers if member.user_id not in declined):
        reader = member.user
        whose = {"reader": reader.public_id, "reader_role": member.role, "reader_may_spend": member.may_spend}
        mailed = facts | {"kind": kind.name, **whose}
        email.queue_mail(reader.email, reader.locale, email.NOTICE, mailed, now, key=f"{event.id}:{reader.email}")
