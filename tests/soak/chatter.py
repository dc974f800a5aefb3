"""A provider that never stops talking: so many notices a second, of money long known, and some that nobody signed."""

import random
import threading
from typing import Any

import requests

from tests.soak.answers import Answers, Pace
from tests.support.sandbox import Sandbox, SandboxError

COPIES = 25
"""Of one notice, sent over half a second each."""
_KINDS = ("ok", "ok", "ok", "ok", "ok", "ok", "ok", "tampered", "stale", "bad_signature")
_RECENT = 200


class Chatter:
    """Speaks of the orders that were paid so far."""

    def __init__(self, sandbox: Sandbox, paid: list[str], answers: Answers, seed: int) -> None:
        self._sandbox, self._paid, self._answers = sandbox, paid, answers
        self._chance = random.Random(seed)
        self.stop = threading.Event()

    def speak(self, rate: float) -> None:
        """Send so many notices a second until told to stop."""
        pace = Pace(COPIES / rate)
        while not self.stop.is_set():
            pace.wait(self.stop)
            if self._paid:
                self._say(self._chance.choice(self._paid[-_RECENT:]), self._chance.choice(_KINDS))

    def _say(self, order: str, kind: str) -> None:
        """The same event again and again; one in ten times under a new name each time, as if it were another."""
        wish: dict[str, Any] = {"order": order, "variant": kind, "copies": COPIES, "gap": 0.02}
        wish["fresh_ids"] = kind == "ok" and self._chance.random() < 0.1
        try:
            told = self._sandbox.control("notify", **wish)
        except (SandboxError, requests.RequestException):
            return
        for delivery in told["deliveries"]:
            self._answers.note_delivery(delivery["status"], 204 if kind == "ok" else 401, delivery["took_ms"])
