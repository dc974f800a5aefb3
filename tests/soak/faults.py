"""What may go wrong at any moment: processes die, Redis forgets, the provider is silent, the clock moves on."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import redis

from portal.cli.start import answers_200
from tests.soak.memory import Supervised
from tests.support.processes import Instance, start_portal
from tests.support.sandbox import Sandbox

LONGEST = 90.0
"""Seconds within which the product must be ready again, the supervisor's pauses included."""


@dataclass(frozen=True)
class Fault:
    """What went wrong, when (seconds from the beginning), and after how many seconds the product was ready again."""

    name: str
    at: float
    ready_after: float
    began: float = 0.0
    """The same instant as the clock of ``time.monotonic`` has it."""

    @property
    def is_mended(self) -> bool:
        """Whether the product came back in time."""
        return self.ready_after < LONGEST


class Faults:
    """Chooses by a seed; each fault comes before any comes again."""

    def __init__(
        self, instance: Instance, sandbox: Sandbox, redis_url: str, seed: int, *, is_gentle: bool = False
    ) -> None:
        """Where it is gentle nobody dies: what a dead worker had in hand takes a minute until others may have it."""
        self._instance, self._sandbox, self._redis_url = instance, sandbox, redis_url
        self._supervised = Supervised(instance.state)
        self._chance = random.Random(seed)
        self._is_gentle = is_gentle
        self._left: list[Callable[[], None]] = []
        self._began = time.monotonic()
        self.happened: list[Fault] = []

    def strike(self) -> Fault:
        """Let something go wrong, and wait until the product is ready again. Main thread only."""
        if not self._left and self._is_gentle:
            self._left = [self.redis_forgets, self.a_web_worker_dies, self.the_clock_moves_on]
            self._chance.shuffle(self._left)
        if not self._left:
            self._left = [
                *(self.a_web_worker_dies, self.a_queue_worker_dies, self.the_scheduler_dies, self.postgresql_dies),
                *(self.redis_dies, self.redis_forgets, self.the_sandbox_dies, self.the_clock_moves_on),
                *(self.the_provider_fails, self.the_provider_is_silent, self.a_queue_worker_hangs),
            ]
            if not self.happened:
                self._left.append(self.everything_dies)
            self._chance.shuffle(self._left)
        fault = self._left.pop()
        began = time.monotonic()
        with suppress(ProcessLookupError, OSError, IndexError):  # whom a fault before this one has ended already
            fault()
        self._wait_until_ready(began)
        name, took = fault.__name__.replace("_", " "), time.monotonic() - began
        told = Fault(name, began - self._began, took, began)
        self.happened.append(told)
        return told

    def _wait_until_ready(self, began: float) -> None:
        time.sleep(0.5)  # so that what was killed is seen to be gone
        while not answers_200(self._instance.port, "/readyz") and time.monotonic() - began < LONGEST:
            time.sleep(0.2)

    def a_web_worker_dies(self) -> None:
        """The youngest, so that the oldest lives long enough to be weighed."""
        os.kill(self._supervised.children("web")[-1], signal.SIGKILL)

    def a_queue_worker_dies(self) -> None:
        os.kill(self._chance.choice(self._supervised.children("worker")[:-1]), signal.SIGKILL)

    def a_queue_worker_hangs(self) -> None:
        """It never comes back: its parent must not wait for it when it is told to stop."""
        os.kill(self._chance.choice(self._supervised.children("worker")[:-1]), signal.SIGSTOP)
        os.kill(self._supervised.pid("worker"), signal.SIGTERM)

    def the_scheduler_dies(self) -> None:
        os.kill(self._supervised.children("worker")[-1], signal.SIGKILL)

    def postgresql_dies(self) -> None:
        os.kill(self._supervised.pid("postgresql"), signal.SIGKILL)

    def redis_dies(self) -> None:
        os.kill(self._supervised.pid("redis"), signal.SIGKILL)

    def redis_forgets(self) -> None:
        redis.Redis.from_url(self._redis_url, socket_timeout=5).flushall()

    def the_sandbox_dies(self) -> None:
        os.kill(self._supervised.pid("sandbox"), signal.SIGKILL)

    def the_provider_fails(self) -> None:
        self._sandbox.fault("http500", "*", seconds=10)

    def the_provider_is_silent(self) -> None:
        self._sandbox.fault("timeout_after", "*", seconds=10, hold=12)

    def the_clock_moves_on(self) -> None:
        """By the command that people use, from one due instant to the next; it goes on without us after a while."""
        command = start_portal(["clock", "advance", "10", "minutes"], self._instance.environ)
        with suppress(subprocess.TimeoutExpired):
            command.communicate(timeout=20)
        command.kill()

    def everything_dies(self) -> None:
        """The supervisor and all it keeps, as when the power goes; somebody starts it again."""
        self._instance.stop(signal.SIGKILL)
        self._instance.start()
