"""A thousand guesses from one address, and one guess from each of a thousand: refused, and the owner gets in (G6)."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from werkzeug.middleware.proxy_fix import ProxyFix

from portal.app import create_app
from portal.identity import throttle
from portal.kit.config import Settings
from portal.kit.rate_limit import limiter
from tests.support import shop
from tests.support.proving import times

OWNER, HOME = "ann@shop.example", "192.0.2.7"
A_MINUTE = 30
"""How many log-ins of one address are looked at in a minute, whatever the accounts."""


@pytest.fixture(params=[0, 1], ids=["no proxy", "one proxy"])
def proxies(request: pytest.FixtureRequest) -> int:
    """How many proxies the operator named."""
    return int(request.param)


@pytest.fixture
def client(settings: Settings, db: None, proxies: int) -> Iterator[FlaskClient]:
    """The pages with their limits, over an account whose owner once logged in at home."""
    app = create_app(replace(settings, proxies=proxies))
    app.config.update(WTF_CSRF_ENABLED=False)
    limiter.reset()
    shop.make_owner(OWNER)
    client = app.test_client()
    assert log_in(client, OWNER, HOME) == 303
    yield client
    limiter.reset()


def log_in(client: FlaskClient, email: str, address: str, password: str = shop.PASSWORD, claimed: str = "") -> int:
    """Try to log in from an address, which may claim others before it; give the status."""
    is_behind = isinstance(client.application.wsgi_app, ProxyFix)
    forwarded = ", ".join(filter(None, [claimed, address if is_behind else ""]))
    peer = "10.0.0.1" if is_behind else address
    client.delete_cookie("stallholder")
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    form = {"email": email, "password": password}
    return client.post("/login", data=form, headers=headers, environ_overrides={"REMOTE_ADDR": peer}).status_code


def test_g6_one_address_guesses_a_thousand_times(client: FlaskClient, saw: Callable[[str], None]) -> None:
    """Each guess claims to come from somebody else; only what the named proxies say is believed."""
    tries = times(120, 1000)
    found = Counter(
        log_in(client, OWNER, "203.0.113.9", f"guess {number}", f"198.51.100.{number % 250}") for number in range(tries)
    )

    assert found == {422: throttle.FREE_FAILURES, 429: tries - throttle.FREE_FAILURES}
    assert log_in(client, OWNER, HOME) == 303
    saw(f"{tries} guesses of one address: {found[422]} looked at, {found[429]} × 429; the owner logs in at home")


def test_g6_one_address_guesses_at_a_thousand_accounts(client: FlaskClient, saw: Callable[[str], None]) -> None:
    tries = times(60, 1000)
    found = Counter(
        log_in(client, f"user{number}@shop.example", "203.0.113.9", "a guess", f"198.51.100.{number % 250}")
        for number in range(tries)
    )

    assert set(found) == {422, 429}
    # The minute may end once while this runs.
    assert found[422] <= A_MINUTE * (1 + tries // 300)
    assert log_in(client, OWNER, HOME) == 303
    saw(f"{tries} accounts tried from one address: {found[422]} looked at, {found[429]} × 429")


@pytest.mark.parametrize("proxies", [1], indirect=True, ids=["one proxy"])
def test_g6_a_thousand_addresses_guess_once(client: FlaskClient, saw: Callable[[str], None]) -> None:
    tries = times(120, 1000)
    found = Counter(
        log_in(client, OWNER, f"198.18.{number >> 8}.{number & 255}", f"guess {number}") for number in range(tries)
    )

    assert found[422] + found[429] == tries
    # Once there are too many, one more is let through every five seconds.
    assert throttle.ACCOUNT_FAILURES <= found[422] < throttle.ACCOUNT_FAILURES + 40
    assert log_in(client, OWNER, HOME) == 303
    saw(f"{tries} addresses with one guess each: {found[422]} looked at, {found[429]} × 429; the owner logs in at home")
