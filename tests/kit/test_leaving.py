"""A web server that is about to end: balancers are told, people are served."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from portal.kit import leaving


@pytest.fixture
def web(client: FlaskClient) -> Iterator[FlaskClient]:
    yield client
    leaving.forget()


def test_a9_who_leaves_sends_balancers_away_and_serves_people(web: FlaskClient) -> None:
    assert web.get("/readyz").json["checks"]  # type: ignore[index]
    leaving.note()
    answer = web.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"status": "leaving"})
    assert {web.get(path).status_code for path in ("/healthz", "/", "/login")} == {200}


def test_who_starts_has_forgotten_that_it_left(web: FlaskClient) -> None:
    leaving.note()
    leaving.forget()
    assert web.get("/readyz").json != {"status": "leaving"}
