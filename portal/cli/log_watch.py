"""Shows on the console what children log as an error, in one readable line each; the whole story stays in the logs."""

import json
from collections.abc import Iterator
from pathlib import Path

LOUD = ("error", "critical", "fatal", "panic")
LONGEST_LINE = 300


class LogWatch:
    """Reads on in growing log files and picks the lines that somebody should see."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[Path, int]] = {}
        self._last: dict[str, str] = {}

    def follow(self, name: str, log: Path) -> None:
        """Read `log`, which need not exist yet, from its present end on, under `name`."""
        self._files[name] = (log, log.stat().st_size if log.exists() else 0)

    def errors(self) -> Iterator[str]:
        """The error lines since the last time; of the same line over and over only the first."""
        for name, (log, position) in self._files.items():
            with log.open("rb") as content:
                content.seek(position)
                new = content.read()
            whole = new[: new.rfind(b"\n") + 1]
            self._files[name] = (log, position + len(whole))
            for line in whole.decode(errors="replace").splitlines():
                shown = readable(line)
                if shown and shown != self._last.get(name):
                    self._last[name] = shown
                    yield f"{name}: {shown[:LONGEST_LINE]}"


def readable(line: str) -> str | None:
    """The gist of an error line, JSON or plain; None for any other line."""
    try:
        entry = json.loads(line)
        level, gist = str(entry["level"]).lower(), str(entry["event"])
    except (ValueError, KeyError, TypeError):
        words = line.replace("[", " ").replace("]", " ").replace(":", " ").lower().split()
        return line.strip() if any(word in LOUD for word in words[:8]) else None
    if level not in LOUD:
        return None
    hints = " ".join(f"{key}={entry[key]}" for key in ("request_id", "job_id", "exception") if key in entry)
    return f"{gist} {hints}".strip().replace("\n", " ⏎ ")
