"""A real browser for the tests of this folder: Debian's Chromium or an installed Chrome, kept on this machine."""

import os
from typing import Any

import pytest

from tests.support import chromium


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """How playwright starts the browser; without one the test is skipped at a desk and fails where CI=true."""
    path = chromium.find()
    if path is None:
        say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        say("no Chromium or Chrome is installed: `make tools` installs Debian's")
    return {"executable_path": path, "args": list(chromium.ARGUMENTS)}
