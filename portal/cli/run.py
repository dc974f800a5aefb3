"""The commands that start things: all of it under one supervisor, or one process alone."""

import os

import click

from portal.cli import app_role, databases, doctor, environment, migrations, roles, start
from portal.cli.plain import plain_errors
from portal.cli.processes import Command
from portal.cli.supervisor import StopRequested, Supervisor
from portal.kit.config import Settings, load_settings


@click.command("run")
def run() -> None:
    """Start everything: servers, sandbox, web and worker; Ctrl-C stops it all."""
    given = dict(os.environ)
    checked = environment.checked(given)
    supervisor = Supervisor(checked.state)
    try:
        with supervisor.in_charge():
            start.run(supervisor, checked, given, lambda settings: _prepare(settings, is_start=True))
    except StopRequested:
        click.echo("stopped")


@click.command("web")
def web() -> None:
    """Run the web server alone."""
    settings, environ = _instance()
    roles.forget_metrics(settings)
    _become(roles.web(settings, environ))


@click.command("worker")
def worker() -> None:
    """Run the worker alone, with its job processes and the scheduler."""
    _become(roles.worker(_instance()[1]))


@click.command("sandbox")
def sandbox() -> None:
    """Run the sandbox alone."""
    _become(roles.sandbox(_instance()[1]))


@click.command("migrate")
def migrate() -> None:
    """Bring the database to the newest revision, with the first price book and the exchange rates in it."""
    settings, _ = _instance()
    databases.ensure(settings.database_owner_url, "DATABASE_OWNER_URL")
    with app_role.rights(settings.database_owner_url, settings.database_url):
        is_changed = migrations.migrate(settings.database_owner_url)
    _prepare(settings)
    click.echo("migrated" if is_changed else "nothing to do")


COMMANDS = (run, web, worker, sandbox, migrate, doctor.doctor)


def _instance() -> tuple[Settings, dict[str, str]]:
    environ = environment.of_instance()
    return load_settings(environ), environ


def _become(command: Command) -> None:
    """Turn this process into the command, so that signals and exit codes need no middleman."""
    arguments = [str(argument) for argument in command.arguments]
    os.chdir(command.folder or ".")
    os.execvpe(arguments[0], arguments, dict(command.environ or os.environ))  # noqa: S606


def _prepare(settings: Settings, *, is_start: bool = False) -> None:
    """What must be in the database before the first request."""
    from portal.cli.prepare import prepare

    prepare(settings, is_start=is_start)


if __name__ == "__main__":
    with plain_errors():
        run()
