"""The two times: business time moves forward only, wall time is nobody's to move."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from portal.kit import clock, edge

pytestmark = pytest.mark.usefixtures("db")


def test_business_time_starts_as_the_databases_and_moves_by_what_it_is_told() -> None:
    before = edge.now()
    assert abs(before - datetime.now(UTC)) < timedelta(minutes=1)
    clock.advance(timedelta(days=31))
    assert edge.now() == before + timedelta(days=31)
    assert clock.offset() == timedelta(days=31)
    assert abs(clock.wall() - datetime.now(UTC)) < timedelta(seconds=5)


def test_the_database_refuses_to_go_back() -> None:
    clock.advance(timedelta(hours=1))
    with pytest.raises(IntegrityError, match="only moves forward"):
        clock.advance(timedelta(seconds=-1))
