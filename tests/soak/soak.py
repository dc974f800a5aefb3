"""A soak: the real product under its supervisor, people and a talkative provider, and a fault every half minute.

At the end the load stops, everything comes to rest, and the oracle is asked.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from portal.cli import environment
from tests.soak.answers import Answers
from tests.soak.chatter import Chatter
from tests.soak.faults import Fault, Faults
from tests.soak.memory import LONG_ENOUGH, WARM_UP, Memory, Supervised
from tests.soak.people import PATIENCE, Street
from tests.support.oracle import Oracle
from tests.support.processes import Instance, eventually
from tests.support.sandbox import Sandbox
from tests.support.visitor import Journal

PEOPLE = 3
MOST_GROWTH = 0.05
ENOUGH = 0.9
"""Of the notices that are to be sent, so many must be answered while nothing is disturbed."""
CALM = 4.0
"""Seconds at the end without a new fault, so that whoever is in the middle of something comes to its end."""
_AFTERMATH = 10.0
"""Seconds that a fault of the provider lasts, and that a process needs which was started anew."""
_AN_HOUR_LATER = "UPDATE business_clock SET ahead = ahead + interval '61 minutes'"
_SHOWN_PAID = "SELECT public_id FROM payment_sessions WHERE public_id = ANY (%s) AND status = 'paid'"


@dataclass(frozen=True)
class Plan:
    """How long, how much, how often something breaks, and by which chance.

    How quickly notices are answered is judged where the soak has the machine to itself; None where it has not.
    """

    seconds: float
    seed: int
    notices: float = 50
    every: float = 30
    patience_ms: int | None = 1000
    is_gentle: bool = False


@dataclass
class Outcome:
    """What there is to report."""

    plan: Plan
    seconds: float
    answers: Answers
    memory: Memory
    faults: list[Fault]
    promises: int = 0
    payments: int = 0
    misses: list[str] = field(default_factory=list)
    ended: float = 0.0
    """When the load ended, as the clock of ``time.monotonic`` has it."""

    @property
    def disturbances(self) -> list[tuple[float, float]]:
        """From when to when answers were slow because something was broken on purpose."""
        return [(fault.began, fault.began + fault.ready_after + _AFTERMATH) for fault in self.faults]

    @property
    def calm(self) -> list[tuple[float, float]]:
        """From when to when nothing was disturbed, beginning with the first notice."""
        spans, since = [], min(self.answers.heard, default=self.ended)
        for begins, ends in [*sorted(self.disturbances), (self.ended, self.ended)]:
            spans.append((since, min(begins, self.ended)))
            since = max(since, ends)
        return [(since, until) for since, until in spans if since < until]

    @property
    def pace(self) -> float:
        """How many notices a second were answered while nothing was disturbed."""
        seconds = sum(until - since for since, until in self.calm)
        heard = sum(since <= at < until for at in self.answers.heard for since, until in self.calm)
        return heard / seconds if seconds else 0.0

    @property
    def notices(self) -> int:
        """How many notices were sent."""
        return sum(count for (who, _), count in self.answers.counts.items() if who == "notices")


class Soak:
    """One run over one state folder."""

    def __init__(self, plan: Plan, state: Path, tell: Callable[[str], None]) -> None:
        self._plan, self._tell = plan, tell
        self._instance = Instance(state, PORTAL_PROXIES="1")

    def run(self) -> Outcome:
        """Start the product, load it, break it, let it rest and judge."""
        self._instance.start()
        try:
            return self._run(environment.of_instance(self._instance.environ))
        finally:
            self._instance.stop()

    def _run(self, environ: dict[str, str]) -> Outcome:
        plan, answers, began = self._plan, Answers(), time.monotonic()
        sandbox = _sandbox(environ)
        sandbox.switch(close_after_seconds=0)
        street = Street(environ["PORTAL_BASE_URL"], sandbox, answers, plan.seed)
        chatter = Chatter(sandbox, street.paid, answers, plan.seed)
        memory = Memory(Supervised(self._instance.state))
        people = _at_work(answers.wrong, *[street.live] * PEOPLE)
        others = _at_work(answers.wrong, memory.watch, lambda: chatter.speak(plan.notices))
        faults = Faults(self._instance, sandbox, environ["REDIS_URL"], plan.seed, is_gentle=plan.is_gentle)
        self._break_things(faults, began)
        ended = time.monotonic()
        street.closed.set()
        answers.wrong += _end(people, 2 * PATIENCE)
        for part in (street, chatter, memory):
            part.stop.set()
        answers.wrong += _end(others, 120)
        outcome = Outcome(plan, ended - began, answers, memory, faults.happened, payments=len(street.paid), ended=ended)
        outcome.misses += [f"somebody gave up: {reason}" for reason in street.given_up]
        self._rest(environ["DATABASE_URL"], sandbox)
        self._judge(outcome, environ["DATABASE_URL"], sandbox, street.journal)
        return outcome

    def _break_things(self, faults: Faults, began: float) -> None:
        plan, number = self._plan, 0
        while True:
            number += 1
            due = began + number * plan.every
            if due > began + plan.seconds - CALM:
                break
            time.sleep(max(0.0, due - time.monotonic()))
            fault = faults.strike()
            self._tell(f"{fault.at:6.0f} s  {fault.name}; ready after {fault.ready_after:.1f} s")
        time.sleep(max(0.0, began + plan.seconds - time.monotonic()))

    def _rest(self, database_url: str, sandbox: Sandbox) -> None:
        """Let two hours pass at once, so that everything is asked for that nobody told."""
        self._tell("letting everything come to rest …")
        sandbox.fault("none")
        for _ in range(2):
            with psycopg.connect(database_url) as books:
                books.execute(_AN_HOUR_LATER)
            sandbox.advance(3660, settle=False)
            eventually(lambda: not Oracle(database_url, sandbox).unquiet(), 60)

    def _judge(self, outcome: Outcome, database_url: str, sandbox: Sandbox, journal: Journal) -> None:
        answers, misses = outcome.answers, outcome.misses
        misses += answers.wrong
        spoken = outcome.ended - min(answers.heard, default=outcome.ended)
        if not (outcome.payments and answers.heard) or len(answers.heard) < outcome.plan.notices * spoken / 4:
            misses.append(f"too little happened: {outcome.payments} payments, {outcome.notices} notices")
        misses += [f"not ready again after {fault.name}" for fault in outcome.faults if not fault.is_mended]
        misses += too_slow(outcome)
        misses += grown_too_much(outcome.memory) + not_weighed(outcome)
        misses += _complaints(Oracle(database_url, sandbox, seconds=120))
        outcome.promises = len(journal.promises)
        misses += _lost(journal)
        with psycopg.connect(database_url) as books:
            known = {row[0] for row in books.execute(_SHOWN_PAID, [list(answers.paid)])}
        misses += [f"{session} was shown as paid" for session in answers.paid - known]


def _at_work(broken: list[str], *works: Callable[[], None]) -> list[threading.Thread]:
    """Begin each work on a thread; what falls over is told in ``broken``, as less load would only look like peace."""

    def do(work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            broken.append(f"{threading.current_thread().name} broke off: {error!r}")

    threads = [threading.Thread(target=do, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    return threads


def _end(threads: list[threading.Thread], seconds: float = 60) -> list[str]:
    """Wait until all have come to their end, and name those that have not."""
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [f"{thread.name} never came to its end" for thread in threads if thread.is_alive()]


def _sandbox(environ: dict[str, str]) -> Sandbox:
    ports = (int(environ[f"PORTAL_SANDBOX_{name}"]) for name in ("PORT", "SMTP_PORT"))
    return Sandbox.beside(*ports, Path(environ["PORTAL_SANDBOX_KEYS"]), environ["PORTAL_SANDBOX_TOKEN"])


def too_slow(outcome: Outcome) -> list[str]:
    """What was slower or less than is promised; judged where the soak has the machine to itself."""
    plan, slow = outcome.plan, list[str]()
    if plan.patience_ms is None:
        return slow
    p99 = outcome.answers.percentile(0.99, outcome.disturbances)
    if p99 >= plan.patience_ms:
        slow.append(f"99 of 100 acknowledgements between the faults took up to {p99} ms")
    if outcome.pace < ENOUGH * plan.notices:
        slow.append(f"between the faults only {outcome.pace:.0f} of {plan.notices:.0f} notices a second were answered")
    return slow


def grown_too_much(memory: Memory) -> list[str]:
    """Name the web workers that grew by a twentieth or more after their warm-up."""
    grown = {pid: life.growth for (pid, _), life in memory.lives.items() if life.kind == "web worker"}
    return [f"web worker {pid} grew by {share:.1%}" for pid, share in grown.items() if share and share >= MOST_GROWTH]


def not_weighed(outcome: Outcome) -> list[str]:
    """A soak that was long enough, and in which no web worker lived long enough to be judged."""
    lives = outcome.memory.lives.values()
    is_weighed = any(life.kind == "web worker" and life.growth is not None for life in lives)
    is_long = outcome.seconds >= 2 * (WARM_UP + LONG_ENOUGH)
    return ["no web worker lived long enough to be weighed"] if is_long and not is_weighed else []


def _complaints(oracle: Oracle) -> list[str]:
    try:
        oracle.ask()
    except AssertionError as complaint:
        return [str(complaint)]
    return []


def _lost(journal: Journal) -> list[str]:
    """Look for every promised place, a few at a time."""
    parts = [Journal() for _ in range(4)]
    for promise in journal.promises:
        parts[hash(promise.visitor) % 4].promises.append(promise)
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda part: list(part.lost()), parts)
    return [f"{lost.rule}: {lost.subject}: {lost.detail}" for part in found for lost in part]
