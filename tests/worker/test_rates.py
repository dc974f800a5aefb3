"""The job that fetches rates: it keeps what came, and shouts when that is old (product.md, *Currency*)."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete
from structlog.testing import capture_logs

from portal.currency import rates
from portal.currency.models import ExchangeRate
from portal.kit.db import db as session
from worker.jobs import billing


@pytest.mark.parametrize(("age", "is_told"), [(5, False), (6, True)])
def test_rates_older_than_five_days_are_shouted_about(now: datetime, age: int, is_told: bool) -> None:
    session.execute(delete(ExchangeRate))
    day: date = now.date() - timedelta(days=age)
    with capture_logs() as said:
        billing._store_rates({}, {day: {"GBP": Decimal("0.8")}}, now)
    assert rates.newest_day() == day
    assert ("rates_old" in [one["event"] for one in said]) == is_told
