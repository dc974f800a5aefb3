"""Child processes: started so that they die with us, found again after a crash, and ended with all their own children.

Every child leads its own session, so that a terminal's Ctrl-C reaches only the supervisor, which stops them in order.
"""

import ctypes
import json
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.cli.files import write_private

Pause = Callable[[float], None]
"""How to wait a number of seconds; the supervisor's own way notices meanwhile that it shall stop."""

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run and how to end it: `stop_signal` asks politely, after `patience` seconds SIGKILL follows."""

    name: str
    arguments: Sequence[str | Path]
    environ: Mapping[str, str] | None = None
    folder: Path | None = None
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 15.0


class Child:
    """One running command; its output is appended to `log` and its identity written to `record`."""

    def __init__(self, command: Command, log: Path, record: Path) -> None:
        """Start it. Call this from the main thread only: on Linux a child dies with the *thread* that started it."""
        self.command = command
        self.log = log
        self.record = record
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [str(argument) for argument in command.arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=command.environ,
                cwd=command.folder,
                start_new_session=True,
                **run_as(command.user),
                preexec_fn=lambda: _die_with_parent(command.stop_signal),
            )
        write_record(record, self.process.pid, command.stop_signal)

    def is_running(self) -> bool:
        """Whether the command itself still runs; the children it may have left behind are not asked."""
        return self.process.poll() is None

    def stop(self) -> None:
        """Ask the command to end, wait, then make sure that nothing of its process group is left."""
        if self.is_running():
            self.process.send_signal(self.command.stop_signal)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(self.command.patience)
        kill_group(self.process.pid)
        self.process.wait()
        self.record.unlink(missing_ok=True)

    def last_lines(self, count: int = 15) -> str:
        """The end of its log, for the message about a failed start."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])


def run_as(user: str | None) -> dict[str, Any]:
    """Arguments of Popen that give up everything but this user's rights, root's groups included; none for no user."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def write_record(record: Path, pid: int, stop_signal: signal.Signals) -> None:
    """Remember a process by its pid *and* its birth, so that a reused pid is never mistaken for it."""
    record.parent.mkdir(parents=True, exist_ok=True)
    write_private(record, json.dumps({"pid": pid, "born": born(pid), "boot": _boot(), "stop": int(stop_signal)}))


def end_left_over(record: Path, patience: float = 15.0) -> bool:
    """End the process of an earlier supervisor that died without stopping it; says whether there was one."""
    try:
        noted = json.loads(record.read_text())
        pid, was_born, stop_signal = int(noted["pid"]), noted["born"], int(noted["stop"])
    except (FileNotFoundError, ValueError, KeyError):
        return False
    finally:
        record.unlink(missing_ok=True)
    if noted.get("boot") != _boot() or born(pid) not in (was_born, None):
        return False
    was_running = born(pid) is not None
    if was_running:
        os.kill(pid, stop_signal)
    deadline = time.monotonic() + patience
    while born(pid) is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    # A group keeps its number from being given anew, so what is left of it is ours even when its leader is gone.
    kill_group(pid)
    return was_running


def born(pid: int) -> str | None:
    """When a process was started, as a text that only serves comparing; None when there is no such (living) process."""
    if sys.platform == "linux":
        try:
            state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if state in "ZX" else rest[18]
    shown = subprocess.run(["ps", "-p", str(pid), "-o", "lstart="], capture_output=True, text=True, check=False)  # noqa: S607
    return shown.stdout.strip() or None


def _boot() -> str:
    """Which start of the machine this is, where it says so: pids and times of an earlier one mean nothing."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def kill_group(leader: int) -> None:
    """SIGKILL whatever is left of a process group; quietly nothing when it is empty."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _die_with_parent(stop_signal: signal.Signals) -> None:
    """In the child, before exec: end when the parent ends (Linux only; elsewhere the next start cleans up)."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)
