"""What was taken from others lies here unchanged: every vendored file has its checksum, and nothing lies beside it."""

import hashlib
from pathlib import Path

VENDOR = Path(__file__).parents[2] / "static" / "vendor"


def test_vendored_files_are_what_they_were() -> None:
    lines = (VENDOR / "SHA256SUMS").read_text().splitlines()
    wanted = {name.strip(): digest for digest, name in (line.split(maxsplit=1) for line in lines)}
    found = {
        str(file.relative_to(VENDOR)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VENDOR.rglob("*")
        if file.is_file() and file.suffix in (".js", ".css")
    }
    assert found == wanted
