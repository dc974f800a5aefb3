"""``portal operator`` makes people who can log in at the desk, and shows their secrets once."""

import re

import pyotp
import pytest
from click.testing import CliRunner

from portal.app import main
from portal.identity import operators
from portal.kit import clock, edge
from tests.identity.people import PASSWORD
from tests.support.settings import SECRET

MAIL = "olga@desk.example"


@pytest.fixture
def portal(fresh_database, worker_redis, tmp_path, monkeypatch):
    """The command line of an instance over a database of the test's own."""
    given = {"DATABASE_URL": fresh_database, "REDIS_URL": worker_redis, "SECRET_KEY": SECRET}
    for name, value in (given | {"PORTAL_STATE": str(tmp_path)}).items():
        monkeypatch.setenv(name, value)
    yield lambda *arguments, typed=PASSWORD: CliRunner().invoke(main, ["operator", *arguments], input=f"{typed}\n")
    edge.disconnect()


def can_log_in(secret, password=PASSWORD):
    code, wall = pyotp.TOTP(secret).at(clock.wall()), clock.wall()
    return edge.write(lambda: operators.check(MAIL, password, code, SECRET, wall)) is not None


def test_create_prints_what_the_operator_needs(portal):
    result = portal("create", MAIL, "--role", "admin")

    assert result.exit_code == 0, result.output
    secret = re.search(r"secret  (\w+)", result.output).group(1)
    assert "otpauth://totp/Stallholder:olga%40desk.example" in result.output
    assert len(re.findall(r"^  (?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}$", result.output, re.MULTILINE)) == 10
    assert "█" in result.output
    assert can_log_in(secret)


def test_refusals_are_sentences(portal):
    portal("create", MAIL, "--role", "support")

    for result, words in [
        (portal("create", MAIL, "--role", "support"), "is an operator already"),
        (portal("create", "nonsense", "--role", "support"), "not an e-mail address"),
        (portal("create", "x@desk.example", "--role", "support", typed="short"), "10 to 200 characters"),
        (portal("create", "x@desk.example", "--role", "king"), "Invalid value"),
        (portal("reset-second-factor", "x@desk.example"), "no operator of this address"),
    ]:
        assert result.exit_code != 0
        assert words in result.output


def test_a_reset_gives_a_new_device(portal):
    old = re.search(r"secret  (\w+)", portal("create", MAIL, "--role", "admin").output).group(1)
    new = re.search(r"secret  (\w+)", portal("reset-second-factor", MAIL).output).group(1)

    assert not can_log_in(old)
    assert can_log_in(new)
