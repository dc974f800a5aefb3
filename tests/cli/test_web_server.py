"""The web server as a process: told to stop while it still loads, it ends instead of serving first."""

import subprocess
import sys
import time
from pathlib import Path

from portal.cli.ports import free_ports
from portal.cli.web_server import PROCESSES
from tests.support.processes import ROOT, bare_environ, eventually
from tests.support.settings import make_environ, provider_keys

LOADS_FOR_EVER = """\
import pathlib, threading
with pathlib.Path(__file__).with_name("loading").open("a") as file:
    file.write("x")
threading.Event().wait()
"""


def test_told_to_stop_while_it_loads_it_ends_at_once(tmp_path: Path) -> None:
    (tmp_path / "forever.py").write_text(LOADS_FOR_EVER)
    [port] = free_ports(1)
    own = provider_keys(tmp_path / "keys") | {"PORTAL_PORT": str(port), "PYTHONPATH": str(tmp_path)}
    environ = bare_environ() | make_environ("postgresql://nobody@127.0.0.1/none", "redis://127.0.0.1", tmp_path, own)
    command = [sys.executable, "-m", "portal.cli.web_server", "forever:app"]
    server = subprocess.Popen(command, cwd=ROOT, env=environ)
    try:
        loading = tmp_path / "loading"
        assert eventually(lambda: loading.exists() and len(loading.read_text()) == PROCESSES, 30)
        began = time.monotonic()
        server.terminate()
        server.wait(30)
        assert time.monotonic() - began < 5
    finally:
        server.kill()
