"""``python -m tests.soak MINUTES``: soak the product, report, and fail where anything was lost, wrong or grew."""

import random
import sys
import tempfile
from pathlib import Path

import click

from tests.soak import report
from tests.soak.soak import Plan, Soak
from tests.support.processes import ROOT

REPORTS = ROOT / ".reports" / "soak"


@click.command()
@click.argument("minutes", type=float, default=10)
@click.option("--seed", type=int, default=None, help="Try the same faults and people again.")
def main(minutes: float, seed: int | None) -> None:
    """Soak for so many minutes."""
    chosen = random.SystemRandom().randrange(10**6) if seed is None else seed
    click.echo(f"soaking for {minutes:g} minutes, seed {chosen}")
    with tempfile.TemporaryDirectory(prefix="stallholder-soak-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        outcome = Soak(Plan(minutes * 60, chosen), Path(folder) / "state", click.echo).run()
    report.write(outcome, REPORTS)
    click.echo(report.told(outcome))
    sys.exit(1 if outcome.misses else 0)


if __name__ == "__main__":
    main()
