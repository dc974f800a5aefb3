"""Commands that look after an installation: whether its books are sound."""

import json
import sys

import click

from portal.cli import instance
from portal.insights import invariants, whole_check
from portal.insights.invariants import Violation
from portal.insights.whole_check import Place
from portal.kit import edge


@click.group("ledger")
def ledger() -> None:
    """Look into the books."""


@ledger.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(as_json: bool) -> None:
    """Print every broken invariant, the audit log's chain included; exit with 1 where there is one.

    The operators' desk shows the same from then on.
    """
    instance.connect("ledger")
    found = _ask_everything()
    if as_json:
        click.echo(json.dumps([{"rule": v.rule, "subject": v.subject, "detail": v.detail} for v in found]))
    elif not found:
        click.echo("The books are sound.")
    for violation in [] if as_json else found:
        click.echo(f"{violation.rule}\t{violation.subject}\t{violation.detail}")
    if found:
        sys.exit(1)


def _ask_everything() -> list[Violation]:
    """Ask slice by slice, each in a transaction of its own; what was found is kept when all was asked."""
    began = edge.write(invariants.wall)
    found: list[Violation] = []
    following: Place | None = Place()
    while (place := following) is not None:
        seen, following = edge.write(lambda: whole_check.ask(place))
        found += seen

    def keep() -> None:
        invariants.keep(invariants.WHOLE, found)
        whole_check.end(began)

    edge.write(keep)
    return found


COMMANDS = (ledger,)
