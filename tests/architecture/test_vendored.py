"""What was taken from others lies here unchanged: every vendored file has its checksum, and nothing lies beside it."""

import hashlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", ["static/vendor", "portal/invoicing/paper"])
def test_vendored_files_are_what_they_were(folder: str) -> None:
    vendored = ROOT / folder
    lines = (vendored / "SHA256SUMS").read_text().splitlines()
    wanted = {name.strip(): digest for digest, name in (line.split(maxsplit=1) for line in lines)}
    found = {
        str(file.relative_to(vendored)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in vendored.rglob("*")
        if file.is_file() and file.suffix in (".js", ".css", ".ttf")
    }
    assert found == wanted
