"""Sweeps a flow: finds its points, and lives it once for each, cut off there and taken up again by a new process."""

import json
import shutil
import subprocess
import sys
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

import redis

from portal.cli import databases
from tests.support.databases import cloned
from tests.support.processes import ROOT, bare_environ
from tests.support.sandbox import Sandbox
from tests.support.servers import Servers
from tests.support.settings import make_environ
from tests.sweep.flow import Flow

_KILLED = -9


class Letterbox:
    """Takes the provider's notices and keeps the newest in a file; the play delivers it to the product."""

    def __init__(self) -> None:
        self.folder = Path()
        box = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                notice = {"body": body, "headers": dict(self.headers)}
                (box.folder / "notice").write_text(json.dumps(notice))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()


class Sweeper:
    """One zygote and what it needs: databases to clone, a provider, a letterbox, a folder."""

    def __init__(self, servers: Servers, redis_url: str, sandbox: Sandbox, folder: Path) -> None:
        self._servers = servers
        self._sandbox = sandbox
        self._folder = folder
        self._letterbox = Letterbox()
        self._databases = ExitStack()
        self._given: dict[object, tuple[str, str]] = {}
        own = sandbox.product_env() | {
            "PORTAL_BASE_URL": "http://localhost",
            "WECHAT_PAY_NOTIFY_URL": self._letterbox.url,
        }
        redis.Redis.from_url(redis_url).flushdb()
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.sweep.zygote"],
            cwd=ROOT,
            env=bare_environ() | make_environ(servers.database_url("none"), redis_url, folder, own),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._hear() == "ready"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._zygote.stdin is not None
        self._zygote.stdin.close()
        self._zygote.wait(10)
        self._letterbox.close()
        self._databases.close()

    def sweep(self, flow: Flow) -> "Sweep":
        """Prepare what the flow starts from, once for all that start from it."""
        if flow.given not in self._given:
            base = self._databases.enter_context(cloned(self._servers, "given"))
            folder = self._new_folder()
            self._sandbox.reset()
            ended = self._order(flow, "prepare", base, folder, "", None)
            assert ended == 0, (folder / "output").read_text()
            cookie = folder / "cookie"
            self._given[flow.given] = base, cookie.read_text() if cookie.exists() else ""
        return Sweep(self, flow, *self._given[flow.given])

    def live(self, flow: Flow, base: str, cookie: str, point: str | None) -> tuple[list[str], str]:
        """Live a flow on a copy of ``base``, cut off at the point; give the points passed and what went wrong."""
        self._sandbox.reset()
        self._sandbox.switch(close_after_seconds=0)
        folder = self._letterbox.folder = self._new_folder()
        with cloned(self._servers, "life", databases.name_of(base)) as database:
            wrong = self._lives(flow, database, folder, cookie, point)
            passed = (folder / "points").read_text().splitlines() if (folder / "points").exists() else []
        shutil.rmtree(folder)
        return passed, wrong

    def _lives(self, flow: Flow, database: str, folder: Path, cookie: str, point: str | None) -> str:
        ended = self._order(flow, "play" if point else "record", database, folder, cookie, point)
        if point is not None and ended == _KILLED:
            ended = self._order(flow, "recover", database, folder, cookie, point)
        elif point is not None and ended == 0:
            return "it never came to this point"
        return "" if ended == 0 else f"ended with {ended}: " + (folder / "output").read_text()[-4000:]

    def _order(self, flow: Flow, life: str, database: str, folder: Path, cookie: str, point: str | None) -> int:
        order = {"flow": flow.name, "life": life, "database": database, "folder": str(folder), "cookie": cookie}
        assert self._zygote.stdin is not None
        self._zygote.stdin.write(json.dumps(order | {"point": point}) + "\n")
        self._zygote.stdin.flush()
        return int(self._hear())

    def _hear(self) -> str:
        assert self._zygote.stdout is not None
        return self._zygote.stdout.readline().strip()

    def _new_folder(self) -> Path:
        folder = self._folder / uuid4().hex[:12]
        folder.mkdir()
        return folder


class Sweep:
    """A flow that is being swept."""

    def __init__(self, sweeper: Sweeper, flow: Flow, base: str, cookie: str) -> None:
        self._sweeper = sweeper
        self._flow = flow
        self._base = base
        self._cookie = cookie

    def points(self) -> list[str]:
        """Live the flow undisturbed, and give every point that it passes."""
        passed, wrong = self._live(None)
        assert not wrong, wrong
        return passed

    def dead_at(self, point: str) -> str:
        """Cut the flow off at the point and take it up again; give what went wrong, nothing where all is well."""
        return self._live(point)[1]

    def _live(self, point: str | None) -> tuple[list[str], str]:
        return self._sweeper.live(self._flow, self._base, self._cookie, point)
