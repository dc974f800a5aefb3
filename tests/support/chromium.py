"""Where Chromium or Chrome is on this machine; run as a program it prints the path, or fails when there is none."""

import os
import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> str | None:
    """The browser named by CHROMIUM, else the first one known by name."""
    candidates = (os.environ.get("CHROMIUM", ""), *NAMES, *ELSEWHERE)
    return next((path for name in candidates if name and (path := shutil.which(Path(name)))), None)


if __name__ == "__main__":
    found = find()
    sys.exit(0 if found and print(found) is None else 1)  # noqa: T201
