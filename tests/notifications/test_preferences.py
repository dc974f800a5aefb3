"""What comes by mail: wanted until somebody declines it, obeyed at once, and money always goes."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from portal.directory.models import Business
from portal.identity import links, queries, team
from portal.identity.models import TeamInvitation, User
from portal.identity.permissions import Role
from portal.kit import clock, edge, outbox
from portal.kit.db import db as session
from portal.kit.errors import NotFound
from portal.kit.outbox import DomainEvent
from portal.notifications import email, preferences, telling, unsubscribing
from portal.notifications.kinds import KINDS, OPTIONAL, Category, Kind
from portal.notifications.models import Email, Notice
from tests.notifications.samples import SAMPLES
from tests.support import shop

BASE = {"base_url": "https://stall.example", "seller_name": "The Seller", "seller_address": "1 Street"}


@pytest.fixture
def ann(db: None) -> User:
    return shop.make_owner()


@pytest.fixture
def business(ann: User) -> Business:
    return shop.make_business(ann)


def join(business: Business, inviter: User, address: str, role: Role) -> User:
    """Let somebody join by an invitation, and tell of it."""
    user = shop.make_owner(address)
    team.invite(business.id, business.name, address, role, False, inviter, edge.now())
    invitation = session.scalars(select(TeamInvitation).where(TeamInvitation.email == address)).one()
    team.accept(links.mint_link_token(invitation.id, clock.wall()), user, edge.now(), clock.wall())
    joined = select(DomainEvent.id).where(DomainEvent.name == team.JOINED).order_by(DomainEvent.id.desc()).limit(1)
    for _ in range(2):
        telling.tell(outbox.get(session.scalars(joined).one()), edge.now())
    return user


def told_by_mail() -> list[str]:
    return sorted(session.scalars(select(Email.recipient).where(Email.template == email.NOTICE)))


def told_in_the_pages() -> list[str]:
    query = select(User.email).join(Notice, Notice.user_id == User.id)
    return sorted(session.scalars(query))


def test_owners_are_told_who_joined_and_nobody_of_themselves(business: Business, ann: User) -> None:
    join(business, ann, "mona@shop.example", Role.MANAGER)
    join(business, ann, "olive@shop.example", Role.OWNER)
    join(business, ann, "vic@shop.example", Role.VIEWER)
    assert told_in_the_pages() == told_by_mail() == ["ann@shop.example"] * 3 + ["olive@shop.example"]
    [notice, *_] = session.scalars(select(Notice))
    assert notice.facts.keys() == SAMPLES["team_joined"].keys()
    joined = session.scalars(select(Email.facts["role"].astext).where(Email.recipient == "ann@shop.example"))
    assert sorted(joined) == ["manager", "owner", "viewer"], "a mail tells who joined as what, not what its reader is"


def test_where_nobody_else_may_know_nobody_is_told(business: Business, ann: User) -> None:
    facts = {"business_id": str(business.id), "by": ann.public_id, "member_name": "Ann", "role": "owner"}
    telling.tell(outbox.get(outbox.record(team.JOINED, "mem_1", facts, edge.now())), edge.now())
    assert told_in_the_pages() == told_by_mail() == []


def test_who_declines_is_told_in_the_pages_only(business: Business, ann: User) -> None:
    assert preferences.mail_choices(ann.id)[Category.TEAM] is True
    preferences.choose(ann.id, {Category.TEAM: False}, edge.now())
    join(business, ann, "mona@shop.example", Role.MANAGER)
    assert (told_in_the_pages(), told_by_mail()) == (["ann@shop.example"], [])
    preferences.choose(ann.id, {Category.TEAM: True}, edge.now())
    join(business, ann, "vic@shop.example", Role.VIEWER)
    assert told_by_mail() == ["ann@shop.example"]


def test_money_is_not_to_be_declined(ann: User) -> None:
    assert Category.MONEY not in OPTIONAL
    assert preferences.who_declined(Category.MONEY, [ann.id]) == set()
    with pytest.raises(IntegrityError), session.begin_nested():
        preferences.choose(ann.id, {Category.MONEY: False}, edge.now())


def test_the_database_knows_every_category_that_may_be_declined(ann: User) -> None:
    every = [category for category in Category if category is not Category.MONEY]
    preferences.choose(ann.id, dict.fromkeys(every, False), edge.now())
    stored = session.scalars(text("SELECT category FROM mail_choices")).all()
    assert sorted(stored) == sorted(every)


def test_a_link_is_good_for_its_reader_and_category_alone(ann: User) -> None:
    token = unsubscribing.token_of(ann.public_id, Category.TEAM)
    bob = shop.make_owner("bob@shop.example")
    assert unsubscribing.holder(token) == (ann.id, ann.email, Category.TEAM)
    forged = [
        token[:-1],
        token + "A",
        token.replace(".team.", ".products."),
        token.replace(ann.public_id, bob.public_id),
        unsubscribing.token_of(ann.public_id, Category.MONEY),
        unsubscribing.token_of("usr_" + "0" * 22, Category.TEAM),
        "",
        "..",
        "é" * 40,
    ]
    for wrong in forged:
        with pytest.raises(NotFound):
            unsubscribing.holder(wrong)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_mail_that_may_be_ended_says_how_and_no_other(ann: User, kind: Kind) -> None:
    queued = Email(template=email.NOTICE, locale="en", recipient=ann.email)
    name, category = kind.name, kind.category
    facts = SAMPLES[name] | BASE | {"kind": name, "reader": ann.public_id}
    letter = email.render(queued, facts)
    head = email.written(letter, "Stall <stall@stall.example>").as_bytes().split(b"\n\n")[0].decode()
    token = unsubscribing.token_of(ann.public_id, category)
    is_optional = category in OPTIONAL
    one_click = f"\nList-Unsubscribe: <https://stall.example/api/v1/unsubscribe/{token}>\n"
    assert (one_click in head, "\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n" in head) == (is_optional,) * 2
    for body in (letter.text, letter.html):
        assert (f"https://stall.example/unsubscribe/{token}" in body) is is_optional
        assert ("unsubscribe" in body) is is_optional


def test_mails_of_the_account_cannot_be_ended(ann: User) -> None:
    queued = Email(template="password_changed", locale="en", recipient=ann.email)
    letter = email.render(queued, BASE | {"name": "Ann"})
    assert letter.unsubscribe is None
    assert queries.find_user_of("usr_none") is None
