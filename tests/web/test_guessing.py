"""C8: a payment link is found by nobody who guesses: too many to try, all wrong ones alike, and soon too many tries."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.app import create_app
from portal.kit import ids
from portal.kit.config import Settings
from portal.kit.rate_limit import limiter
from tests.support import rows
from tests.support.everything import World

Saw = Callable[[str], None]
ALLOWED = 120
_OWN = re.compile(r'name="next"\s+value="[^"]*"|(?:value="|"X-CSRFToken": ")[\w.-]{60,}"')
"""What each page has of its own: where to come back to after choosing a language, which is the address that was asked
for, and the form's token, which tells the second in which it was made."""


@pytest.fixture
def limited(settings: Settings, app: Flask) -> Iterator[FlaskClient]:
    """A browser of the application with its limits of frequency on."""
    made = create_app(settings)
    made.config.update(WTF_CSRF_ENABLED=False)
    limiter.reset()
    limiter.enabled = True
    yield made.test_client()
    limiter.reset()


def test_c8_an_id_has_more_than_128_random_bits(saw: Saw) -> None:
    found = [ids.public_id("ps") for _ in range(5000)]
    assert len(set(found)) == len(found)
    assert all(re.fullmatch("ps_[0-9A-Za-z]{22}", one) for one in found)
    assert 22 * math.log2(62) > 128
    # Each place holds each of the 62 letters and digits about equally often (chi square, 61 degrees: 1 in 10^7).
    for place in range(3, 25):
        counts = Counter(one[place] for one in found)
        expected = len(found) / 62
        assert sum((counts[letter] - expected) ** 2 / expected for letter in ids._ALPHABET) < 130
    saw(f"{len(found)} ids, none twice, {22 * math.log2(62):.0f} bits each, every place even")


def test_c8_all_wrong_links_are_answered_alike(client: FlaskClient, whole_world: World, saw: Saw) -> None:
    real = whole_world.ids["session"]
    guesses = [ids.public_id("ps"), real[:-1], real + "a", real.swapcase(), "ps_", "x", whole_world.ids["invitation"],
               real.removeprefix("ps_"), "%20" + real, whole_world.ids["business"]]  # fmt: skip
    before = rows.digests()
    for path in ("", "/status"):
        answers = [client.get(f"/pay/{guess}{path}") for guess in guesses]
        assert {answer.status_code for answer in answers} == {404}
        assert len({_OWN.sub("", answer.text) for answer in answers}) == 1
    for act in ("extend", "cancel"):
        assert {client.post(f"/pay/{guess}/{act}").status_code for guess in guesses} == {404}
    assert client.get(f"/pay/{real}").status_code == 200
    assert rows.changed(before) == set()
    saw(f"{len(guesses)} near and far guesses: one and the same 404 page, no row changed")


@pytest.mark.parametrize("path", ["", "/status"])
def test_c8_guessing_is_stopped(limited: FlaskClient, db: None, path: str, saw: Saw) -> None:
    headers = [{"X-Forwarded-For": f"203.0.113.{number}"} for number in range(ALLOWED + 5)]
    answers = [limited.get(f"/pay/{ids.public_id('ps')}{path}", headers=sent) for sent in headers]
    assert [answer.status_code for answer in answers] == [404] * ALLOWED + [429] * 5
    assert [answer.headers.get("Retry-After") for answer in answers] == [None] * ALLOWED + ["60"] * 5
    saw(f"{ALLOWED} guesses a minute from an address, then 429, whatever address it claims")
