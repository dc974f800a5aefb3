"""Real web servers for ours and for the floor: the product's own command, for one application or the other."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from portal.cli import roles
from portal.cli.ports import free_ports
from portal.cli.processes import Child
from portal.kit.config import load_settings
from tests.benchmarks.load import Wire
from tests.support.processes import bare_environ, eventually

OURS = "portal.app:create_app"
FLOOR = "tests.benchmarks.bare:create_app"


@contextmanager
def served(
    application: str, environ: Mapping[str, str], folder: Path, ready: str = "/healthz", port: int = 0
) -> Iterator[tuple[int, Child]]:
    """Serve ``application`` and give its port and process, once it answers the page at ``ready``."""
    port, name = port or free_ports(1)[0], application.partition(":")[0]
    own = {"PORTAL_PORT": str(port), "PORTAL_STATE": str(folder / name), "LOG_LEVEL": "WARNING"}
    whole = bare_environ() | environ | own
    settings = load_settings(whole)
    roles.forget_metrics(settings)
    command = roles.web(settings, whole)
    command = replace(command, arguments=[*command.arguments[:-1], application])
    log = folder / f"{name}.log"
    log.unlink(missing_ok=True)
    child = Child(command, log=log, record=folder / "run" / name)
    try:
        assert eventually(lambda: _answers(port, ready) or not child.is_running(), 60), child.last_lines()
        assert child.is_running(), child.last_lines()
        yield port, child
    finally:
        child.stop()


def _answers(port: int, address: str) -> bool:
    try:
        wire = Wire(port)
    except OSError:
        return False
    try:
        wire.get(address)
    except (OSError, AssertionError):
        return False
    finally:
        wire.close()
    return True
