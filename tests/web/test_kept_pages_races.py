"""Readers and writers of kept pages at once. With the edition switched off, the same tests show old pages."""

import re
import threading
from collections.abc import Callable, Iterator

import pytest
import redis
from flask import Flask
from sqlalchemy import literal

from portal.directory import businesses
from portal.directory.models import Business
from portal.kit import cache, edge, editions
from portal.kit.db import db
from portal.kit.rate_limit import limiter
from portal.web import fragments
from tests.directory.shops import make_branch, make_shop
from tests.support.proving import times
from tests.support.races import at_once, beside
from tests.support.settings import SECRET

_NUMBER = re.compile(r"Lantern No\. ([0-9]+)")
Saw = Callable[[str], None]


@pytest.fixture
def app(_application: Flask, committing: None, worker_redis: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application over a database that commits, with its cache empty."""
    monkeypatch.setattr(limiter, "enabled", False)
    with redis.Redis.from_url(worker_redis) as client:
        client.flushdb()
    cache.connect(worker_redis, SECRET)
    yield _application
    cache.disconnect()


@pytest.fixture
def lantern(app: Flask) -> Business:
    """A listed shop, number 0."""

    def build() -> Business:
        shop = make_shop("Lantern No. 0", edge.now())
        make_branch(shop, "High Street", edge.now())
        return shop

    return edge.write(build)


@pytest.fixture(params=["/directory", "listing"])
def address(request: pytest.FixtureRequest, lantern: Business) -> str:
    """Each page that shows the shop."""
    return f"/directory/{lantern.slug}" if request.param == "listing" else str(request.param)


def renumber(lantern: Business, number: int) -> None:
    """Give the shop another number, committed."""

    def change() -> None:
        shop = businesses.get(lantern.id)
        kept = {name: getattr(shop, name) for name in businesses.Profile.__annotations__}
        businesses.change_profile(shop, **{"profile": kept | {"name": f"Lantern No. {number}"}})

    edge.write(change)


def number_shown(app: Flask, address: str) -> int:
    """The shop's number in the part of a page that is kept."""
    page = app.test_client().get(address)
    found = _NUMBER.search(page.text[page.text.index("<main") :])
    assert found, page.text
    return int(found.group(1))


def without_editions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch the guard off: every edition is the same."""
    monkeypatch.setattr(editions, "edition", lambda tag: literal(1))


def read_while_it_is_written(app: Flask, lantern: Business, address: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """A reader has read the old; a writer commits; only then the reader keeps what it made. What does the next see?"""
    has_read, is_written = threading.Event(), threading.Event()
    render = fragments.render

    def slow(*given: object) -> object:
        made = render(*given)  # type: ignore[arg-type]
        has_read.set()
        assert is_written.wait(10)
        return made

    monkeypatch.setattr(fragments, "render", slow)
    with beside(lambda: number_shown(app, address)):
        assert has_read.wait(10)
        renumber(lantern, 1)
        is_written.set()
    monkeypatch.setattr(fragments, "render", render)
    return number_shown(app, address)


def test_what_was_read_before_a_commit_is_not_shown_after_it(
    app: Flask, lantern: Business, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_while_it_is_written(app, lantern, address, monkeypatch) == 1


def test_without_editions_the_old_page_would_stay(
    app: Flask, lantern: Business, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_editions(monkeypatch)
    assert read_while_it_is_written(app, lantern, address, monkeypatch) == 0


def stale_answers(app: Flask, lantern: Business, address: str, writes: int) -> tuple[int, int]:
    """Six read while two write: how many answers there were, and how many were older than what was acknowledged."""
    acknowledged = [0, 0]
    is_over = threading.Event()

    def write(writer: int) -> list[bool]:
        try:
            for number in range(1, writes + 1):
                renumber(lantern, 2 * number + writer)
                acknowledged[writer] = 2 * number + writer
        finally:
            is_over.set()
        return []

    def read() -> list[bool]:
        found = []
        while not is_over.is_set():
            known = min(acknowledged)
            found.append(number_shown(app, address) < known)
        return found

    found = at_once(lambda: write(0), lambda: write(1), *[read] * 6)
    return sum(map(len, found)), sum(map(sum, found))


def test_no_answer_is_older_than_an_acknowledged_write(app: Flask, lantern: Business, address: str, saw: Saw) -> None:
    answers, stale = stale_answers(app, lantern, address, times(40, 400))
    assert answers > 20
    assert stale == 0
    saw(
        f"{address.split('/')[1]}: 2 writers, 6 readers, {answers} answers, none older than the last acknowledged write"
    )


def test_without_editions_answers_would_be_old(
    app: Flask, lantern: Business, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_editions(monkeypatch)
    assert stale_answers(app, lantern, address, 20)[1] > 0


def test_a_write_that_is_rolled_back_leaves_nothing_behind(app: Flask, lantern: Business, address: str) -> None:
    """Somebody who looks while the write is open sees the old, and the name that was never kept is never shown."""
    assert number_shown(app, address) == 0
    with pytest.raises(KeyError):
        edge.write(lambda: _change_and_fall(app, lantern, address))
    for _ in range(2):
        assert number_shown(app, address) == 0


def _change_and_fall(app: Flask, lantern: Business, address: str) -> None:
    businesses.get(lantern.id).name = "Lantern No. 9"
    db.flush()
    assert at_once(lambda: number_shown(app, address)) == [0]
    raise KeyError
