"""How much memory each kind of process holds over time, read from /proc beside the product."""

import json
import os
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

EVERY = 2.0
WARM_UP = 60.0
LONG_ENOUGH = 120.0
"""A process is judged by what it holds after its warm-up, where it lived so much longer."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Life:
    """One process: when it was seen and the bytes it held."""

    kind: str
    seen: list[tuple[float, int]] = field(default_factory=list)

    @property
    def growth(self) -> float | None:
        """By which share it grew between the first and the last quarter after its warm-up; None where it died young."""
        warm = [held for at, held in self.seen if at - self.seen[0][0] >= WARM_UP]
        if (len(warm) - 1) * EVERY < LONG_ENOUGH:
            return None
        quarter = len(warm) // 4
        return median(warm[-quarter:]) / median(warm[:quarter]) - 1


class Memory:
    """Looks at all processes of a state folder every two seconds."""

    def __init__(self, supervised: "Supervised") -> None:
        self.lives: dict[tuple[int, str], Life] = {}
        self.stop = threading.Event()
        self._supervised = supervised
        self._began = time.monotonic()

    def watch(self) -> None:
        """Look until told to stop."""
        while not self.stop.wait(EVERY):
            self._look()

    def _look(self) -> None:
        at = time.monotonic() - self._began
        for kind, pids in self._supervised.by_kind().items():
            for pid in pids:
                held, born = _held(pid), _born(pid)
                if held:
                    self.lives.setdefault((pid, born), Life(kind)).seen.append((at, held))

    def over_time(self) -> dict[str, list[tuple[float, int]]]:
        """For each kind, what all its processes held together."""
        sums: dict[str, dict[float, int]] = defaultdict(lambda: defaultdict(int))
        for life in self.lives.values():
            for at, held in life.seen:
                sums[life.kind][at] += held
        return {kind: sorted(by_time.items()) for kind, by_time in sorted(sums.items())}


class Supervised:
    """The processes that one ``portal run`` keeps, by what they are for."""

    def __init__(self, state: Path) -> None:
        self._records = state / "run"

    def pid(self, name: str) -> int:
        """The process that the supervisor started under this name."""
        return int(json.loads((self._records / f"{name}.json").read_text())["pid"])

    def children(self, name: str) -> list[int]:
        """Its children, oldest first."""
        return _children(self.pid(name))

    def by_kind(self) -> dict[str, list[int]]:
        """All processes there are at this moment; none of a kind that is not there."""
        found: dict[str, list[int]] = {}
        for name in ("postgresql", "redis", "sandbox", "web", "worker"):
            try:
                pid = self.pid(name)
                found[name], children = [pid], _children(pid)
            except (OSError, ValueError, KeyError):
                continue
            if name == "web":
                found["web worker"] = children
            elif name == "worker":
                found["queue worker"], found["scheduler"] = children[:-1], children[-1:]
            else:
                found[name] += children
        return found


def _children(pid: int) -> list[int]:
    """Oldest first: pids grow, and a wrap in the middle of a soak would only mix up who is killed."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sorted(int(child) for child in listed)


def _held(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def _born(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
