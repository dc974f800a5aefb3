"""Private files of the state folder: secrets and other small things that only their owner may read."""

import os
import secrets
from pathlib import Path


def state_folder(folder: Path) -> Path:
    """The folder that holds everything; others may pass through it (a server's own user must) but never look around."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    return folder


def private_folder(folder: Path) -> Path:
    """The folder, made with its parents and closed to others."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


def write_private(file: Path, text: str) -> None:
    """Write a file that was never, not even for a moment, readable by others or half written."""
    draft = file.with_name(f".{file.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.write(text)
        output.flush()
        os.fsync(output.fileno())
    draft.rename(file)


def kept_secret(file: Path) -> str:
    """The secret in `file`, made there of 256 random bits the first time."""
    try:
        kept = file.read_text().strip()
    except FileNotFoundError:
        kept = ""
    if not kept:
        kept = secrets.token_hex(32)
        write_private(file, kept)
    return kept
