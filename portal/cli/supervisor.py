"""Keeps children running: starts them, brings back the ones that die, and stops them all in reverse order.

It knows nothing of what they do. Only the main thread works here: Linux ends children with the thread that began them.
"""

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import click

from portal.cli.files import private_folder, state_folder
from portal.cli.log_watch import LogWatch
from portal.cli.processes import Child, Command, end_left_over, kill_group

STEADY = 60.0
LONGEST_PAUSE = 30.0
LARGEST_LOG = 10_000_000


class StopRequested(Exception):
    """Somebody asked us to end, by Ctrl-C or SIGTERM."""


class StartError(Exception):
    """The start cannot go on; the message says why and what to do."""


@dataclass(slots=True)
class Watched:
    """A child that is to be kept alive, and its luck so far."""

    child: Child
    started: float = field(default_factory=time.monotonic)
    failures: int = 0
    due: float | None = None


class Supervisor:
    """The parent of everything that one state folder runs."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self._is_stopping = False
        self._watched: list[Watched] = []
        self._log_watch = LogWatch()

    @contextmanager
    def in_charge(self) -> Iterator[None]:
        """Own the state folder, clean up after an earlier owner, and leave no child behind whatever happens inside."""
        logs, records = (private_folder(state_folder(self.state) / name) for name in ("logs", "run"))
        with _locked(self.state / "lock"), self._listening_to_signals():
            for record in sorted(records.glob("*.json")):
                if record.name != "environment.json" and end_left_over(record):
                    click.echo(f"ended {record.stem}, left over from an earlier run")
            for log in logs.glob("*.log"):
                if log.stat().st_size > LARGEST_LOG:
                    log.rename(log.with_suffix(".log.1"))
            try:
                yield
            finally:
                self._stop()

    def spawn(self, command: Command, *, shows_errors: bool = True) -> Child:
        """Start a child that is kept alive from now on; errors it logs are shown on the console if wanted."""
        self._raise_if_stopping()
        if shows_errors:
            self._log_watch.follow(command.name, self._log_of(command))
        watched = Watched(self._new_child(command))
        self._watched.append(watched)
        return watched.child

    def run_to_end(self, command: Command) -> None:
        """Run a command that ends by itself; raises StartError with its last words when it fails."""
        child = self._new_child(command)
        try:
            while child.is_running():
                self.pause(0.02)
            if child.process.returncode:
                raise StartError(f"{command.name} failed:\n{child.last_lines()}")
        finally:
            child.stop()

    def wait_for(self, what: str, condition: Callable[[], bool], seconds: float) -> None:
        """Return when the condition holds; raises StartError when a child ends before that or the time is over."""
        deadline = time.monotonic() + seconds
        while not condition():
            for watched in self._watched:
                if not watched.child.is_running():
                    raise StartError(f"{watched.child.command.name} ended early:\n{watched.child.last_lines()}")
            if time.monotonic() > deadline:
                raise StartError(f"{what} was not ready within {seconds:.0f} s; look into {self.state / 'logs'}")
            self.pause(0.05)

    def pause(self, seconds: float) -> None:
        """Sleep; raises StopRequested when somebody asked us to end."""
        self._raise_if_stopping()
        time.sleep(seconds)
        self._raise_if_stopping()

    def keep_running(self) -> None:
        """Bring back what dies and show the errors that children log, until somebody asks us to end."""
        while True:
            self.pause(0.2)
            for watched in self._watched:
                self._keep(watched)
            for line in self._log_watch.errors():
                click.echo(line, err=True)

    def _keep(self, watched: Watched) -> None:
        now = time.monotonic()
        name, log = watched.child.command.name, watched.child.log
        if watched.child.is_running():
            if now - watched.started > STEADY:
                watched.failures = 0
        elif watched.due is None:
            kill_group(watched.child.process.pid)
            wait = min(2.0**watched.failures, LONGEST_PAUSE)
            watched.failures += 1
            watched.due = now + wait
            how = watched.child.process.returncode
            click.echo(
                f"{name} ended unexpectedly ({how}); starting it again in {wait:.0f} s; its log is {log}", err=True
            )
        elif now >= watched.due:
            watched.child, watched.started, watched.due = self._new_child(watched.child.command), now, None

    def _new_child(self, command: Command) -> Child:
        return Child(command, self._log_of(command), self.state / "run" / f"{command.name.lower()}.json")

    def _log_of(self, command: Command) -> Path:
        return self.state / "logs" / f"{command.name.lower()}.log"

    def _stop(self) -> None:
        for watched in reversed(self._watched):
            click.echo(f"stopping {watched.child.command.name} …")
            watched.child.stop()

    def _raise_if_stopping(self) -> None:
        if self._is_stopping:
            raise StopRequested

    @contextmanager
    def _listening_to_signals(self) -> Iterator[None]:
        """Only note the wish: an exception out of a handler could fall between a child's start and its registration."""

        def note(_number: int, _frame: FrameType | None) -> None:
            self._is_stopping = True

        before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold the state folder; the system lets go of it when we die, however we die."""
    with file.open("a+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.seek(0)
            owner = held.read().strip() or "unknown"
            raise StartError(
                f"Stallholder runs with the state folder {file.parent} already (process {owner}): "
                "stop it, or choose another PORTAL_STATE"
            ) from None
        held.truncate(0)
        held.write(str(os.getpid()))
        held.flush()
        yield
