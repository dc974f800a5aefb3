"""The bell: who asks for a wake-up never waits for it, and what many asked for is rung for once."""

import subprocess
import sys
from threading import Event

from portal.kit.wake import Bell
from tests.support.processes import eventually

_ENDS_AT_ONCE = """
from portal.kit.wake import Bell
bell = Bell(lambda queues: print(*queues, flush=True))
bell._thread = type("Busy", (), {"is_alive": lambda self: True})()
bell(["money"])
"""


def test_who_asks_waits_for_nobody_and_all_who_asked_meanwhile_are_rung_for_once() -> None:
    rounds: list[list[str]] = []
    goes_on = Event()

    def ring(queues: object) -> None:
        rounds.append(list(queues))  # type: ignore[call-overload]
        assert goes_on.wait(10)

    bell = Bell(ring)
    bell(["money"])
    assert eventually(lambda: rounds == [["money"]])
    for _ in range(50):
        bell(["money"])
    bell(["default"])
    assert rounds == [["money"]], "the first round is not over"
    goes_on.set()
    assert eventually(lambda: rounds == [["money"], ["default", "money"]])


def test_a_process_that_ends_rings_for_what_it_was_asked_for() -> None:
    ended = subprocess.run([sys.executable, "-c", _ENDS_AT_ONCE], capture_output=True, text=True, check=True)
    assert ended.stdout == "money\n"
