"""A provider that never stops talking: so many notices a second, of money long known, and some that nobody signed."""

import random
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import requests

from tests.soak.answers import Answers, Pace
from tests.support.sandbox import Sandbox, SandboxError

COPIES = 25
"""Of one notice, sent one after the other at the rate that is wanted."""
_AT_ONCE = 12
"""So many notices with their copies may be under way; a product that is slower than that is spoken to less often."""
_KINDS = ("ok", "ok", "ok", "ok", "ok", "ok", "ok", "tampered", "stale", "bad_signature")
_RECENT = 200


class Chatter:
    """Speaks of the orders that were paid so far."""

    def __init__(self, sandbox: Sandbox, paid: list[str], answers: Answers, seed: int) -> None:
        self._sandbox, self._paid, self._answers = sandbox, paid, answers
        self._chance = random.Random(seed)
        self.stop = threading.Event()

    def speak(self, rate: float) -> None:
        """Send so many notices a second until told to stop, whether those before have been answered or not."""
        pace, under_way = Pace(COPIES / rate), set[Future[None]]()
        with ThreadPoolExecutor(_AT_ONCE) as mouths:
            while not self.stop.is_set():
                pace.wait(self.stop)
                if self._paid:
                    under_way.add(mouths.submit(self._say, *self._choose(), 1 / rate))
                if len(under_way) == _AT_ONCE:
                    wait(under_way, return_when=FIRST_COMPLETED)
                for said in [said for said in under_way if said.done()]:
                    under_way.remove(said)
                    said.result()

    def _choose(self) -> tuple[str, str, bool]:
        """An order, what is said of it, and whether each copy bears a new name, as if it were another notice."""
        kind = self._chance.choice(_KINDS)
        return self._chance.choice(self._paid[-_RECENT:]), kind, kind == "ok" and self._chance.random() < 0.1

    def _say(self, order: str, kind: str, has_new_names: bool, gap: float) -> None:
        wish: dict[str, Any] = {"order": order, "variant": kind, "copies": COPIES, "gap": gap}
        try:
            told = self._sandbox.control("notify", **wish, fresh_ids=has_new_names)
        except (SandboxError, requests.RequestException):
            return
        for delivery in told["deliveries"]:
            self._answers.note_delivery(delivery["status"], 204 if kind == "ok" else 401, delivery["took_ms"])
