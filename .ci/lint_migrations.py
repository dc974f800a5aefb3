"""Shows squawk the SQL of every migration since the first release, so that none stops the product while it runs.

Its configuration, .ci/squawk.toml, says which of its rules are not ours and why.
"""

import io
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations

ROOT = Path(__file__).resolve().parent.parent
FROZEN = "0010"
"""The last migration that ran only on empty databases."""


def main(folder: Path = ROOT / "migrations" / "versions") -> int:
    """Lint what is newer than the frozen migrations; the exit code is squawk's."""
    squawk = Path(sys.executable).with_name("squawk")
    with tempfile.TemporaryDirectory() as written:
        files = [Path(written) / f"{file.stem}.sql" for file in sorted(folder.glob("*.py")) if file.name[:4] > FROZEN]
        for file in files:
            file.write_text(sql_of(folder / f"{file.stem}.py"))
        command = [squawk, "--config", ROOT / ".ci" / "squawk.toml", *(file.name for file in files)]
        return subprocess.run(command, cwd=written, check=False).returncode if files else 0


def sql_of(migration: Path) -> str:
    """The statements of a migration's way up, as they would be sent."""
    written = io.StringIO()
    offline = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written})
    with Operations.context(offline):
        runpy.run_path(str(migration))["upgrade"]()
    return written.getvalue()


if __name__ == "__main__":
    sys.exit(main())
