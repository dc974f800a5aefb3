"""`make attack`: turns the attackers' tools on a product of its own, says what they found, and asks the oracle.

It ends with 1 where something was found that allowed.py does not explain, or where the books do not hold afterwards.
"""

# ruff: noqa: T201 (this program talks to a person)

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import text

from portal.kit import edge
from portal.kit.db import db
from tests.attack import tools
from tests.attack.allowed import reason_for
from tests.attack.gate import Gate, gate
from tests.attack.target import Attacked, attacked
from tests.attack.tools import Finding, Outcome
from tests.support.everything import GIVEN_UP
from tests.support.processes import ROOT

REPORT = ROOT / ".reports" / "attack.json"
FEWEST_FORMS = 5
"""Different forms that each tool must have had read as each visitor; fewer were no attack."""
_IN_TURN = ("anonymous", "operator", "vendor")
"""The vendor has most forms, and so the time that the others leave."""
_TAKE_AWAY = text("DELETE FROM staged_jobs WHERE name = :name")
_ROW = "{:10} {:8} {:>9} {:>7} {:>6} {:>8} {:>9} {:>10}  {}"


@dataclass(frozen=True)
class Run:
    """One tool as one visitor: what passed the gate and what it came to."""

    visitor: str
    tool: str
    opened: Gate
    outcome: Outcome
    seconds: float

    @property
    def findings(self) -> list[Finding]:
        """What the tool found, and the faults that the gate saw; a tool that reached no forms has found nothing out."""
        found = {*self.outcome.findings, *self.opened.faults}
        if len(self.opened.forms) < FEWEST_FORMS:
            said = f"only {len(self.opened.forms)} were read: {', '.join(sorted(self.opened.forms))}"
            found.add(Finding(self.tool, "Too few forms", "POST", "", "", said))
        return sorted(found)


def main() -> int:
    """Attack for so many minutes, print the table, write the report; the exit code."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=8)
    seconds = options.parse_args().minutes * 60
    with tempfile.TemporaryDirectory(prefix="stallholder-attack-") as folder:
        Path(folder).chmod(0o711)
        with attacked(Path(folder) / "state") as product:
            began = time.monotonic()
            runs = _attack(product, Path(folder), began + seconds)
            wrong = _oracle(product)
    _print(runs, wrong, time.monotonic() - began)
    _write(runs, wrong)
    return 1 if wrong or any(reason_for(finding) is None for run in runs for finding in run.findings) else 0


def _attack(product: Attacked, folder: Path, until: float) -> list[Run]:
    """Let both tools work side by side as each visitor in turn, each with an equal share of the time that is left."""
    runs: list[Run] = []
    for number, visitor in enumerate(_IN_TURN):
        seconds = max(1, int((until - time.monotonic()) / (len(_IN_TURN) - number)))
        place = folder / visitor
        place.mkdir()
        pages = product.pages[visitor]
        works: list[tuple[str, Callable[[str], Outcome]]] = [
            ("wapiti", lambda url: tools.wapiti(url, place, seconds, pages)),  # noqa: B023 - joined below
            ("sqlmap", lambda url: tools.sqlmap(url, place, seconds, pages, database="postgresql")),  # noqa: B023
        ]
        threads = [threading.Thread(target=_one, args=(product, visitor, *work, runs)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return runs


def _one(product: Attacked, visitor: str, tool: str, work: Callable[[str], Outcome], runs: list[Run]) -> None:
    with gate(product.port, product.cookies[visitor], [product.own_place]) as opened:
        began = time.monotonic()
        outcome = work(opened.url)
        runs.append(Run(visitor, tool, opened, outcome, time.monotonic() - began))


def _oracle(product: Attacked) -> str:
    """What the oracle complains about; empty when all is well. The job that was there to be retried is taken away."""
    edge.write(lambda: db.execute(_TAKE_AWAY, {"name": GIVEN_UP}))
    try:
        product.oracle.ask()
    except AssertionError as complaint:
        return str(complaint)
    return ""


def _print(runs: list[Run], wrong: str, seconds: float) -> None:
    print(_ROW.format("as", "tool", "requests", "places", "forms", "refused", "findings", "explained", "ended"))
    for run in sorted(runs, key=lambda run: (run.visitor, run.tool)):
        refused = sum(count for status, count in run.opened.statuses.items() if 400 <= status < 500)
        explained = sum(reason_for(finding) is not None for finding in run.findings)
        passed, places, forms = (run.opened.statuses.total(), len(run.opened.places), len(run.opened.forms))
        counts = (passed, places, forms, refused, len(run.findings), explained)
        print(_ROW.format(run.visitor, run.tool, *counts, "by itself" if run.outcome.is_finished else "by the clock"))
    for finding in sorted({finding for run in runs for finding in run.findings if reason_for(finding) is None}):
        print(f"{finding.tool}: {finding.kind}: {finding.method} {finding.place} {finding.parameter}: {finding.detail}")
    print(wrong or f"the oracle is content; {seconds / 60:.1f} minutes")


def _write(runs: list[Run], wrong: str) -> None:
    REPORT.parent.mkdir(exist_ok=True)
    shown = [
        {
            "as": run.visitor,
            "tool": run.tool,
            "is_finished": run.outcome.is_finished,
            "seconds": round(run.seconds),
            "forms": run.opened.forms,
            "statuses": run.opened.statuses,
            "places": run.opened.places,
            "findings": [asdict(finding) | {"allowed": reason_for(finding)} for finding in run.findings],
        }
        for run in runs
    ]
    REPORT.write_text(json.dumps({"runs": shown, "oracle": wrong}, indent=1))


if __name__ == "__main__":
    sys.exit(main())
