"""A database is migrated when it is behind, and left in peace when it is not."""

from portal.cli import migrations


def test_a_new_database_is_migrated_once(empty_database: str) -> None:
    assert migrations.present_heads(empty_database) == set()
    assert migrations.migrate(empty_database) is True
    assert migrations.migrate(empty_database) is False
    assert migrations.present_heads(empty_database) == migrations.wanted_heads()
    assert len(migrations.wanted_heads()) == 1
