"""Migrating while the product is used: pages and notifications go on, and a lock that does not come ends it (A14)."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from portal.cli import databases, migrations
from portal.kit.db import db
from tests.support.forms import forms_of
from tests.support.portal import Portal
from tests.support.processes import eventually

_NEXT = '''"""A migration of tomorrow."""

from alembic import op

revision = "9001"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE businesses ADD COLUMN motto text;")
    op.execute("ALTER TABLE payment_events ADD COLUMN motto text; SELECT pg_sleep({seconds});")
'''


@pytest.fixture
def tomorrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Puts one more migration after ours, which holds its lock on the businesses for so many seconds."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrations.MIGRATIONS, folder)
    [head] = migrations.wanted_heads()
    monkeypatch.setattr(migrations, "MIGRATIONS", folder)

    def write(seconds: float) -> None:
        (folder / "versions" / "9001_motto.py").write_text(_NEXT.format(head=head, seconds=seconds))

    return write


class Traffic:
    """A vendor who looks and saves, and a provider that tells of a payment again and again."""

    def __init__(self, portal: Portal) -> None:
        session = portal.open_session()
        self._portal, self._order = portal, portal.order(session)
        self._vendor = portal.visitor()
        self._vendor.log_in("ann@shop.example")
        business = portal.do(lambda: db.scalar(text("SELECT public_id FROM businesses")))
        self._profile = f"/businesses/{business}/profile"
        self.statuses: list[int] = []
        self.slowest = 0.0
        portal.sandbox.pay(self._order)

    def go_round(self) -> None:
        """A page of the table that is being changed, a write of it, and a notice."""
        began = time.monotonic()
        page = self._vendor.get(self._profile)
        [form] = [form for form in forms_of(page.text) if "description" in form.fields]
        saved = self._vendor.send(self._profile, form.fields)
        told = self._portal.sandbox.notify(self._order, fresh_ids=True)
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.statuses += [page.status_code, saved.status_code, *told]

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Let it all go on beside the block, from before its beginning until after its end."""
        stop = threading.Event()

        def run() -> None:
            while not stop.is_set():
                self.go_round()
            self.go_round()

        thread = threading.Thread(target=run)
        thread.start()
        assert eventually(lambda: bool(self.statuses), 30)
        try:
            yield
        finally:
            stop.set()
            thread.join(60)
        rounds, rest = divmod(len(self.statuses), 3)
        assert rest == 0
        assert self.statuses == [200, 303, 204] * rounds


def columns(portal: Portal) -> set[str]:
    with psycopg.connect(portal.settings.database_url) as connection:
        asked = connection.execute("SELECT attname FROM pg_attribute WHERE attrelid = 'businesses'::regclass")
        return {row[0] for row in asked}


def test_a14_pages_and_notices_go_on_while_a_migration_runs(
    portal: Portal, tomorrow: Callable[[float], None], saw: Callable[[str], None]
) -> None:
    tomorrow(1.0)
    traffic = Traffic(portal)
    with traffic.going_on():
        assert migrations.migrate(portal.settings.database_owner_url)

    assert "motto" in columns(portal)
    saw(
        f"{len(traffic.statuses)} pages, writes and notices, none refused, the slowest three in {traffic.slowest:.1f} s"
    )


def test_a14_a_migration_that_does_not_get_its_lock_leaves_everything_as_it_was(
    portal: Portal, tomorrow: Callable[[float], None], saw: Callable[[str], None]
) -> None:
    tomorrow(0)
    traffic = Traffic(portal)
    heads = migrations.present_heads(portal.settings.database_url)
    with psycopg.connect(portal.settings.database_url) as report:
        report.execute("SELECT count(*) FROM businesses")
        with traffic.going_on(), pytest.raises(databases.DatabaseError, match="in use"):
            migrations.migrate(portal.settings.database_owner_url)

    assert "motto" not in columns(portal)
    assert migrations.present_heads(portal.settings.database_url) == heads
    assert migrations.migrate(portal.settings.database_owner_url)
    assert "motto" in columns(portal)
    answers = f"{len(traffic.statuses)} pages, writes and notices beside it"
    saw(f"it gave up, {answers}: none refused, the slowest three in {traffic.slowest:.1f} s; run again, it worked")


_OLD = "0010"
_COLUMNS = """
    SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod),
           a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped
      AND c.relname <> 'alembic_version'
"""
_RULES = """
    SELECT conrelid::regclass || ': ' || conname, pg_get_constraintdef(oid), false FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype IN ('c', 'u', 'x', 'f')
"""
_REFERENCE = "f"
_RULE_COLUMNS = """
    SELECT conrelid::regclass || ': ' || conname, contype, (
        SELECT array_agg(conrelid::regclass || '.' || attname) FROM pg_attribute
        WHERE attrelid = conrelid AND attnum = ANY(conkey))
    FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype IN ('c', 'u', 'x', 'f')
"""
_FUNCTIONS = """
    SELECT p.oid::regprocedure::text, pg_get_function_result(p.oid), false FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""


def schema(url: str, question: str) -> dict[str, tuple[str, bool]]:
    with psycopg.connect(url) as connection:
        return {name: (kind, is_needed) for name, kind, is_needed in connection.execute(question).fetchall()}


def rules_old_code_can_break(url: str, known: set[str]) -> set[str]:
    """The rules that whoever writes only ``known`` columns may break: not those that are all about others, nor
    references that hold an unknown one, which stays empty."""
    with psycopg.connect(url) as connection:
        found = [(rule, kind, set(columns or ())) for rule, kind, columns in connection.execute(_RULE_COLUMNS)]
    return {rule for rule, kind, columns in found if known & columns and (kind != _REFERENCE or known >= columns)}


def test_a14_old_code_finds_everything_it_knows_in_the_new_schema(
    empty_database: str, worker_database: str, saw: Callable[[str], None]
) -> None:
    """While servers are replaced one by one, those of the first release work beside the newest schema."""
    migrations.migrate(empty_database, _OLD)
    old, new = schema(empty_database, _COLUMNS), schema(worker_database, _COLUMNS)
    tables = {name.split(".")[0] for name in old}
    needed = [name for name in new.keys() - old.keys() if name.split(".")[0] in tables and new[name][1]]
    stricter = rules_old_code_can_break(worker_database, set(old)) - schema(empty_database, _RULES).keys()

    # What must no longer be filled is left empty by newer servers only, in rows that the old ones do not look at.
    assert {
        name: known for name, known in old.items() if name not in new or new[name] not in (known, (known[0], False))
    } == {}
    assert needed == []
    assert schema(empty_database, _FUNCTIONS).items() <= schema(worker_database, _FUNCTIONS).items()
    assert [rule for rule in stricter if rule.split(":")[0] in tables] == []
    saw(f"{len(old)} columns of the first release are as they were; none that it does not know must be filled")
