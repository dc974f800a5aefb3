"""The filters of the history: drawn once while nobody touched them, and never with what somebody else chose."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from portal.billing.apply_payment import apply_payment
from portal.kit import edge
from portal.payments.queries import get_session
from tests.support import shop
from tests.support.pages import log_in

_CHOSEN = re.compile(r'<option selected value="(\w*)">')


@pytest.fixture
def owner(client: FlaskClient, db: None) -> FlaskClient:
    """Somebody with one completed payment."""

    def make() -> None:
        customer = shop.make_customer(shop.make_business(shop.make_owner()))
        session = get_session(shop.open_session(customer, shop.make_quote(customer)).public_id)
        assert apply_payment(session, shop.evidence_for(session), edge.now()) == "paid"

    edge.write(make)
    log_in(client, "ann@shop.example")
    return client


def test_what_one_reader_chose_is_not_shown_to_the_next(owner: FlaskClient) -> None:
    """An untouched field is kept as it was drawn; what somebody wrote there must never be part of it."""
    day = f"{edge.now().date() - timedelta(days=3):%Y-%m-%d}"
    owner.get("/history")
    touched = owner.get(f"/history?type=subscription_start&from_on={day}").text
    untouched = owner.get("/history").text

    assert _CHOSEN.findall(touched) == ["subscription_start", ""]
    assert f'value="{day}"' in touched
    assert _CHOSEN.findall(untouched) == ["", ""]
    assert day not in untouched


def test_each_reader_gets_the_filters_in_their_language(owner: FlaskClient) -> None:
    english = owner.get("/history").text
    owner.post("/language", data={"locale": "zh", "next": "/history"})
    chinese = owner.get("/history").text

    assert ">Everything</option>" in english
    assert ">Everything</option>" not in chinese
    assert ">全部</option>" in chinese


@pytest.mark.parametrize(
    ("asked", "rows"),
    [("", 1), ("type=subscription_start", 1), ("type=hibernation", 0), ("status=completed", 1), ("status=failed", 0)],
)
def test_a_filter_shows_what_fits_it_and_counts_it(owner: FlaskClient, asked: str, rows: int) -> None:
    shown = owner.get(f"/history?{asked}").text
    file = owner.get(f"/history/payments.csv?{asked}").text

    assert shown.count('<th scope="row">') == rows
    assert len(file.splitlines()) == 1 + rows


def test_days_are_the_customers_and_the_last_one_counts(owner: FlaskClient) -> None:
    today = edge.now().date()
    steps = {"before": -1, "today": 0, "after": 1}
    day = {name: f"{today + timedelta(days=step):%Y-%m-%d}" for name, step in steps.items()}

    def rows(from_on: str, to_on: str) -> int:
        return owner.get(f"/history?from_on={day[from_on]}&to_on={day[to_on]}").text.count('<th scope="row">')

    assert rows("before", "after") == 1
    assert rows("before", "before") + rows("today", "today") + rows("after", "after") == 1
