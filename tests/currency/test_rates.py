"""Stored rates: the newest common day counts, a week at most, and a stored day stays as it was."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete

from portal.currency import rates
from portal.currency.errors import RatesStale
from portal.currency.models import ExchangeRate
from portal.kit.db import db

ONE = Decimal(1)


@pytest.fixture
def today(now: datetime) -> date:
    """The day; no rate is stored yet."""
    db.execute(delete(ExchangeRate))
    return now.date()


def test_the_newest_day_that_has_both_counts(today: date, now: datetime) -> None:
    yesterday = today - timedelta(days=1)
    rates.store({today: {"GBP": ONE}, yesterday: {"GBP": ONE * 2, "CNY": ONE * 8}}, "test", now)
    found = rates.newest("GBP", "CNY", now)
    assert (found.on, found.exact) == (yesterday, 4)
    assert rates.newest("GBP", "EUR", now).on == today


def test_the_euro_needs_only_the_other_side(today: date, now: datetime) -> None:
    rates.store({today: {"CNY": ONE * 7}}, "test", now)
    assert rates.newest("EUR", "CNY", now).exact == 7
    assert rates.newest("CNY", "EUR", now).shown == Decimal("0.142857")


@pytest.mark.parametrize(("age", "is_usable"), [(0, True), (7, True), (8, False), (-1, False)])
def test_after_a_week_nothing_is_converted_and_tomorrow_is_not_known(
    today: date, now: datetime, age: int, is_usable: bool
) -> None:
    rates.store({today - timedelta(days=age): {"GBP": ONE, "CNY": ONE}}, "test", now)
    if is_usable:
        assert rates.newest("GBP", "CNY", now).on == today - timedelta(days=age)
    else:
        with pytest.raises(RatesStale) as refused:
            rates.newest("GBP", "CNY", now)
        assert refused.value.status == 503


def test_a_stored_day_stays_as_it_is(today: date, now: datetime) -> None:
    assert rates.store({today: {"GBP": ONE, "XXX": ONE}}, "test", now) == 1
    assert rates.store({today: {"GBP": ONE * 9, "CNY": ONE}}, "test", now) == 1
    assert rates.newest("GBP", "CNY", now).exact == 1
    assert rates.newest_day() == today


def test_without_any_rate(today: date, now: datetime) -> None:
    assert rates.newest_day() is None
    assert rates.store({}, "test", now) == 0
    with pytest.raises(RatesStale):
        rates.newest("GBP", "CNY", now)
