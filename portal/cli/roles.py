"""The product's own processes and how each is run; the supervisor, the container and the command line agree here."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from portal.cli.migrations import ROOT
from portal.cli.processes import Command
from portal.kit.config import Settings


def web(settings: Settings, environ: Mapping[str, str]) -> Command:
    """The web server."""
    shared = {"PROMETHEUS_MULTIPROC_DIR": str(metrics_folder(settings))}
    return _python("web", ["portal.cli.web_server", "portal.app:create_app"], shared | dict(environ))


def metrics_folder(settings: Settings) -> Path:
    """Where the processes of one web server add up their counters; two servers may share a state folder."""
    return settings.state / "run" / f"metrics-{settings.port}"


def forget_metrics(settings: Settings) -> None:
    """Empty that folder: counters of processes that are no more would be added for ever."""
    shutil.rmtree(metrics_folder(settings), ignore_errors=True)
    metrics_folder(settings).mkdir(parents=True)


def worker(environ: Mapping[str, str]) -> Command:
    """The parent of the job processes and of the scheduler."""
    return _python("worker", ["worker"], environ)


def sandbox(environ: Mapping[str, str]) -> Command:
    """The pretend world."""
    return _python("sandbox", ["portal.sandbox"], environ)


def ceremony(keys: Path, environ: Mapping[str, str]) -> Command:
    """Makes the sandbox's keys, unless they are there already, and ends."""
    return _python("ceremony", ["portal.sandbox.ceremony", str(keys)], environ)


def _python(name: str, module: list[str], environ: Mapping[str, str]) -> Command:
    return Command(
        name=name,
        arguments=[sys.executable, "-m", *module],
        environ=dict(environ) | {"PYTHONUNBUFFERED": "1"},
        folder=ROOT,
    )
