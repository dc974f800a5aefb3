"""One address that tries many accounts is stopped, whatever addresses it claims (reliability.md G6)."""

import pytest

from portal.app import create_app
from portal.kit.rate_limit import limiter
from tests.identity.people import PASSWORD


@pytest.fixture
def client(settings, db):
    app = create_app(settings)
    app.config.update(WTF_CSRF_ENABLED=False)
    limiter.reset()
    yield app.test_client()
    limiter.reset()


def statuses(client, path, times, **form):
    for number in range(times):
        headers = {"X-Forwarded-For": f"203.0.113.{number}"}
        data = {name: value.format(number) for name, value in form.items()}
        yield client.post(path, data=data, headers=headers).status_code


def test_many_accounts_from_one_address(client):
    found = list(statuses(client, "/login", 33, email="user{}@shop.example", password=PASSWORD))

    assert found == [422] * 30 + [429] * 3


@pytest.mark.parametrize(
    ("path", "allowed", "form"),
    [
        ("/register", 20, {"name": "", "email": "", "password": ""}),
        ("/forgot", 10, {"email": "user{}@shop.example"}),
        ("/console/login", 10, {"email": "user{}@shop.example", "password": "", "code": ""}),
        ("/verify/guess", 60, {}),
    ],
)
def test_mails_codes_and_links_are_limited_too(client, path, allowed, form):
    assert list(statuses(client, path, allowed + 2, **form))[allowed - 1 :][1:] == [429, 429]
