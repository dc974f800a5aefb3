"""The bell: one rings at a time, and what others asked for meanwhile is rung for once, after them."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from portal.kit.wake import Bell
from tests.support.processes import eventually


def test_who_asks_while_another_rings_goes_on_and_is_rung_for_afterwards() -> None:
    rounds: list[list[str]] = []
    goes_on = Event()

    def ring(queues: object) -> None:
        rounds.append(list(queues))  # type: ignore[call-overload]
        assert goes_on.wait(10)

    bell = Bell(ring)
    with ThreadPoolExecutor(1) as other:
        first = other.submit(bell, ["money"])
        assert eventually(lambda: rounds == [["money"]])
        for _ in range(50):
            bell(["money"])
        bell(["default"])
        assert rounds == [["money"]], "nobody else rings, and nobody waits"
        goes_on.set()
        first.result(10)
    assert rounds == [["money"], ["default", "money"]]


def test_a_bell_that_broke_rings_again() -> None:
    rounds: list[list[str]] = []

    def ring(queues: object) -> None:
        rounds.append(list(queues))  # type: ignore[call-overload]
        if len(rounds) == 1:
            raise RuntimeError("as ordered")

    bell = Bell(ring)
    with pytest.raises(RuntimeError, match="as ordered"):
        bell(["money"])
    bell(["money"])
    assert rounds == [["money"], ["money"]]


def test_no_wish_is_lost_among_many() -> None:
    """Whoever asked, a round that began afterwards had his queue."""
    heard: set[str] = set()
    bell = Bell(heard.update)
    with ThreadPoolExecutor(8) as many:
        list(many.map(lambda number: bell([f"queue {number}"]), range(5_000)))
    assert len(heard) == 5_000
