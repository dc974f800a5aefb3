"""The web server as a process: it loads once, and told to stop before it serves, it ends instead of serving first."""

import multiprocessing
import subprocess
import sys
import time
from pathlib import Path

from portal.cli.ports import free_ports
from portal.cli.web_server import PROCESSES
from tests.support.processes import ROOT, bare_environ, eventually
from tests.support.settings import make_environ, provider_keys

MAKES_FOR_EVER = """\
import pathlib, threading

def note(name):
    with pathlib.Path(__file__).with_name(name).open("a") as file:
        file.write("x")

def make():
    note("making")
    threading.Event().wait()

note("loaded")
"""


def test_told_to_stop_while_it_loads_it_ends_at_once(tmp_path: Path) -> None:
    (tmp_path / "forever.py").write_text(MAKES_FOR_EVER)
    [port] = free_ports(1)
    own = provider_keys(tmp_path / "keys") | {"PORTAL_PORT": str(port), "PYTHONPATH": str(tmp_path)}
    environ = bare_environ() | make_environ("postgresql://nobody@127.0.0.1/none", "redis://127.0.0.1", tmp_path, own)
    command = [sys.executable, "-m", "portal.cli.web_server", "forever:make"]
    server = subprocess.Popen(command, cwd=ROOT, env=environ)
    try:
        making = tmp_path / "making"
        assert eventually(lambda: making.exists() and len(making.read_text()) == PROCESSES, 30)
        loads = 1 if multiprocessing.get_start_method() == "fork" else PROCESSES
        assert len((tmp_path / "loaded").read_text()) == loads
        began = time.monotonic()
        server.terminate()
        server.wait(30)
        assert time.monotonic() - began < 5
    finally:
        server.kill()
