"""The order of a start: servers, databases, tables, what the product needs in them, then its processes.

Every step says what it does; whatever goes wrong ends the start with a reason and leaves nothing running.
"""

from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic

import click

from portal.cli import app_role, databases, environment, migrations, ports, postgres, roles, valkey
from portal.cli.supervisor import StartError, Supervisor
from portal.kit.config import Settings, load_settings

Prepare = Callable[[Settings], None]


def run(supervisor: Supervisor, checked: Settings, given: Mapping[str, str], prepare: Prepare) -> None:
    """Start everything and keep it running; returns only by StopRequested or StartError."""
    began = monotonic()
    refuse_taken_ports(checked)
    written = environment.written_file(checked.state)
    try:
        environ = start_servers(supervisor, checked, given)
        settings = load_settings(environ)
        environment.write_down(environ, given, written)
        make_databases(settings, environ.get("PORTAL_SANDBOX_DATABASE_URL"))
        prepare(settings)
        start_processes(supervisor, settings, environ)
        tell(settings, environ, monotonic() - began)
        supervisor.keep_running()
    finally:
        written.unlink(missing_ok=True)


def refuse_taken_ports(settings: Settings) -> None:
    """Raise StartError for every port that somebody else listens on, with the setting that chooses another."""
    wanted = {"PORTAL_PORT": settings.port}
    if settings.is_sandbox:
        wanted["PORTAL_SANDBOX_PORT"] = settings.sandbox_port
        wanted["PORTAL_SANDBOX_SMTP_PORT"] = settings.sandbox_smtp_port
    host = "0.0.0.0" if settings.is_lan else "127.0.0.1"  # noqa: S104
    taken = {name: port for name, port in wanted.items() if not ports.is_free(port, host)}
    if taken:
        raise StartError("\n".join(f"port {port} is in use; choose another by {name}" for name, port in taken.items()))


def start_servers(supervisor: Supervisor, settings: Settings, given: Mapping[str, str]) -> dict[str, str]:
    """Start the servers that nobody named, and make the sandbox's keys meanwhile; gives the product's environment."""
    chosen = ports.remembered_ports(settings.state / "ports.json", ("postgres", "redis"))
    waits: list[Callable[[], None]] = []
    servers: dict[str, str] = {}
    if not given.get("REDIS_URL", "").strip():
        click.echo("starting Redis …")
        redis = valkey.prepare(settings.state, settings.redis_bin, chosen["redis"])
        redis_child = supervisor.spawn(redis.command(), shows_errors=False)
        servers["REDIS_URL"] = redis.url()
        waits.append(lambda: redis.wait_until_ready(redis_child, supervisor.pause))
    if not given.get("DATABASE_URL", "").strip():
        click.echo("starting PostgreSQL …")
        server = postgres.prepare(settings.state, settings.postgres_bin, chosen["postgres"])
        server_child = supervisor.spawn(server.command(), shows_errors=False)
        servers["DATABASE_OWNER_URL"] = server.url("stallholder")
        servers["DATABASE_URL"] = server.app_url("stallholder")
        waits.append(lambda: server.wait_until_ready(server_child, supervisor.pause))
    environ = environment.completed(given, settings, servers)
    if settings.is_sandbox and settings.wechat_pay is None:
        keys = Path(environ["PORTAL_SANDBOX_KEYS"])
        if environment.lacks_product_keys(keys / "product.env"):
            supervisor.run_to_end(roles.ceremony(keys, environ))
        environ = environment.with_product_keys(environ, keys / "product.env")
    for wait in waits:
        wait()
    return environ


def make_databases(settings: Settings, sandbox_url: str | None) -> None:
    """Make what is missing: the product's database with its tables, and the sandbox's, which makes its own tables."""
    databases.ensure(settings.database_owner_url, "DATABASE_URL")
    if sandbox_url:
        databases.ensure(sandbox_url, "PORTAL_SANDBOX_DATABASE_URL")
    with app_role.rights(settings.database_owner_url, settings.database_url):
        is_changed = migrations.migrate(settings.database_owner_url)
    if is_changed:
        click.echo("the database has its tables")


def start_processes(supervisor: Supervisor, settings: Settings, environ: Mapping[str, str]) -> None:
    """Start sandbox, web and worker at once and return when the product can serve."""
    click.echo(f"starting {'sandbox, ' if settings.is_sandbox else ''}web and worker …")
    roles.forget_metrics(settings)
    if settings.is_sandbox:
        supervisor.spawn(roles.sandbox(environ))
    supervisor.spawn(roles.worker(environ))
    supervisor.spawn(roles.web(settings, environ))
    if settings.is_sandbox:
        supervisor.wait_for("the sandbox", lambda: answers_200(settings.sandbox_port, "/healthz"), 60)
    supervisor.wait_for("the product", lambda: answers_200(settings.port, "/readyz"), 60)


def answers_200(port: int, path: str) -> bool:
    """Whether the address on this machine answers 200 within two seconds; never through a proxy."""
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def tell(settings: Settings, environ: Mapping[str, str], seconds: float) -> None:
    """Say where everything is and how to get in."""
    near = f"http://127.0.0.1:{settings.port}"
    click.secho(f"ready: {near}", bold=True, nl=False)
    click.echo(f"  (after {seconds:.1f} s)")
    hints = {"register your business": f"{near}/register"}
    if settings.is_lan:
        hints["on your network"] = settings.base_url
    if settings.is_sandbox:
        # On a network the mails, which hold log-in links, open to who knows the token alone.
        token = f"?token={environ['PORTAL_SANDBOX_TOKEN']}" if settings.is_lan else ""
        hints["read the mails it sends"] = f"{environ['PORTAL_SANDBOX_PUBLIC_URL']}/outbox{token}"
    hints["make an operator"] = ".venv/bin/portal operator create, in another terminal"
    hints["everything is kept in"] = str(settings.state)
    for what, where in hints.items():
        click.echo(f"  {what:<25} {where}")
    click.echo("Ctrl-C stops everything.")
