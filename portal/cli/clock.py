"""Commands that show the two times, move business time, and begin anew. Moving only sets a target for the scheduler.

Refused outside the sandbox: business time beside real money is real.
"""

import json
import os
import time
from datetime import datetime, timedelta

import click

from portal.cli import environment
from portal.cli.reset import wipe
from portal.cli.run import plain_errors
from portal.kit import clock as clocks
from portal.kit import clock_target, config, edge, heartbeat
from portal.kit.errors import DomainError

_LOOK_EVERY = 0.2


@click.group("clock")
def clock() -> None:
    """Show and move the sandbox's business time."""


@clock.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(as_json: bool) -> None:
    """Show business time, wall time and how far they are apart."""
    _connect()
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


@clock.command("advance")
@click.argument("step", nargs=-1, required=True)
def advance(step: tuple[str, ...]) -> None:
    """Move business time by STEP ("1 hour", "2 days", "1 month") and wait until everything due on the way is done."""
    _connect()
    if not edge.write(lambda: heartbeat.is_alive("scheduler")):
        raise click.ClickException("The scheduler does the stepping and is not running; start the product first.")
    try:
        began, until = edge.write(lambda: _head_for(" ".join(step)))
    except DomainError as refused:
        raise click.ClickException(refused.message % refused.params) from refused
    try:
        _watch(began, until)
    except KeyboardInterrupt:
        edge.write(clock_target.stop)
        click.echo("\nstopped")
    click.echo(f"business time  {_said(edge.write(edge.now))}")


@clock.command("reset")
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(yes: bool) -> None:
    """Wipe all data of the sandbox, its clock with it; the instance must be stopped."""
    with plain_errors():
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


def _watch(began: datetime, until: datetime) -> None:
    """Show how far it has come, until it has arrived or somebody stopped it."""
    whole = max(1, int((until - began).total_seconds()))
    with click.progressbar(length=whole, label=f"to {_said(until)}", show_eta=False) as bar:
        while True:
            target, now = edge.write(lambda: (clock_target.find(), edge.now()))
            bar.update(min(whole, int((now - began).total_seconds())) - bar.pos)
            if target is None:
                return
            time.sleep(_LOOK_EVERY)


def _connect() -> None:
    with plain_errors():
        settings = config.load_settings(environment.of_instance())
    config.use(settings)
    edge.connect(settings.database_url, pool_size=1, application="clock")


def _said(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"


COMMANDS = (clock,)
