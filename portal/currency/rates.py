"""Stored reference rates of the European Central Bank: the newest one, and how old it may be."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import ARRAY, Text, any_, bindparam, func, select

from portal.currency.conversion import Rate
from portal.currency.errors import RatesStale
from portal.currency.models import ExchangeRate
from portal.kit import sets
from portal.kit.db import db, table_of
from portal.kit.money import EXPONENTS

EURO = "EUR"
ALARM_AFTER = timedelta(days=5)
_USABLE = timedelta(days=7)
_RATE = table_of(ExchangeRate).c
_NEWEST = (
    select(_RATE.rate_on, _RATE.currency, _RATE.per_euro)
    .where(
        _RATE.currency == any_(bindparam("currencies", type_=ARRAY(Text))),
        _RATE.rate_on.between(bindparam("first"), bindparam("last")),
    )
    .order_by(_RATE.rate_on.desc())
)


def newest(source: str, target: str, now: datetime) -> Rate:
    """Return the newest common rate from ``source`` to ``target`` that was published by ``now``.

    :raises RatesStale: where it is older than seven days.
    """
    return _newest_between(source, target, now.date() - _USABLE, now.date())


def of_day(source: str, target: str, day: date) -> Rate:
    """Return the rate of a day that was used before, however long ago: every one is kept.

    :raises RatesStale: there is none of that day.
    """
    return _newest_between(source, target, day, day)


def _newest_between(source: str, target: str, first: date, last: date) -> Rate:
    wanted = {source, target} - {EURO}
    by_day: dict[date, dict[str, Decimal]] = {}
    for rate_on, currency, per_euro in db.execute(_NEWEST, {"currencies": list(wanted), "first": first, "last": last}):
        day = by_day.setdefault(rate_on, {EURO: Decimal(1)})
        day[currency] = per_euro
        if wanted <= day.keys():
            return Rate(source, target, day[source], day[target], rate_on)
    raise RatesStale


def newest_day() -> date | None:
    """Return the day of the newest stored rates, or None where there are none."""
    return db.execute(select(func.max(ExchangeRate.rate_on))).scalar_one()


def is_old(now: datetime) -> bool:
    """Whether the newest rates are so old that somebody should be told (product.md, *Currency*: five days)."""
    newest_on = newest_day()
    return newest_on is None or now.date() - newest_on > ALARM_AFTER


def store(rates: dict[date, dict[str, Decimal]], source: str, now: datetime) -> int:
    """Keep rates per euro by day and currency; a day that is already there stays as it is.

    :return: how many were new.
    """
    rows = [
        {"currency": currency, "rate_on": day, "per_euro": per_euro, "source": source, "fetched_at": now}
        for day, by_currency in rates.items()
        for currency, per_euro in by_currency.items()
        if currency in EXPONENTS
    ]
    if not rows:
        return 0
    return sets.insert_new_rows(table_of(ExchangeRate), rows)
