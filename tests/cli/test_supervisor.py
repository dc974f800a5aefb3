"""The supervisor keeps children alive and leaves none behind, whatever ends it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.cli.processes import Child, Command, born, end_left_over
from tests.support.processes import ROOT, eventually

# A supervisor of two children: one that lives on, one that dies again and again.
PROGRAM = """
import sys
from pathlib import Path
from portal.cli.processes import Command
from portal.cli.supervisor import StopRequested, Supervisor

supervisor = Supervisor(Path(sys.argv[1]))
try:
    with supervisor.in_charge():
        supervisor.spawn(Command(name="steady", arguments=["sleep", "1000"]))
        supervisor.spawn(Command(name="weak", arguments=["sh", "-c", "echo ERROR: no strength; sleep 0.3; exit 3"]))
        print("watching", flush=True)
        supervisor.keep_running()
except StopRequested:
    print("stopped")
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "watching\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def pid_of(state: Path, name: str) -> int:
    pid: int = json.loads((state / "run" / f"{name}.json").read_text())["pid"]
    return pid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_all_children_and_ends_with_0(
    supervisor: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    steady = pid_of(tmp_path, "steady")

    supervisor.send_signal(number)
    told, _ = supervisor.communicate(timeout=20)

    assert supervisor.returncode == 0
    assert told.endswith("stopping weak …\nstopping steady …\nstopped\n")
    assert born(steady) is None
    assert list((tmp_path / "run").iterdir()) == []


def test_a_child_that_dies_is_started_again_and_spoken_of(supervisor: subprocess.Popen[str], tmp_path: Path) -> None:
    first = pid_of(tmp_path, "weak")

    assert eventually(lambda: pid_of(tmp_path, "weak") != first)

    supervisor.terminate()
    told, _ = supervisor.communicate(timeout=20)
    assert "weak ended unexpectedly (3); starting it again in 1 s" in told
    assert told.count("weak: ERROR: no strength") == 1


def test_children_die_with_a_killed_supervisor(supervisor: subprocess.Popen[str], tmp_path: Path) -> None:
    steady = pid_of(tmp_path, "steady")

    supervisor.kill()

    assert eventually(lambda: born(steady) is None)


def test_a_second_supervisor_of_the_same_state_is_refused(supervisor: subprocess.Popen[str], tmp_path: Path) -> None:
    second = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert f"already (process {supervisor.pid})" in second.stderr
    assert born(pid_of(tmp_path, "steady")) is not None


def test_a_left_over_is_ended_with_its_children(tmp_path: Path) -> None:
    command = Command(name="left", arguments=["sh", "-c", "sleep 1000 & echo $!; trap '' TERM; wait; wait"])
    child = Child(command, tmp_path / "log", tmp_path / "left.json")
    assert eventually(lambda: (tmp_path / "log").read_text().strip() != "")
    grandchild = int((tmp_path / "log").read_text())

    assert end_left_over(tmp_path / "left.json", patience=0.3) is True

    assert eventually(lambda: born(grandchild) is None)
    assert child.process.wait(5) == -signal.SIGKILL
    assert not (tmp_path / "left.json").exists()


def test_a_stranger_with_a_reused_pid_is_left_alone(tmp_path: Path) -> None:
    record = tmp_path / "left.json"
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    record.write_text(f'{{"pid": {os.getpid()}, "born": "1", "boot": "{boot}", "stop": 9}}')

    assert end_left_over(record) is False


def test_nothing_is_left_over_at_a_first_start(tmp_path: Path) -> None:
    assert end_left_over(tmp_path / "none.json") is False
