"""Subscriptions that are all due, renewed by ``portal billing run`` as it is typed, or by the hand-written floor.

Each run begins with the same rows, in a clone of one prepared database, and leaves nothing due behind.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from portal.cli import databases
from portal.kit.config import load_settings
from tests.benchmarks.place import Place
from tests.support.databases import cloned
from tests.support.processes import ROOT, bare_environ

_STATEMENTS = Path(__file__).parent / "renewals"
_BULK = "-c session_replication_role=replica -c synchronous_commit=off -c maintenance_work_mem=512MB -c work_mem=256MB"
_LEFT = "SELECT count(*) FROM subscriptions WHERE renews_at <= business_now()"
_RENEWED = "SELECT count(*) FROM subscription_periods WHERE number = 1"
_TOOK = re.compile(r"in (\d+\.\d\d) s;")
_LOOK = 0.2


@dataclass(frozen=True, slots=True)
class Renewed:
    """How long it took, and the most that any process of ours held meanwhile, in MB (Linux)."""

    seconds: float
    most: float = 0


@contextmanager
def due(place: Place, number: int) -> Iterator[str]:
    """Prepare so many subscriptions that are due; give the name of their database, to be cloned."""
    with cloned(place.servers, "due") as url:
        with psycopg.connect(url, autocommit=True, options=_BULK) as connection:
            with connection.transaction():
                psycopg.ClientCursor(connection).execute((_STATEMENTS / "due.sql").read_text(), {"all": number})
            connection.execute("VACUUM (ANALYZE)")
        yield databases.name_of(url)


def ours(place: Place, template: str, workers: int = 1) -> Renewed:
    """Renew all of it by so many processes at once; the longest of their own times counts; a late one has none."""
    with cloned(place.servers, "ours", template) as url:
        environ = bare_environ() | place.environ(url)
        command = [sys.executable, "-c", "from portal.app import main; main()", "billing", "run"]
        started = [
            subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) for _ in range(workers)
        ]
        most = _watch(started)
        told = [process.communicate()[0] for process in started]
        _make_sure(url)
        return Renewed(max(float(took) for took in _TOOK.findall(" ".join(told))), most)


def _watch(started: Sequence["subprocess.Popen[str]"]) -> float:
    """Wait until all have ended; return the most memory that one of them ever held, in MB."""
    most = 0
    while any(process.poll() is None for process in started):
        most = max([most, *(_peak(process.pid) for process in started)])
        time.sleep(_LOOK)
    return most / 1024


def _peak(pid: int) -> int:
    """Return the peak of a process's resident memory so far, in KB; nothing once it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return max((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), default=0)


def floor(place: Place, template: str) -> Renewed:
    """Write the same rows by hand."""
    with cloned(place.servers, "floor", template) as url:
        seller = json.dumps(load_settings(dict(place.environ(url))).seller.printed())
        with psycopg.connect(url, options="-c timezone=UTC") as connection:
            began = time.perf_counter()
            psycopg.ClientCursor(connection).execute((_STATEMENTS / "by_hand.sql").read_text(), {"seller": seller})
            connection.commit()
            took = time.perf_counter() - began
        _make_sure(url)
        return Renewed(took)


def _make_sure(url: str) -> None:
    with psycopg.connect(url) as connection:
        counted = [connection.execute(question).fetchall()[0][0] for question in (_LEFT, _RENEWED)]
    assert counted[0] == 0 < counted[1], f"{counted[0]} are due still, {counted[1]} were renewed"
