"""The linter of migrations refuses what would stop the product while it runs (`make check` shows it ours)."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.architecture.sources import ROOT

MIGRATION = 'from alembic import op\n\n\ndef upgrade():\n    op.execute("{}")\n'


@pytest.fixture
def linter() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lint_migrations", ROOT / ".ci" / "lint_migrations.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("CREATE INDEX businesses_note_idx ON businesses (note)", "require-concurrent-index-creation"),
        ("ALTER TABLE invoices ADD CHECK (paid_amount >= 0)", "constraint-missing-not-valid"),
        ("ALTER TABLE businesses ALTER COLUMN name TYPE varchar(9)", "changing-column-type"),
        ("ALTER TABLE businesses DROP COLUMN name", "ban-drop-column"),
        ("ALTER TABLE businesses RENAME COLUMN name TO title", "renaming-column"),
    ],
)
def test_what_would_stop_the_product_is_refused(
    linter: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str], statement: str, rule: str
) -> None:
    (tmp_path / "9999_bad.py").write_text(MIGRATION.format(statement))

    assert linter.main(tmp_path) == 1
    assert rule in capfd.readouterr().out
