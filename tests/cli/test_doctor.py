"""What `portal doctor` says of a set-up, as far as no running instance is needed for it."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from portal.cli import app_role, doctor
from portal.kit.config import Settings


@pytest.fixture
def app_url(fresh_database: str) -> Iterator[str]:
    """The address of the database for a role that owns nothing."""
    role, parts = f"app_{uuid4().hex[:12]}", urlsplit(fresh_database)
    url = urlunsplit(parts._replace(netloc=f"{role}:secret@{parts.hostname}:{parts.port}"))
    app_role.ensure(fresh_database, url)
    yield url
    with psycopg.connect(fresh_database) as owner:
        owner.execute(sql.SQL("DROP OWNED BY {}; DROP ROLE {}").format(*[sql.Identifier(role)] * 2))


def warnings(settings: Settings, url: str, owner_url: str) -> list[str]:
    asked = replace(settings, database_url=url, database_owner_url=owner_url, is_sandbox=False)
    found = [*doctor._unwise(asked), *doctor._database(asked)]
    return [finding for finding in found if "owner of its tables" in finding]


def test_the_owner_at_work_is_warned_of_and_the_role_is_not(
    app_url: str, fresh_database: str, settings: Settings
) -> None:
    assert len(warnings(settings, fresh_database, fresh_database)) == 1
    assert warnings(settings, app_url, fresh_database) == []
    assert warnings(settings, app_url, app_url) == [], "the owner's address may be known to `portal migrate` alone"


@pytest.mark.parametrize(("revision", "said"), [("0001", "run `portal migrate`"), ("9999", "run the newer release")])
def test_a_database_behind_and_one_ahead_are_told_apart(
    fresh_database: str, settings: Settings, revision: str, said: str
) -> None:
    with psycopg.connect(fresh_database) as owner:
        owner.execute("UPDATE alembic_version SET version_num = %s", [revision])
    [finding] = [*doctor._database(replace(settings, database_url=fresh_database, is_sandbox=True))]
    assert finding.count("run ") == 1
    assert said in finding


@pytest.mark.parametrize(("key", "count"), [("sk_test_1", 1), ("sk_live_1", 0)])
def test_a_test_key_where_real_money_flows_is_told(settings: Settings, key: str, count: int) -> None:
    assert settings.stripe is not None
    asked = replace(settings, is_sandbox=False, stripe=replace(settings.stripe, secret_key=key))
    found = [finding for finding in doctor._unwise(asked) if "STRIPE_SECRET_KEY" in finding]
    assert len(found) == count
