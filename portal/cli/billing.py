"""Commands that renew what is due and tell what will be charged. Both do what the workers do, by the same functions."""

import csv
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import click

from portal.billing import advance, due, quotes, renewals
from portal.billing.preview import Preview
from portal.billing.rolling import Charge
from portal.cli import instance, progress
from portal.invoicing import line_words
from portal.invoicing.line_words import ShownLine
from portal.kit import edge, i18n
from portal.kit.money import Money

_COLUMNS = (
    "due_on", "business", "subscription", "kind", "starts_on", "ends_on", "lines", "amount", "credit", "carried",
    "currency", "paid_by",
)  # fmt: skip
_KINDS = {
    renewals.KIND: "renewal",
    advance.FURTHER: "renewal, changed",
    quotes.WAKING: "waking",
    quotes.BATCH: "branches",
    quotes.CHANGE: "tier that fits",
}
"""What each charge is for, as the table says it."""
_OF_LINE = ("code", "quantity", "unit_amount", "amount")
_LANGUAGE = "en"


@click.group("billing")
def billing() -> None:
    """Renew what is due, and see ahead."""


@billing.command("run")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def run(as_json: bool) -> None:
    """Renew everything that is due, chunk by chunk; what was begun and stopped is taken up by the next run.

    Workers that renew meanwhile do no harm: each subscription is taken by one of them. Exit with 1 where others hold
    what is due still.
    """
    instance.connect("billing")
    began = time.monotonic()
    waiting = edge.write(lambda: due.count_due(edge.now()))
    try:
        done = _renew(waiting)
    except KeyboardInterrupt:
        click.echo("\nStopped. What was renewed is kept; the next run goes on from there.", err=True)
        sys.exit(1)
    left, seconds = edge.write(lambda: due.count_due(edge.now())), round(time.monotonic() - began, 2)
    if as_json:
        click.echo(json.dumps({"looked_at": done, "left_to_others": left, "seconds": seconds}))
    else:
        click.echo(_told(done, left, seconds))
    if left:
        sys.exit(1)


def _told(done: int, left: int, seconds: float) -> str:
    if not done and not left:
        return "Nothing is due."
    took = f"Looked at {_counted(done, 'due period')} in {seconds:.2f} s"
    held = f"{left} more {'is' if left == 1 else 'are'} in the hands of other workers" if left else ""
    return f"{took}; {held or 'nothing is due any more'}."


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _renew(waiting: int) -> int:
    """Renew chunk by chunk, telling how far it has come; a backlog may come to more than was ``waiting`` at first."""
    done = 0
    with progress.counted("Renewing", waiting) as tell:
        while looked := edge.write(lambda: renewals.renew_chunk(edge.now())):
            done += looked
            tell(done)
    return done


@billing.command("preview")
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How far to look ahead.")
@click.option("--csv", "form", flag_value="csv", help="Print CSV, amounts in minor units.")
@click.option("--json", "form", flag_value="json", help="Print JSON, amounts in minor units.")
def preview(days: int, form: str | None) -> None:
    """List every charge of the coming days with its lines, its amount and how it is paid. Nothing is changed.

    Renewals, listings that wake on a day, branches that are settled at midnight, and tiers that grow when a grace ends.
    As things stand: with today's plans, prices and rates, and as if everybody paid in time.
    """
    instance.connect("billing")
    charges, until = _look_ahead(timedelta(days=days))
    if form == "json":
        click.echo(json.dumps([_row(charge) for charge in charges], indent=1, ensure_ascii=False))
    elif form == "csv":
        writer = csv.DictWriter(sys.stdout, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(_row(charge) | {"lines": _titles(charge)} for charge in charges)
    else:
        _print_table(charges, until)


def _look_ahead(far: timedelta) -> tuple[list[Charge], datetime]:
    """Return all charges by their days, and until when. Each chunk is a transaction of its own that is not kept."""
    now = edge.write(edge.now)
    ahead = edge.write(lambda: Preview(now, now + far))
    found: list[Charge] = []
    with progress.counted("Looking ahead", edge.write(ahead.count)) as tell:
        while (chunk := edge.write(ahead.following, keep=lambda _: False)) is not None:
            found += chunk
            tell(ahead.seen)
    return sorted(found, key=lambda charge: (charge.due_on, charge.buyer, charge.of.public_id)), now + far


def _row(charge: Charge) -> dict[str, Any]:
    row: dict[str, Any] = {
        "due_on": str(charge.due_on),
        "business": charge.buyer,
        "subscription": charge.of.public_id,
        "kind": charge.kind,
        "starts_on": str(charge.period.starts_on),
        "ends_on": str(charge.period.ends_on),
        "lines": [],
        "amount": None,
        "credit": None,
        "carried": None,
        "currency": None,
        "paid_by": charge.paid_by,
    }
    if charge.total is None or charge.credit is None or charge.along is None:
        return row
    lines = [
        {name: line[name] for name in _OF_LINE} | {"sum": shown.derivation}
        for line, shown in zip(charge.lines, _shown(charge), strict=True)
    ]
    figures = {"amount": charge.total.amount, "credit": charge.credit.amount, "carried": charge.along.amount}
    return row | {"lines": lines, **figures, "currency": charge.total.currency}


def _titles(charge: Charge) -> str:
    """Return what a charge is for, such as "Starter tier, Further branches: 2"."""
    return ", ".join(shown.title for shown in _shown(charge))


def _shown(charge: Charge) -> list[ShownLine]:
    currency = charge.of.currency
    return [
        line_words.shown_line(
            line["code"],
            line["quantity"],
            Money(line["unit_amount"], currency),
            Money(line["amount"], currency),
            line["derivation"],
            _LANGUAGE,
        )
        for line in charge.lines
    ]


def _print_table(charges: Sequence[Charge], until: datetime) -> None:
    rows = [
        (
            str(charge.due_on),
            charge.buyer,
            _KINDS[charge.kind],
            _titles(charge),
            _amount(charge),
            _how(charge),
            charge.of.public_id,
        )
        for charge in charges
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(6)] if rows else []
    for row in rows:
        click.echo("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]))
    totals = Counter[str]()
    for charge in charges:
        if charge.total is not None:
            totals[charge.total.currency] += charge.total.amount
    told = ", ".join(i18n.money_text(amount, currency, _LANGUAGE) for currency, amount in sorted(totals.items()))
    number = _counted(len(charges), "charge")
    click.echo(f"{number} until {until:%Y-%m-%d}: {told}" if rows else f"No charges until {until:%Y-%m-%d}.")


def _amount(charge: Charge) -> str:
    return _money(charge.total) if charge.total else "–"


def _how(charge: Charge) -> str:
    """Return how a charge is paid, such as "£0.30 credit, payment link, with £0.20 carried before"."""
    if charge.credit is None or charge.along is None:
        return f"waits for a price ({charge.paid_by})"
    said = [charge.paid_by.replace("_", " ")]
    if charge.credit and charge.credit != charge.total:
        said.insert(0, f"{_money(charge.credit)} credit")
    if charge.along:
        said.append(f"with {_money(charge.along)} carried before")
    return ", ".join(said)


def _money(amount: Money) -> str:
    return i18n.money_text(amount.amount, amount.currency, _LANGUAGE)


COMMANDS = (billing,)
