"""A whole Stallholder under its supervisor, as a person starts it, for tests that need the real processes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection
from pathlib import Path

from portal.cli.ports import free_ports

ROOT = Path(__file__).parents[2]


class Instance:
    """`portal run` in a state folder of its own on free ports; the lines it prints are kept."""

    def __init__(self, state: Path, **settings: str) -> None:
        self.state = state
        self.port, self.sandbox_port, smtp_port = free_ports(3)
        self.environ = bare_environ() | {
            "PORTAL_STATE": str(state),
            "PORTAL_PORT": str(self.port),
            "PORTAL_SANDBOX_PORT": str(self.sandbox_port),
            "PORTAL_SANDBOX_SMTP_PORT": str(smtp_port),
            **settings,
        }
        self.lines: list[str] = []
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> str:
        """Everything printed so far."""
        return "\n".join(self.lines)

    def start(self, seconds: float = 90.0) -> None:
        """Start it and wait until it says `ready`."""
        began = time.monotonic()
        self.lines.clear()
        self._process = start_portal(["run"], self.environ)
        threading.Thread(target=self._read, daemon=True).start()
        while not any(line.startswith("ready: ") for line in self.lines):
            assert self._process.poll() is None, f"ended with {self._process.returncode}:\n{self.output}"
            assert time.monotonic() - began < seconds, f"not ready:\n{self.output}"
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end and give its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(60)

    def status(self, path: str) -> int:
        """The status that the web server answers to a GET."""
        return status(self.port, path)

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))


def status(port: int, path: str) -> int:
    """The status that a server on this machine answers to a GET."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def start_portal(arguments: list[str], environ: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start a command of the product; what it says on both streams can be read from `stdout`."""
    return subprocess.Popen(
        [Path(sys.executable).with_name("portal"), *arguments],
        cwd=ROOT,
        env=dict(environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether the condition came to hold within the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def bare_environ() -> dict[str, str]:
    """This process's environment without any setting of the product."""
    prefixes = ("PORTAL_", "DATABASE_", "REDIS_", "WECHAT_PAY_", "SELLER_", "SMTP_", "SECRET_")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def processes_of(state: Path) -> list[int]:
    """All processes whose environment or command line names the state folder (Linux)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if str(state).encode() in words and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found
