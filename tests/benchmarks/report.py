"""What a run of the benches leaves behind: a table for people, JSON for tools, and one line in a history."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.harness import Verdict

_REMEMBERED = 5
_NOTICED = 0.20
_HEADS = ("work", "ours", "floor", "ratio", "spread", "goal", "verdict")


def table(verdicts: Sequence[Verdict]) -> str:
    """Return the verdicts as lines of text, one below the other."""
    rows = [_HEADS, *(_cells(verdict) for verdict in verdicts)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _cells(verdict: Verdict) -> tuple[str, ...]:
    return (
        verdict.work,
        f"{_figure(verdict.ours)} {verdict.unit}".rstrip(),
        "–" if verdict.floor is None else _figure(verdict.floor),
        _figure(verdict.ratio),
        f"{_figure(verdict.spread[0])} … {_figure(verdict.spread[1])}",
        str(verdict.goal),
        "met" if verdict.is_met else "MISSED",
    )


def _figure(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def write(verdicts: Sequence[Verdict], file: Path) -> None:
    """Write everything that is known about this run as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    whole = _about() | {"verdicts": [asdict(verdict) | {"is_met": verdict.is_met} for verdict in verdicts]}
    file.write_text(json.dumps(whole, indent=1, ensure_ascii=False))


def remember(verdicts: Sequence[Verdict], file: Path) -> list[str]:
    """Add this run to the history; return a sentence for each ratio that is a fifth worse than it used to be."""
    file.parent.mkdir(parents=True, exist_ok=True)
    earlier = [json.loads(line)["ratios"] for line in file.read_text().splitlines()] if file.exists() else []
    with file.open("a") as history:
        ratios = {verdict.name: round(verdict.ratio, 4) for verdict in verdicts}
        history.write(json.dumps(_about() | {"ratios": ratios}, ensure_ascii=False) + "\n")
    return [told for verdict in verdicts if (told := _regression(verdict, earlier))]


def _regression(verdict: Verdict, earlier: Sequence[dict[str, float]]) -> str | None:
    known = [ratios[verdict.name] for ratios in earlier if verdict.name in ratios][-_REMEMBERED:]
    if not known or not (before := median(known)) or verdict.goal.worse(verdict.ratio, before) <= _NOTICED:
        return None
    return f"{verdict.name} got worse: {_figure(verdict.ratio)}, it was {_figure(before)} over {len(known)} run(s)"


def _about() -> dict[str, Any]:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
