"""Gapless numbers, one series a seller and year. Taken last in a transaction: the counter's row is everybody's."""

from sqlalchemy import Integer, text

from portal.kit.db import db

_PREFIX = {"invoice": "INV", "credit_note": "CN"}
_NEXT = text(
    "INSERT INTO number_counters (series, year, last_number) VALUES (:series, :year, 1) "
    "ON CONFLICT (series, year) DO UPDATE SET last_number = number_counters.last_number + 1 RETURNING last_number"
).columns(last_number=Integer)


def next_number(series: str, year: int) -> str:
    """Take the next number of ``series`` (invoice or credit_note) in ``year``; a rollback gives it back.

    :return: such as ``INV-2026-000042``.
    """
    number = db.execute(_NEXT, {"series": series, "year": year}).scalar_one()
    return f"{_PREFIX[series]}-{year}-{number:06d}"
