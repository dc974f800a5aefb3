"""Commands that make operators and mend their second factor. Whoever may run them owns the installation.

Secrets are printed once, to this terminal, and kept nowhere in the clear.
"""

import io
import sys
from collections.abc import Callable

import click
import qrcode

from portal.cli import instance
from portal.identity import operators
from portal.identity.permissions import OperatorRole
from portal.identity.second_factor import Enrolment
from portal.kit import clock, edge

ROLES = click.Choice([role.value for role in OperatorRole])


@click.group("operator")
def operator() -> None:
    """Look after the people who run the directory."""


@operator.command("create")
@click.argument("email")
@click.option("--role", type=ROLES, required=True, help="What the operator may do.")
def create(email: str, role: str) -> None:
    """Make an operator; the password is asked for, or read from standard input when that is no terminal."""
    secret_key, password = instance.connect("operator").secret_key, _password()
    _enrol(lambda: operators.create(email, password, OperatorRole(role), secret_key, edge.now(), clock.wall()))


@operator.command("reset-second-factor")
@click.argument("email")
def reset_second_factor(email: str) -> None:
    """Replace an operator's second factor and recovery codes; every log-in of theirs ends."""
    secret_key = instance.connect("operator").secret_key
    _enrol(lambda: operators.reset_second_factor(email, secret_key, edge.now(), clock.wall()))


def _password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _enrol(work: Callable[[], Enrolment]) -> None:
    """Do the work in one transaction and show its secrets."""
    enrolment = edge.write(work)
    click.echo(_qr(enrolment.uri))
    click.echo("Scan the code with an authenticator app, or type its secret:")
    click.echo(f"  secret  {enrolment.secret}")
    click.echo(f"  uri     {enrolment.uri}")
    click.echo("Recovery codes, each good for one log-in without the device. They are shown only now:")
    for code in enrolment.recovery_codes:
        click.echo(f"  {code}")
    click.echo("Log in at /console/login.")


def _qr(uri: str) -> str:
    picture = qrcode.QRCode(border=2)
    picture.add_data(uri)
    drawn = io.StringIO()
    picture.print_ascii(out=drawn, invert=True)
    return drawn.getvalue()


COMMANDS = (operator,)
