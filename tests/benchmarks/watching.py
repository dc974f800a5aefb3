"""A payer's browser at the page of a payment: it opens it once and then asks again as often as the page says."""

import re
import time

from tests.support.visitor import Visitor

_AGAIN = re.compile(r'hx-trigger="every ([0-9]+)(m?s)"')
_LONGEST = 120.0


def await_state(payer: Visitor, session: str, state: str) -> float:
    """Open the page and wait until it shows this state; return the instant (``time.monotonic``) when it did."""
    page = f"/pay/{session}"
    shown = payer.get(page).text
    deadline = time.monotonic() + _LONGEST
    while f'class="pay-body pay-{state}"' not in shown:
        assert time.monotonic() < deadline, f"{page} never showed {state}"
        time.sleep(_pause(shown))
        shown = payer.get(f"{page}/status").text
    return time.monotonic()


def _pause(shown: str) -> float:
    """The seconds after which the page asks for itself again."""
    found = _AGAIN.search(shown)
    assert found is not None, "the page asks no more"
    return int(found[1]) / (1000 if found[2] == "ms" else 1)
