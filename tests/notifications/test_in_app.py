"""Notices in the pages: once each, listed part by part, read one by one or all that were seen, and gone with a seat."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.dialects import postgresql

from portal.directory.models import Business
from portal.identity import queries, team
from portal.identity.models import User
from portal.identity.permissions import Role
from portal.kit import edge
from portal.kit.db import db as session
from portal.kit.errors import NotFound
from portal.notifications import in_app
from tests.notifications.samples import SAMPLES
from tests.support import shop

KIND = "payment_credited"
_MANY = text(
    "INSERT INTO notices (id, public_id, user_id, business_id, kind, facts, key, created_at, read_at) "
    "SELECT gen_random_uuid(), :name || n, :reader, NULL, 'payment_credited', '{}', :name || n, now(), "
    "CASE WHEN n % 2 = 0 THEN now() END FROM generate_series(1, :many) n"
)
_UNREAD = select(func.unread_notices(text(":reader")))


@pytest.fixture
def ann(now: datetime) -> User:
    return shop.make_owner()


@pytest.fixture
def business(ann: User) -> Business:
    return shop.make_business(ann)


def told(business: Business, *readers: User, about: UUID | None = None) -> None:
    ids = [reader.id for reader in readers]
    in_app.write(ids, KIND, business.id, SAMPLES[KIND], edge.now(), about=about or uuid4())


def listed(reader: User, after: str | None = None) -> list[str]:
    return [notice.public_id for notice in in_app.list_notices(reader.id, after).items]


def unread(reader: User) -> int:
    return int(session.execute(_UNREAD, {"reader": reader.id}).scalar_one())


def test_told_twice_is_one_notice(business: Business, ann: User) -> None:
    about = uuid4()
    for _ in range(2):
        told(business, ann, about=about)
    assert len(listed(ann)) == unread(ann) == 1


def test_the_list_goes_on_where_its_part_ended(business: Business, ann: User) -> None:
    for _ in range(2 * in_app.PAGE_SIZE + 1):
        told(business, ann)
    first = in_app.list_notices(ann.id, None)
    assert (len(first.items), first.older) == (in_app.PAGE_SIZE, first.items[-1].public_id)
    told(business, ann)
    second = in_app.list_notices(ann.id, first.older)
    last = in_app.list_notices(ann.id, second.older)
    seen = [notice.public_id for part in (first, second, last) for notice in part.items]
    assert (len(set(seen)), last.older) == (2 * in_app.PAGE_SIZE + 1, None)
    keys = [notice.id for part in (first, second, last) for notice in part.items]
    assert keys == sorted(keys, reverse=True)


@pytest.mark.parametrize("after", ["", "ntc_", "ntc_" + "0" * 22, "a\x00b", "ntc_" + "é" * 22, "x" * 999])
def test_a_list_that_goes_on_after_nothing_begins_anew(business: Business, ann: User, after: str) -> None:
    told(business, ann)
    assert len(listed(ann, after)) == 1
    in_app.read_all(ann.id, after, edge.now())
    assert unread(ann) == 1


def test_what_is_another_s_is_not_there(business: Business, ann: User) -> None:
    bob = shop.make_owner("bob@shop.example")
    told(business, ann)
    [notice] = listed(ann)
    assert listed(bob) == []
    with pytest.raises(NotFound):
        in_app.read(bob.id, notice, edge.now())
    in_app.read_all(bob.id, notice, edge.now())
    assert (unread(ann), unread(bob)) == (1, 0)


def test_reading_twice_keeps_the_first_time(business: Business, ann: User) -> None:
    told(business, ann)
    [notice] = listed(ann)
    first = in_app.read(ann.id, notice, edge.now())
    read_at = first.read_at
    assert read_at is not None
    assert in_app.read(ann.id, notice, read_at.replace(year=2030)).read_at == read_at
    assert unread(ann) == 0


def test_all_that_was_seen_is_read_and_nothing_that_came_since(business: Business, ann: User) -> None:
    told(business, ann)
    told(business, ann)
    newest = listed(ann)[0]
    told(business, ann)
    in_app.read_all(ann.id, newest, edge.now())
    found = in_app.list_notices(ann.id, None).items
    assert [notice.read_at is None for notice in found] == [True, False, False]


def test_whoever_leaves_the_team_leaves_its_notices(business: Business, ann: User) -> None:
    vic = shop.make_member(business, "vic@shop.example", Role.VIEWER)
    other = shop.make_business(vic, "Vic's")
    told(business, ann, vic)
    told(other, vic)
    member = queries.find_member(business.id, vic.id)
    assert member is not None
    team.remove(member, ann, edge.now())
    assert [notice.business_id for notice in in_app.list_notices(vic.id, None).items] == [other.id]
    assert (unread(ann), unread(vic)) == (1, 1)


def blocks(question: str) -> int:
    """How many blocks of tables and indexes PostgreSQL looks at to answer, once it knows the question."""
    session.execute(text(question))
    plan: dict[str, Any] = session.execute(text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {question}")).scalar_one()[0]
    return int(plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"])


def list_of(reader: User) -> str:
    """The statement of a list's first part, as it is asked."""
    asked = in_app._LIST.params(reader=reader.id, public_id=None)
    return str(asked.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))


def test_many_notices_cost_what_few_do(business: Business, ann: User) -> None:
    """The list reads a page of them, and the number at the bell at most a hundred."""
    carol = shop.make_owner("carol@shop.example")
    session.execute(_MANY, {"reader": shop.make_owner("bob@shop.example").id, "many": 20_000, "name": "bob"})
    session.execute(_MANY, {"reader": carol.id, "many": 20_000, "name": "carol"})
    told(business, ann)
    session.execute(text("ANALYZE notices"))
    assert blocks(f"SELECT count(*) FROM notices WHERE user_id = '{carol.id}'") > 300  # noqa: S608 - ours
    for reader in (ann, carol):
        assert blocks(list_of(reader)) < 60
        assert blocks(f"SELECT unread_notices('{reader.id}')") < 110
    assert (unread(ann), unread(carol)) == (1, 100)
