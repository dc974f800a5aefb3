"""What a soak leaves behind: a page in words, the same in numbers, and a chart of the memory."""

import json
from collections.abc import Sequence
from pathlib import Path

from tests.soak.memory import Memory
from tests.soak.soak import Outcome

_COLOURS = ("#0b6e4f", "#c8553d", "#2a4d9b", "#8a5a00", "#6b2d75", "#3d7a8c", "#555555", "#a03060")
_MEGABYTE = 1024 * 1024
_WIDTH, _HEIGHT, _EDGE = 900, 420, 60


def write(outcome: Outcome, folder: Path) -> None:
    """Write ``soak.md``, ``soak.json`` and ``memory.svg`` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "soak.md").write_text(told(outcome))
    (folder / "soak.json").write_text(json.dumps(_figures(outcome), indent=1, ensure_ascii=False))
    (folder / "memory.svg").write_text(chart(outcome.memory))


def told(outcome: Outcome) -> str:
    """The whole report in Markdown."""
    answers = outcome.answers
    lines = [
        "# Soak",
        "",
        f"{outcome.seconds:.0f} s, seed {outcome.plan.seed}: {len(outcome.faults)} faults, "
        f"{outcome.payments} payments, {outcome.notices} notices ({outcome.pace:.0f} a second between the faults), "
        f"{outcome.promises} acknowledged writes looked for.",
        f"Acknowledgements: half within {answers.percentile(0.5)} ms, 99 % within {answers.percentile(0.99)} ms; "
        f"between the faults 99 % within {answers.percentile(0.99, outcome.disturbances)} ms.",
        "",
        *_table(("who", "answer", "times"), [(*key, str(count)) for key, count in sorted(answers.counts.items())]),
        *_table(
            ("second", "fault", "ready after"),
            [(f"{fault.at:.0f}", fault.name, f"{fault.ready_after:.1f} s") for fault in outcome.faults],
        ),
        *_table(("process", "first", "last", "most", "growth of the longest-lived"), _memory_rows(outcome.memory)),
        "Memory is resident memory; what processes of a kind share is counted in each of them.",
        "",
        f"Verdict: {'all is well' if not outcome.misses else f'{len(outcome.misses)} misses'}",
        *[f"- {miss}" for miss in outcome.misses],
    ]
    return "\n".join(lines) + "\n"


def chart(memory: Memory) -> str:
    """Megabytes over minutes, a line for each kind of process."""
    kinds = memory.over_time()
    points = [point for line in kinds.values() for point in line]
    longest = max((at for at, _ in points), default=1) or 1
    most = max((held for _, held in points), default=1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + 180} {_HEIGHT + _EDGE}" '
        'font-family="sans-serif" font-size="12">',
        f'<path d="M{_EDGE} 10V{_HEIGHT}H{_WIDTH}" fill="none" stroke="#888"/>',
        f'<text x="8" y="20">{most / _MEGABYTE:.0f} MB</text>',
        f'<text x="{_WIDTH - 40}" y="{_HEIGHT + 18}">{longest / 60:.1f} min</text>',
    ]
    for place, (kind, line) in enumerate(kinds.items()):
        colour = _COLOURS[place % len(_COLOURS)]
        path = " ".join(
            f"{_EDGE + at / longest * (_WIDTH - _EDGE):.1f},{_HEIGHT - held / most * (_HEIGHT - 20):.1f}"
            for at, held in line
        )
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts.append(f'<text x="{_WIDTH + 12}" y="{24 + place * 18}" fill="{colour}">{kind}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _memory_rows(memory: Memory) -> list[tuple[str, ...]]:
    rows = []
    for kind, line in memory.over_time().items():
        held = [size / _MEGABYTE for _, size in line]
        lives = [life for life in memory.lives.values() if life.kind == kind]
        growth = max(lives, key=lambda life: len(life.seen)).growth
        shown = "too young" if growth is None else f"{growth:+.1%}"
        rows.append((kind, f"{held[0]:.0f} MB", f"{held[-1]:.0f} MB", f"{max(held):.0f} MB", shown))
    return rows


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    shown = [head, ["---"] * len(head), *rows]
    return [*[f"| {' | '.join(row)} |" for row in shown], ""]


def _figures(outcome: Outcome) -> dict[str, object]:
    return {
        "seed": outcome.plan.seed,
        "seconds": round(outcome.seconds),
        "payments": outcome.payments,
        "promises": outcome.promises,
        "pace": round(outcome.pace, 1),
        "p99_ms": outcome.answers.percentile(0.99),
        "p99_between_faults_ms": outcome.answers.percentile(0.99, outcome.disturbances),
        "answers": {f"{who}: {said}": count for (who, said), count in sorted(outcome.answers.counts.items())},
        "faults": [[round(fault.at), fault.name, round(fault.ready_after, 1)] for fault in outcome.faults],
        "memory": {kind: [[round(at), held] for at, held in line] for kind, line in outcome.memory.over_time().items()},
        "misses": outcome.misses,
    }
