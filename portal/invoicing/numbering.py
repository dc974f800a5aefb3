"""Gapless numbers, one series a seller and year. Taken last in a transaction: the counter's row is everybody's."""

from sqlalchemy import Integer, text

from portal.kit.db import db

_PREFIX = {"invoice": "INV", "credit_note": "CN"}
_NEXT = text(
    "INSERT INTO number_counters (series, year, last_number) VALUES (:series, :year, :count) "
    "ON CONFLICT (series, year) DO UPDATE SET last_number = number_counters.last_number + :count RETURNING last_number"
).columns(last_number=Integer)


def next_number(series: str, year: int) -> str:
    """Take the next number of ``series`` (invoice or credit_note) in ``year``; a rollback gives it back.

    :return: such as ``INV-2026-000042``.
    """
    return next_numbers(series, year, 1)[0]


def next_numbers(series: str, year: int, count: int) -> list[str]:
    """Take the next ``count`` numbers of ``series`` in ``year``, at least one, in their order."""
    last = db.execute(_NEXT, {"series": series, "year": year, "count": count}).scalar_one()
    return [f"{_PREFIX[series]}-{year}-{number:06d}" for number in range(last - count + 1, last + 1)]
