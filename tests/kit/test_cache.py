"""Keeping things in Redis: found under exactly what they depend on, and never believed, waited for or needed."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from portal.cli.ports import free_ports
from portal.kit import cache
from tests.support.crash import black_hole
from tests.support.cut_proxy import CutProxy
from tests.support.races import at_once

SECRET = "a secret of the tests, long enough"
Saw = Callable[[str], None]


@pytest.fixture
def shelf(worker_redis: str) -> Iterator[redis.Redis]:
    """Redis as the cache sees it, emptied."""
    with redis.Redis.from_url(worker_redis) as client:
        client.flushdb()
        cache.connect(worker_redis, SECRET)
        yield client
        cache.disconnect()


def asked(kind: str = "page", *parts: str, value: Any = "made") -> tuple[Any, bool]:
    """What is given for these parts, and whether it was made for that."""
    made: list[bool] = []
    given = cache.kept(kind, parts, lambda: made.append(True) or value)
    return given, bool(made)


@pytest.mark.parametrize("value", ["<p>咖啡 & cake</p>", ["a", 1, None, True], {"amount": 100}, None, ""])
@pytest.mark.usefixtures("shelf")
def test_what_was_made_once_is_found(value: Any) -> None:
    assert asked(value=value) == (value, True)
    assert asked(value="other") == (value, False)


@pytest.mark.usefixtures("shelf")
def test_other_parts_are_another_thing() -> None:
    assert asked("page", "en", "1") == ("made", True)
    for kind, parts in (("page", ["en", "2"]), ("page", ["e", "n1"]), ("page", ["en1"]), ("book", ["en", "1"])):
        assert asked(kind, *parts) == ("made", True)


def test_what_is_kept_ends_by_itself(shelf: redis.Redis) -> None:
    asked()
    [key] = shelf.keys()
    assert 0 < shelf.ttl(key) <= 300


@pytest.mark.parametrize(
    "garbage",
    [b"", b"made", b"x" * 5000, b"\x80\x04K\x01.", b'"forged"', b"\0" * 40],
    ids=["nothing", "plain", "long", "pickle", "json", "zeros"],
)
def test_garbage_is_not_believed(shelf: redis.Redis, garbage: bytes) -> None:
    asked()
    [key] = shelf.keys()
    shelf.set(key, garbage)
    assert asked() == ("made", True)
    assert asked() == ("made", False), "what was made anew takes the garbage's place"


def test_a_list_under_our_key_is_no_error(shelf: redis.Redis) -> None:
    asked()
    [key] = shelf.keys()
    shelf.delete(key)
    shelf.rpush(key, "x")
    assert asked() == ("made", True)
    assert asked() == ("made", False)


def test_g15_one_byte_changed_or_a_signed_value_of_another_key_is_not_believed(shelf: redis.Redis, saw: Saw) -> None:
    asked("page", "a", value="of a")
    [of_a] = shelf.keys()
    kept = shelf.get(of_a)
    assert isinstance(kept, bytes)
    for place in range(len(kept)):
        shelf.set(of_a, kept[:place] + bytes([kept[place] ^ 1]) + kept[place + 1 :])
        assert asked("page", "a", value="anew") == ("anew", True)
    shelf.delete(of_a)
    asked("page", "b", value="of b")
    [of_b] = shelf.keys()
    shelf.set(of_a, shelf.get(of_b) or b"")
    assert asked("page", "a", value="of a") == ("of a", True)
    saw(f"{len(kept)} changed bytes, one value under another's key: none believed, nothing in Redis is code")


def test_another_secret_finds_nothing(shelf: redis.Redis, worker_redis: str) -> None:
    asked()
    cache.connect(worker_redis, SECRET + "!")
    assert shelf.dbsize() == 1
    assert asked() == ("made", True)


def test_what_is_very_large_is_not_kept(shelf: redis.Redis) -> None:
    asked(value="x" * 300_000)
    assert shelf.dbsize() == 0


def test_a6_redis_that_is_not_there_costs_nothing(saw: Saw) -> None:
    cache.connect(f"redis://127.0.0.1:{free_ports(1)[0]}/0", SECRET)
    began = time.monotonic()
    assert [asked() for _ in range(100)] == [("made", True)] * 100
    seconds = time.monotonic() - began
    cache.disconnect()
    assert seconds < 1
    saw(f"100 looks into a cache whose Redis is down: {seconds * 1000:.0f} ms together")


def test_a6_redis_that_never_answers_holds_eight_threads_once(saw: Saw) -> None:
    """The connection is taken and nothing is ever said: each waits 0.2 s, once, and then nobody for five seconds."""
    with black_hole() as (url, _):
        cache.connect(url.replace("http", "redis"), SECRET)
        began = time.monotonic()
        assert at_once(*[asked] * 8) == [("made", True)] * 8
        first = time.monotonic() - began
        assert [asked() for _ in range(50)] == [("made", True)] * 50
        then = time.monotonic() - began - first
        cache.disconnect()
    assert first < 1
    assert then < 0.1
    saw(f"8 threads met a silent Redis: {first:.2f} s; the next 50 looks together {then * 1000:.0f} ms")


def test_after_a_rest_one_tries_and_the_others_go_on(worker_redis: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_REST", 0.3)
    with CutProxy.of(worker_redis) as wire:
        cache.connect(wire.through(worker_redis), SECRET)
        asked("page", worker_redis)
        wire.delay(0.5)
        assert asked("page", worker_redis) == ("made", True)
        time.sleep(0.35)  # the rest itself is what is waited for
        began = time.monotonic()
        waited = at_once(*[lambda: (asked("page", worker_redis), time.monotonic() - began)] * 8)
        assert sum(seconds > 0.15 for _, seconds in waited) == 1
        wire.delay(0)
        time.sleep(0.35)
        assert asked("page", worker_redis) == ("made", False)
        cache.disconnect()


def test_without_a_shelf_everything_is_made() -> None:
    cache.disconnect()
    assert [asked(), asked()] == [("made", True)] * 2


def test_what_fails_to_be_made_is_not_kept(shelf: redis.Redis) -> None:
    def fall() -> str:
        raise KeyError

    with pytest.raises(KeyError):
        cache.kept("page", ["x"], fall)
    assert shelf.dbsize() == 0
