"""The embedded PostgreSQL: a cluster of its own in the state folder, reachable by password on 127.0.0.1 only.

It opens no Unix socket and never uses a server that PATH happens to hold; PORTAL_POSTGRES_BIN names own binaries.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from portal.cli.files import kept_secret, state_folder
from portal.cli.processes import Child, Command, Pause, born, run_as
from portal.cli.unprivileged import Place, reachable_binaries

SUPERUSER = "stallholder"
APP = "stallholder_app"
# Builtin C.UTF-8 sorts the same everywhere; the C type beside it lets trigrams see Chinese letters.
LETTERS = "UTF-8" if sys.platform == "darwin" else "C.UTF-8"
COMMON = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "log_min_messages": "warning",
    # A failed statement and the row it was about may hold what people typed: both stay out of the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
"""For tests only: what the machine's crash may take, nobody will miss."""


class PostgresError(Exception):
    """The embedded server could not be made or started; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A cluster that can be started: where its data and binaries are and how it is reached."""

    binaries: Path
    data: Path
    port: int
    password: str
    app_password: str
    user: str | None
    options: dict[str, str]

    def url(self, database: str) -> str:
        """The address of one of its databases, password included, as the one who owns everything."""
        return f"postgresql://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def app_url(self, database: str) -> str:
        """The same as the product, which owns nothing."""
        return f"postgresql://{APP}:{self.app_password}@127.0.0.1:{self.port}/{database}"

    def command(self) -> Command:
        """How to run it in the foreground; SIGINT is PostgreSQL's fast shutdown, which rolls back open work."""
        options = [part for name, value in self.options.items() for part in ("-c", f"{name}={value}")]
        return Command(
            name="PostgreSQL",
            arguments=[self.binaries / "postgres", "-D", self.data, "-p", str(self.port), *options],
            folder=self.data,
            user=self.user,
            stop_signal=signal.SIGINT,
            patience=30.0,
        )

    def wait_until_ready(self, child: Child, pause: Pause = time.sleep, seconds: float = 60.0) -> None:
        """Return once it answers a query; raises PostgresError with its last words when it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while child.is_running() and time.monotonic() < deadline:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
            except psycopg.OperationalError:
                pause(0.03)
            else:
                return
        raise PostgresError(f"PostgreSQL did not start:\n{child.last_lines()}")


def prepare(state: Path, own_binaries: Path | None, port: int, *, is_forgetful: bool = False) -> Postgres:
    """The cluster of a state folder, made the first time.

    Raises PostgresError when it cannot be made, or when its data were written by another major version.
    """
    place = Place.of(state_folder(state) / "postgres")
    binaries = own_binaries or reachable_binaries(place)
    password = kept_secret(state / "postgres.password")
    data = place.folder / "data"
    if not (data / "PG_VERSION").exists():
        _initialise(binaries, place, data, password)
    _check_version(binaries, data)
    _forgive_dead_postmaster(data / "postmaster.pid")
    options = COMMON | (FORGETFUL if is_forgetful else {})
    return Postgres(
        binaries=binaries,
        data=data,
        port=port,
        password=password,
        app_password=kept_secret(state / "postgres-app.password"),
        user=place.user,
        options=options,
    )


def _initialise(binaries: Path, place: Place, data: Path, password: str) -> None:
    """Make the cluster under a draft name first, so that an interrupted start leaves no half-made one."""
    with tempfile.TemporaryDirectory(dir=place.folder, prefix="making-") as draft:
        place.give(Path(draft))
        pwfile = Path(draft) / "password"
        pwfile.touch(0o600)
        pwfile.write_text(password)
        place.give(pwfile)
        made = subprocess.run(
            [
                binaries / "initdb",
                f"--pgdata={draft}/data",
                f"--username={SUPERUSER}",
                f"--pwfile={pwfile}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                *_locale(binaries),
            ],
            cwd=draft,
            **run_as(place.user),
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            raise PostgresError(f"PostgreSQL's data folder could not be made:\n{made.stderr.strip()}")
        (Path(draft) / "data").rename(data)


def _locale(binaries: Path) -> list[str]:
    """The builtin locale came with PostgreSQL 17; before it the system's C.UTF-8 sorts alike."""
    if _major(binaries) < 17:
        return [f"--locale={LETTERS}"]
    return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", f"--lc-ctype={LETTERS}"]


def _check_version(binaries: Path, data: Path) -> None:
    writer, reader = int((data / "PG_VERSION").read_text()), _major(binaries)
    if writer != reader:
        raise PostgresError(
            f"The data in {data} were written by PostgreSQL {writer}, but {binaries} is version {reader}: "
            f"set PORTAL_POSTGRES_BIN to a folder with version {writer}, or restore a backup into a new PORTAL_STATE"
        )


def _forgive_dead_postmaster(lock: Path) -> None:
    """Let a killed server's lock not block this start where nobody has collected its zombie (a container without init).

    PostgreSQL takes a lock naming its parent, which is us, for stale, and still refuses while old backends hold memory.
    """
    try:
        pid, rest = lock.read_text().split("\n", 1)
        if born(int(pid)) is None:
            lock.write_text(f"{os.getpid()}\n{rest}")
    except (FileNotFoundError, ValueError):
        return


def _major(binaries: Path) -> int:
    try:
        said = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise PostgresError(f"{binaries}/postgres does not run: {error}") from error
    found = re.search(r"\) (\d+)", said)
    if not found:
        raise PostgresError(f"{binaries}/postgres is no PostgreSQL: {said.strip()}")
    return int(found[1])
