"""Databases are made when missing, and a refusal names the setting that led there."""

import psycopg
import pytest

from portal.cli import databases
from tests.support.servers import Servers


def test_a_missing_database_is_made_once(servers: Servers) -> None:
    url = servers.database_url("made_once")

    assert databases.ensure(url, "DATABASE_URL") is True
    assert databases.ensure(url, "DATABASE_URL") is False

    databases.drop(servers.postgres_url, "made_once")


def test_a_wrong_password_names_the_setting_and_keeps_it_secret(servers: Servers) -> None:
    password = servers.postgres_url.split(":")[2].split("@")[0]
    url = servers.postgres_url.replace(password, "not-the-password")

    with pytest.raises(databases.DatabaseError, match="DATABASE_URL") as refused:
        databases.ensure(url, "DATABASE_URL")

    assert "not-the-password" not in str(refused.value)


def test_a_database_in_use_is_dropped_all_the_same(servers: Servers) -> None:
    databases.create(servers.postgres_url, "in_use")
    with psycopg.connect(servers.database_url("in_use")):
        databases.drop(servers.postgres_url, "in_use")

    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(servers.database_url("in_use"))
