"""Telling of one event by several workers at once, and of somebody who is leaving the team just then."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from portal.identity import queries, team
from portal.identity.permissions import Role
from portal.kit import edge, outbox
from portal.notifications import telling
from tests.support import shop
from tests.support.races import Race, count, dropped, rewritten

Prove = Callable[[Race[Any]], list[object]]
Saw = Callable[[str], None]
VIC = "vic@shop.example"
_ONCE = rewritten(r"(INSERT INTO notices.*?) ON CONFLICT \(key\) DO NOTHING", r"\1")
_THEIRS = "notices n JOIN users u ON u.id = n.user_id WHERE u.email = "


def happened() -> UUID:
    """Something that a shop's owner and its other owner Vic are to be told."""
    business = shop.make_business(shop.make_owner())
    shop.make_member(business, VIC, Role.OWNER)
    facts = {"business_id": str(business.id), "member_name": "Mona", "role": "manager"}
    return outbox.record(team.JOINED, "mem_1", facts, edge.now())


def tell(event_id: UUID) -> None:
    telling.tell(outbox.get(event_id), edge.now())


def leave(event_id: UUID) -> None:
    business_id = UUID(outbox.get(event_id).facts["business_id"])
    vic = queries.get_user_of(VIC)
    member = queries.find_member(business_id, vic.id)
    assert member is not None
    team.remove(member, vic, edge.now())


def test_several_workers_tell_each_reader_once(prove: Prove, saw: Saw) -> None:
    race = Race(
        prepare=happened,
        works=lambda event_id: [lambda: tell(event_id)] * 4,
        act="INSERT INTO notices",
        guards=[dropped("ALTER TABLE notices DROP CONSTRAINT notices_key_key"), _ONCE],
        holds=lambda *_: count("notices") == count("emails WHERE template = 'notice'") == 2,
    )
    prove(race)
    saw("4 workers, 2 readers: 2 notices and 2 mails")


def test_who_leaves_while_being_told_has_no_notice(prove: Prove, saw: Saw) -> None:
    """The telling is refused and comes again as every job does; then it finds nobody of that name in the team."""
    race = Race(
        prepare=happened,
        works=lambda event_id: [lambda: leave(event_id), lambda: tell(event_id)],
        act="DELETE FROM team_members|INSERT INTO notices",
        guards=[dropped("ALTER TABLE notices DROP CONSTRAINT notices_business_id_user_id_fkey")],
        holds=lambda *_: count(f"{_THEIRS} '{VIC}'") == 0,
        refusals=(IntegrityError,),
    )
    prove(race)
    saw("whoever left is told nothing, whichever came first")
