"""What everybody outside the product was answered, and what it promised them; kept where no fault can reach it."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

NONE = "no answer"


@dataclass
class Answers:
    """Counts by who asked and what was answered; what nobody should ever get is kept word by word."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    acknowledged: list[tuple[float, int]] = field(default_factory=list)
    """When each notice was answered with success, and after how many milliseconds."""
    heard: list[float] = field(default_factory=list)
    """When the answers to notices were heard, whatever they were."""
    wrong: list[str] = field(default_factory=list)
    paid: set[str] = field(default_factory=set)
    """The sessions that a page called paid."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, who: str, status: int | None, said: str = "") -> None:
        """Remember an answer: none at all and 503 are what faults lead to, any other 5xx is never right."""
        with self._lock:
            self.counts[who, str(status) if status else NONE] += 1
            if status is not None and status >= 500 and status != 503:
                self.wrong.append(f"{who}: {status} {said[:300]}")

    def note_delivery(self, status: int | None, wanted: int, milliseconds: int) -> None:
        """Remember what a notice was answered: what is due to it, or one of the answers of a fault."""
        self.note("notices", status)
        with self._lock:
            self.heard.append(time.monotonic())
            if status not in (wanted, 503, None):
                self.wrong.append(f"notices: {status} where {wanted} is due")
            if status == 204:
                self.acknowledged.append((time.monotonic(), milliseconds))

    def percentile(self, share: float, faults: Sequence[tuple[float, float]] = ()) -> int:
        """How many milliseconds at most this share of the acknowledged notices waited, those of ``faults`` left out."""
        calm = (took for at, took in self.acknowledged if not any(since <= at <= until for since, until in faults))
        ordered = sorted(calm)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0


@dataclass
class Pace:
    """Keeps to so many a second, and never makes up for more than a second that was lost."""

    every: float
    _due: float = field(default_factory=time.monotonic)

    def wait(self, stop: threading.Event) -> None:
        """Return when the next one is due, or at once when all is to stop."""
        self._due = max(self._due + self.every, time.monotonic() - 1)
        stop.wait(max(0.0, self._due - time.monotonic()))
