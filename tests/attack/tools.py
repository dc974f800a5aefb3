"""The attackers' tools as commands: what they are told, how long they may take, and what they say they found."""

import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.processes import ROOT

TOOLS = ROOT / ".venv" / "tools" / "attack" / "bin"
CHECKS = "cookieflags,crlf,csp,csrf,exec,file,http_headers,methods,permanentxss,redirect,sql,upload,xss"
"""Of wapiti's modules those that need nobody outside this machine and look for what a house like ours could have."""
LEAVE_ALONE = ("/logout", "/console/logout", "/language", "/static/", "/account/password")
"""Where a crawler would only end its own log-in, or attack files that are the same for everybody."""


@dataclass(frozen=True, order=True)
class Finding:
    """What a tool holds for a hole; ``place`` is a path, ``parameter`` may be empty."""

    tool: str
    kind: str
    method: str
    place: str
    parameter: str
    detail: str


@dataclass(frozen=True)
class Outcome:
    """What a run of a tool came to: its findings, and whether it got to its end in the time it had."""

    findings: list[Finding]
    is_finished: bool


def wapiti(base: str, folder: Path, seconds: int, starts: Iterable[str] = (), checks: str = CHECKS) -> Outcome:
    """Crawl from ``base`` and the ``starts``, and try every parameter and form found."""
    report = folder / "wapiti.json"
    paths = [part for path in starts for part in ("--start", base + path)]
    left_alone = [part for path in LEAVE_ALONE for part in ("--exclude", f"{base}{path}*")]
    each = max(5, seconds // (len(checks.split(",")) + 3))
    code = _run(
        ["wapiti", "--url", f"{base}/", "--module", checks, "--scope", "folder", "--flush-session", "--no-bugreport",
         "--store-session", str(folder / "session"), "--store-config", str(folder / "config"), "--verbose", "0",
         "--max-scan-time", str(2 * each), "--max-attack-time", str(each), "--max-links-per-page", "40",
         "--timeout", "8", "--format", "json", "--output", str(report), *paths, *left_alone],
        folder / "wapiti.log",
        seconds + 60,
    )  # fmt: skip
    if not report.exists():
        unknown = Finding("wapiti", "No report", "", "", "", "it was ended before it could write one")
        return Outcome([unknown, *_died("wapiti", code)], code == 0)
    found = set(_of_wapiti(json.loads(report.read_text())))
    return Outcome(sorted(found | set(_died("wapiti", code))), code == 0)


def _of_wapiti(report: dict[str, dict[str, list[dict[str, object]]]]) -> Iterator[Finding]:
    for group in ("vulnerabilities", "anomalies"):
        for kind, found in report[group].items():
            for hit in found:
                parameter, detail = str(hit.get("parameter") or ""), str(hit["info"])
                yield Finding("wapiti", kind, str(hit["method"]), str(hit["path"]), parameter, detail)


def sqlmap(base: str, folder: Path, seconds: int, pages: Iterable[str] = ("/",), database: str = "") -> Outcome:
    """Try SQL in every field of the forms of ``pages``, without waiting for slow queries.

    The two fields that each form has, and that are the same everywhere, are left to wapiti: more forms are reached.
    """
    output, targets = folder / "sqlmap", folder / "targets.txt"
    targets.write_text("".join(f"{base}{page}\n" for page in pages))
    code = _run(
        ["sqlmap", "-m", str(targets), "--forms", "--batch", "--technique=BEU", "--level=1", "--threads=4",
         "--disable-coloring", "--flush-session", "--skip-waf", "--param-exclude=^(csrf_token|form_key)$",
         f"--output-dir={output}", "--results-file", str(folder / "sqlmap.csv"),
         *([f"--dbms={database}"] if database else [])],
        folder / "sqlmap.log",
        seconds,
    )  # fmt: skip
    found = set(_of_sqlmap(folder / "sqlmap.log"))
    return Outcome(sorted(found | set(_died("sqlmap", code))), code == 0)


def _of_sqlmap(log: Path) -> Iterator[Finding]:
    """Read which parameters gave way in the end, after the tool's own second look; the lines before say where."""
    method, place = "GET", "/"
    for line in log.read_text(errors="replace").splitlines():
        words = line.split()
        if len(words) == 2 and words[0] in ("GET", "POST") and words[1].startswith("http"):
            method, place = words[0], urlsplit(words[1]).path
        elif "parameter '" in line and "' is vulnerable" in line:
            parameter = line.partition("parameter '")[2].partition("'")[0]
            yield Finding("sqlmap", "SQL Injection", method, place, parameter, line.partition(". ")[0])


def _run(command: list[str], log: Path, seconds: int) -> int | None:
    """Run a tool for so many seconds at most, everything it says kept in ``log``; its exit code, None by the clock."""
    program = TOOLS / command[0]
    if not program.exists():
        raise FileNotFoundError(f"{program} is missing: `make .venv/tools/attack/.ready` installs it")
    quiet = os.environ | {"TERM": "dumb", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as said:
        running = subprocess.Popen(
            [program, *command[1:]], stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT, env=quiet
        )
        try:
            return running.wait(seconds)
        except subprocess.TimeoutExpired:
            running.terminate()
            running.wait(20)
            return None


def _died(tool: str, code: int | None) -> list[Finding]:
    """A tool that ended badly by itself looked at nothing, or not at all of it."""
    return [Finding(tool, "Died", "", "", "", f"it ended with {code}")] if code else []
