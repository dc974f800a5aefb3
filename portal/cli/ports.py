"""TCP ports of this machine: which are free, which we used last time, and who to blame when one is taken."""

import json
import random
import socket
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from portal.cli.files import write_private


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now; connections that are merely fading away do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Different ports that nobody listens on, from below the range that systems lend to outgoing connections."""
    candidates = random.sample(range(20_000, 32_768), k=1_000)
    return list(islice((port for port in candidates if is_free(port)), count))


def remembered_ports(file: Path, names: Iterable[str]) -> dict[str, int]:
    """The ports used last time where they are still free, new ones else; remembered in `file`."""
    try:
        last: dict[str, int] = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        last = {}
    names = list(names)
    fresh = dict(zip(names, free_ports(len(names)), strict=True))
    ports = {name: last[name] if name in last and is_free(last[name]) else fresh[name] for name in names}
    if ports != last:
        write_private(file, json.dumps(ports))
    return ports
