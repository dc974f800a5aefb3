"""Commands that show the two times, move business time, and begin anew. Moving only sets a target for the scheduler.

Refused outside the sandbox: business time beside real money is real.
"""

import json
import os
import sys
import time
from datetime import datetime, timedelta

import click

from portal.cli import environment, instance
from portal.cli.reset import wipe
from portal.kit import clock as clocks
from portal.kit import clock_target, edge, heartbeat

_LOOK_EVERY = 0.2


@click.group("clock")
def clock() -> None:
    """Show and move the sandbox's business time."""


@clock.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(as_json: bool) -> None:
    """Show business time, wall time and how far they are apart."""
    instance.connect("clock")
    now, ahead, target = edge.write(lambda: (edge.now(), clocks.offset(), clock_target.find()))
    if as_json:
        told = {"now": now.isoformat(), "wall": clocks.wall().isoformat(), "ahead_seconds": ahead.total_seconds()}
        click.echo(json.dumps(told | {"target": target.isoformat() if target else None}))
        return
    click.echo(f"business time  {_said(now)}")
    click.echo(f"wall time      {_said(clocks.wall())}")
    click.echo(f"ahead by       {ahead - timedelta(microseconds=ahead.microseconds)}")
    if target:
        click.echo(f"on its way to  {_said(target)}")


@clock.command("advance", context_settings={"ignore_unknown_options": True})
@click.argument("step", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def advance(step: tuple[str, ...], as_json: bool) -> None:
    """Move business time by STEP ("1 hour", "2 days", "1 month") and wait until everything due on the way is done.

    Exit with 1 where it did not arrive: stopped here or at the desk, or the scheduler has died.
    """
    instance.connect("clock")
    if not edge.write(lambda: heartbeat.is_alive("scheduler")):
        raise click.ClickException("The scheduler does the stepping and is not running; start the product first.")
    began, until = edge.write(lambda: _head_for(" ".join(step)))
    try:
        why = _watch(began, until)
    except KeyboardInterrupt:
        edge.write(clock_target.stop)
        why = "Stopped."
    now = edge.write(edge.now)
    if as_json:
        told = {"began": began.isoformat(), "now": now.isoformat(), "target": until.isoformat(), "arrived": not why}
        click.echo(json.dumps(told))
    else:
        click.echo(f"business time  {_said(now)}")
    if why:
        click.echo(why, err=True)
        sys.exit(1)


@clock.command("reset")
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(yes: bool) -> None:
    """Wipe all data of the sandbox, its clock with it; the instance must be stopped."""
    given = dict(os.environ)
    checked = environment.checked(given)
    if not yes:
        click.confirm(f"Wipe everything kept by the sandbox in {checked.state}?", abort=True)
    wipe(checked, given)
    click.echo("wiped; the next start begins anew")


def _head_for(step: str) -> tuple[datetime, datetime]:
    now = edge.now()
    until = clock_target.read_step(step, now)
    clock_target.head_for(until)
    return now, until


def _watch(began: datetime, until: datetime) -> str:
    """Show how far it has come, until it comes no further; return why, or nothing where it has arrived."""
    whole = max(1, int((until - began).total_seconds()))
    with click.progressbar(length=whole, label=f"to {_said(until)}", show_eta=False, file=sys.stderr) as bar:
        while True:
            target, now, is_alive = edge.write(
                lambda: (clock_target.find(), edge.now(), heartbeat.is_alive("scheduler"))
            )
            bar.update(min(whole, int((now - began).total_seconds())) - bar.pos)
            if target is None:
                return "" if now >= until else "It was stopped on its way."
            if not is_alive:
                return "The scheduler has fallen silent; once it runs again, the clock goes on to where it was sent."
            time.sleep(_LOOK_EVERY)


def _said(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"


COMMANDS = (clock,)
