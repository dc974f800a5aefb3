"""A database is migrated when it is behind, and left in peace when it is not."""

import psycopg
import pytest

from portal.cli import migrations
from portal.cli.databases import DatabaseError


def test_a_new_database_is_migrated_once(empty_database: str) -> None:
    assert migrations.present_heads(empty_database) == set()
    assert migrations.migrate(empty_database) is True
    assert migrations.migrate(empty_database) is False
    assert migrations.present_heads(empty_database) == migrations.wanted_heads()
    assert len(migrations.wanted_heads()) == 1


def test_an_older_release_leaves_a_newer_one_s_database_alone_and_says_so(fresh_database: str) -> None:
    with psycopg.connect(fresh_database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(DatabaseError, match="revision 9999, which a newer release has brought it to"):
        migrations.migrate(fresh_database)
    assert migrations.present_heads(fresh_database) == {"9999"}
