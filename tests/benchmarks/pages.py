"""A page of the product beside its floor: both on real servers over the filled database, visited the same way."""

import pickle
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import redis
from flask import Flask
from flask.testing import FlaskClient

from portal.app import create_app, wire
from portal.kit import edge
from portal.kit.config import load_settings
from tests.benchmarks import data
from tests.benchmarks.harness import Run, Sides
from tests.benchmarks.load import Wire, a_second
from tests.benchmarks.place import Place
from tests.benchmarks.plain import Recording
from tests.benchmarks.recording import record
from tests.benchmarks.serving import FLOOR, OURS, served
from tests.support.pages import log_in

SECONDS = 3.0
_TOKEN = re.compile(r'(?:value="|"X-CSRFToken": ")[\w.-]{60,}"')


@contextmanager
def beside_floor(place: Place, addresses: Sequence[str], *, is_logged_in: bool) -> Iterator[Sides]:
    """Serve these pages by the product and by their floor, make sure that both are the same, and visit them."""
    environ = place.environ(place.filled_url)
    recordings, cookie = recorded(place, addresses, is_logged_in=is_logged_in)
    file = place.folder / "recordings.pickle"
    file.write_bytes(pickle.dumps({recording.address: recording for recording in recordings}))
    with (
        served(OURS, environ, place.folder) as (ours, _),
        served(FLOOR, environ | {"BENCH_RECORDINGS": str(file)}, place.folder, addresses[0]) as (floor, _),
    ):
        for recording in recordings:
            _compare(recording, Wire(ours, cookie), Wire(floor, cookie))
        yield Sides(
            ours=lambda: Run(a_second(ours, addresses, cookie, SECONDS)),
            floor=lambda: Run(a_second(floor, addresses, cookie, SECONDS)),
        )


def recorded(place: Place, addresses: Sequence[str], *, is_logged_in: bool) -> tuple[list[Recording], str]:
    """Record each page as its first visitor gets it, with nothing in any cache; return the visitor's cookie as well."""
    found = []
    with product(place) as app:
        client = app.test_client()
        cookie = cookie_of_owner(client) if is_logged_in else ""
        for address in addresses:
            redis.Redis.from_url(place.servers.redis_url).flushdb()
            found.append(record(app, client, address))
    return found, cookie


@contextmanager
def product(place: Place) -> Iterator[Flask]:
    """The product's application in this process, over the filled database."""
    settings = load_settings(dict(place.environ(place.filled_url)))
    wire(settings, "bench", pool_size=4)
    app = create_app(settings)
    app.config.update(WTF_CSRF_ENABLED=False)
    yield app
    edge.disconnect()


def cookie_of_owner(client: FlaskClient) -> str:
    """Log in who owns the shop with the long history and open it, as everybody does; return what the browser keeps."""
    log_in(client, data.OWNER)
    client.get("/dashboard")
    cookie = client.get_cookie("stallholder")
    assert cookie is not None
    return f"{cookie.key}={cookie.value}"


def _compare(recording: Recording, *wires: Wire) -> None:
    """Fail unless both servers answer the page that was recorded, but for the tokens of its forms."""
    for wire_ in wires:
        answered = _TOKEN.sub("", wire_.get(recording.address).decode())
        wire_.close()
        assert answered == _TOKEN.sub("", recording.body), f"{recording.address} is another page on the wire"
