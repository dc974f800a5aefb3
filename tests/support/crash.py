"""Real worker processes that can be killed like a machine that loses its power, and an address that never answers."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from sqlalchemy import text

from portal.kit.db import db
from tests.support.portal import Portal
from tests.support.processes import ROOT, bare_environ, eventually

soon = partial(eventually, seconds=30)
"""Whether a condition came to hold in the time that a busy machine needs to start processes."""
_FORGET_BEATS = text("DELETE FROM heartbeats")


class Workers:
    """``python -m worker`` with all its children, beside a product under test."""

    def __init__(self, portal: Portal, changes: dict[str, str]) -> None:
        portal.do(lambda: db.execute(_FORGET_BEATS))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "worker"],
            cwd=ROOT,
            env={**bare_environ(), **portal.environ, **changes},
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert soon(lambda: portal.count("heartbeats") > 0), "the scheduler gave no sign of life"

    def hang(self) -> None:
        """Stop every child in its tracks, as one that waits for something that never comes."""
        listed = subprocess.run(["pgrep", "-P", str(self._process.pid)], capture_output=True, text=True, check=True)
        for child in listed.stdout.split():
            os.kill(int(child), signal.SIGSTOP)

    def stop(self) -> int:
        """Ask it to end, as its supervisor does; return the exit code once nothing of it is left."""
        self._process.terminate()
        return self._process.wait(20)

    def kill(self) -> None:
        """End the parent and every child at once, with no chance to tidy up."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)


@contextmanager
def workers(portal: Portal, **changes: str) -> Iterator[Workers]:
    """Start the background processes; they are dead when the block ends, if not before."""
    started = Workers(portal, changes)
    try:
        yield started
    finally:
        started.kill()


@contextmanager
def black_hole() -> Iterator[tuple[str, socket.socket]]:
    """An address where somebody takes connections and never says a word, and the socket that takes them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        yield f"http://127.0.0.1:{server.getsockname()[1]}", server
