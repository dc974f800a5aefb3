"""What was done for a key is done once, whoever comes at the same time, and again only where it came to nothing."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from portal.kit import clock, edge, idempotency
from portal.kit.db import db
from portal.kit.idempotency import KeyReused
from tests.support.races import at_once, contend

Saw = Callable[[str], None]
ANN, KEY, BODY = "user:ann", "k" * 22, "what was sent"
_NOTE = text("INSERT INTO heartbeats (process) VALUES (gen_random_uuid()::text)")
_PAUSE = text("SELECT pg_sleep(0.2)")
pytestmark = pytest.mark.usefixtures("committing")


def do_once(owner: str = ANN, key: str = KEY, body: str = BODY, *, is_kept: bool = True) -> dict[str, str] | None:
    """Leave a note, unless that was done before for the key; give the earlier answer."""
    return edge.write(lambda: do_it(owner, key, body), keep=lambda _: is_kept)


def do_it(owner: str = ANN, key: str = KEY, body: str = BODY) -> dict[str, str] | None:
    """Do so in the open transaction."""
    earlier = idempotency.begin(owner, key, body, clock.wall())
    if earlier is None:
        db.execute(_NOTE)
        db.execute(_PAUSE)
        idempotency.keep(owner, key, {"location": "/there"})
    return earlier


def notes() -> int:
    return edge.write(lambda: int(db.execute(text("SELECT count(*) FROM heartbeats")).scalar_one()))


def test_e11_the_second_time_gets_the_answer_of_the_first() -> None:
    assert [do_once(), do_once(), do_once()] == [None, {"location": "/there"}, {"location": "/there"}]
    assert notes() == 1


def test_e11_of_many_at_once_one_does_it_and_the_others_wait_for_its_answer(saw: Saw) -> None:
    found = at_once(*[do_once] * 8)
    assert sorted(found, key=bool) == [None, *[{"location": "/there"}] * 7]
    assert notes() == 1
    saw("8 at once with one key: done once, 7 were given its answer")


def test_e11_other_contents_are_refused_also_where_the_first_is_still_under_way(saw: Saw) -> None:
    found = contend(do_it, partial(do_it, body="something else"))
    assert {type(one) for one in found} == {type(None), KeyReused}
    assert notes() == 1
    saw("two contents at once under one key: one done, one refused with 409")


def test_without_the_key_all_of_many_at_once_would_do_it() -> None:
    at_once(*[lambda number=number: do_once(key=f"{number}" * 22) for number in range(8)])
    assert notes() == 8


def test_what_was_not_kept_leaves_the_key_free() -> None:
    assert [do_once(is_kept=False), do_once()] == [None, None]
    assert notes() == 1


def test_a_key_given_back_is_free_in_the_same_transaction() -> None:
    def work() -> dict[str, str] | None:
        idempotency.begin(ANN, KEY, BODY, clock.wall())
        idempotency.give_back(ANN, KEY)
        return idempotency.begin(ANN, KEY, "something else", clock.wall())

    assert edge.write(work) is None


def test_e11_somebody_elses_key_is_another_and_other_contents_are_refused() -> None:
    do_once()
    assert do_once(owner="user:bob") is None
    with pytest.raises(KeyReused) as refused:
        do_once(body="something else")
    assert (refused.value.status, refused.value.code) == (409, "idempotency_key_reused")
    assert notes() == 2


def test_a_key_is_remembered_for_a_day_and_neither_it_nor_the_contents_can_be_read() -> None:
    do_once()
    edge.write(lambda: idempotency.forget_old(clock.wall() + idempotency.KEPT - timedelta(minutes=1)))
    row = edge.write(lambda: str(db.execute(text("SELECT k::text FROM idempotency_keys k")).scalar_one()))
    assert KEY not in row
    edge.write(lambda: idempotency.forget_old(clock.wall() + idempotency.KEPT + timedelta(minutes=1)))
    assert do_once() is None
