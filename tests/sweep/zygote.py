"""The process that every life of a sweep is forked from: it has imported everything, has no threads and no connections.

It is given its orders line by line, runs each in a child of its own, and says how that child ended. Only the first,
undisturbed life of a flow is its own, so that its children are born with everything warm.
"""

import ctypes
import gc
import json
import os
import signal
import sys
import traceback
import zlib
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from portal.app import create_app, wire
from portal.kit import edge
from portal.kit.config import Settings, load_settings
from tests.support import network
from tests.support.oracle import Oracle
from tests.support.sandbox import Sandbox
from tests.support.shop import PASSWORD
from tests.sweep import flows, unsafe
from tests.sweep.flow import Flow
from tests.sweep.play import ANN, Play
from tests.sweep.points import Points
from worker import relay

_PR_SET_PDEATHSIG = 1
FLOWS = {flow.name: flow for flow in (*flows.ALL, *unsafe.ALL)}


def main() -> None:
    """Take orders until there are none."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    network.guard()
    app = create_app(load_settings(os.environ))
    _answer("ready")
    for line in sys.stdin:
        order = json.loads(line)
        if order["life"] == "record":
            _answer(str(_live(app, order)))
            gc.freeze()
            continue
        child = os.fork()
        if child == 0:
            os._exit(_live(app, order))
        _answer(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))


def _answer(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _live(app: Flask, order: dict[str, Any]) -> int:
    """Live the life that was ordered, with whatever it says in a file of its own; return how it ended."""
    with (Path(order["folder"]) / "output").open("w") as output, redirect_stdout(output), redirect_stderr(output):
        try:
            settings = load_settings({**os.environ, "DATABASE_URL": order["database"]})
            wire(settings, "sweep", pool_size=2)
            _Life(app, settings, order).live(order["life"])
        except BaseException:
            traceback.print_exc()
            return 1
        finally:
            edge.disconnect()
    return 0


class _Life:
    """One process of the product, from its start to its end or to the point where it is cut off."""

    def __init__(self, app: Flask, settings: Settings, order: dict[str, Any]) -> None:
        self._folder = Path(order["folder"])
        self._flow: Flow = FLOWS[order["flow"]]
        self._settings = settings
        self._died_at: str = order["point"] or ""
        self._points = Points(self._note, order["point"] if order["life"] == "play" else None)
        port = urlsplit(settings.wechat_pay.base_url).port if settings.wechat_pay else None
        sandbox = Sandbox(None, port, 0, self._folder, os.environ["PORTAL_SANDBOX_TOKEN"])  # type: ignore[arg-type]
        self._play = Play(app, settings, sandbox, self._points, self._folder)
        self._play.cookie = order["cookie"]

    def live(self, life: str) -> None:
        """Live ``prepare``, ``record``, ``play`` or ``recover``."""
        with self._points.installed(self._settings.redis_url):
            {"prepare": self._prepare, "recover": self._recover}.get(life, self._do_flow)()

    def _prepare(self) -> None:
        """Make what the flow starts from, with all that recurs done for now and Ann logged in."""
        with self._points.quiet():
            relay.tick()
            self._play.drain()
            if self._flow.given is not None:
                edge.write(self._flow.given)
                ann = self._play.person()
                ann.open("/login")
                ann.press("/login", email=ANN, password=PASSWORD)
                (self._folder / "cookie").write_text(ann.cookie)

    def _do_flow(self) -> None:
        self._flow.steps(self._play)
        with self._points.quiet():
            self._flow.check(self._play)
            assert self._play.lost() == []
            Oracle(self._settings.database_url, self._play.sandbox, settle=self._play.drain).ask()

    def _recover(self) -> None:
        """Start again after a crash; whether the workers or the people come first is decided by the place of it."""
        with self._points.quiet():
            self._play.come_back()
            if zlib.crc32(self._died_at.encode()) % 2:
                self._play.drain()
            self._do_flow()

    def _note(self, name: str) -> None:
        with (self._folder / "points").open("a") as file:
            file.write(f"{name}\n")


if __name__ == "__main__":
    main()
