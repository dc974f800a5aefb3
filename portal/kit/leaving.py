"""Whether this web server is about to end: noted in a file, as its processes share nothing else."""

from pathlib import Path

from portal.kit import config


def note() -> None:
    """Say that nobody new should be sent here."""
    _file().parent.mkdir(parents=True, exist_ok=True)
    _file().touch()


def forget() -> None:
    """Begin anew."""
    _file().unlink(missing_ok=True)


def is_noted() -> bool:
    """Whether it is about to end."""
    return _file().exists()


def _file() -> Path:
    settings = config.current()
    return settings.state / "run" / f"web-{settings.port}.leaving"
