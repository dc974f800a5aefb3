"""One line of migrations that runs both ways, and tables that are what the models say."""

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Table, create_engine, inspect, text
from sqlalchemy.engine.interfaces import ReflectedColumn

from portal.cli import migrations
from portal.kit.db import Base
from tests.architecture.sources import ROOT, import_everything

_LEFT = text(
    "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace UNION ALL "
    "SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS "
    "(SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
)


def engine_of(url: str):
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))


def test_there_is_one_head() -> None:
    assert len(migrations.wanted_heads()) == 1


def test_down_undoes_up(empty_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_OWNER_URL", empty_database)
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))

    command.upgrade(config, "head")
    command.downgrade(config, "base")

    engine = engine_of(empty_database)
    with engine.connect() as connection:
        left = {row[0] for row in connection.execute(_LEFT)}
    engine.dispose()
    assert left - {"alembic_version", "alembic_version_pkc"} == set()
    command.upgrade(config, "head")


def test_tables_are_what_the_models_say(worker_database: str) -> None:
    import_everything()
    engine = engine_of(worker_database)
    tables = {name: inspect(engine).get_columns(name) for name in inspect(engine).get_table_names()}
    engine.dispose()

    assert Base.metadata.tables.keys() - tables.keys() == set()
    assert {
        name: found for name, table in Base.metadata.tables.items() if (found := differences(table, tables[name]))
    } == {}


def differences(table: Table, columns: list[ReflectedColumn]) -> list[str]:
    """What a model says otherwise than its table does; columns that the database fills may be unknown to the model."""
    ours = {column.name: column.nullable for column in table.columns}
    theirs = {column["name"]: column["nullable"] for column in columns}
    filled = {column["name"] for column in columns if column["default"] is not None or "computed" in column}
    missing = [f"{table.name}.{name} is not there" for name in ours.keys() - theirs.keys()]
    both = ours.keys() & theirs.keys()
    nulls = [f"{table.name}.{name} may be null in one of both" for name in both if ours[name] != theirs[name]]
    needed = [name for name in theirs.keys() - ours.keys() if not theirs[name] and name not in filled]
    return missing + nulls + [f"{table.name}.{name} needs a value that the model never gives" for name in needed]


def test_nothing_is_loaded_behind_our_back() -> None:
    import_everything()
    lazy = [
        str(relation)
        for mapper in Base.registry.mappers
        for relation in mapper.relationships
        if relation.lazy not in ("raise", "raise_on_sql", "joined", "selectin")
    ]

    assert lazy == []
