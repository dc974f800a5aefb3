"""A real browser for the tests of this folder: Debian's Chromium or an installed Chrome, kept on this machine."""

from typing import Any

import pytest

from tests.support import chromium, proving


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """How playwright starts the browser."""
    path = chromium.find()
    if path is None:
        proving.do_without("no Chromium or Chrome is installed: `make tools` installs Debian's")
    return {"executable_path": path, "args": list(chromium.ARGUMENTS)}
