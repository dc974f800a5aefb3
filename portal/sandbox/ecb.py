"""The European Central Bank's daily reference rates, in the real form, dated by the sandbox's business time.

The rates are pretended: near those of 30 October 2026, moving a little from day to day, the same for everyone.
"""

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request

from portal.sandbox import faults, log
from portal.sandbox.world import world

blueprint = Blueprint("ecb", __name__)
FRANKFURT = ZoneInfo("Europe/Berlin")
PUBLISHED = time(16, 0)
BASE_DAY = date(2026, 10, 30)
WIDTH = 0.006
STALE_DAYS = 10
# 1 EUR on the base day, with as many decimals as the ECB prints.
BASE_RATES = {
    **{"USD": "1.1172", "JPY": "175.68", "CZK": "24.353", "DKK": "7.4735", "GBP": "0.8338", "HUF": "366.33"},
    **{"PLN": "4.4038", "RON": "5.3447", "SEK": "10.978", "CHF": "0.9194", "ISK": "136.00", "NOK": "10.312"},
    **{"TRY": "55.8015", "AUD": "1.5904", "BRL": "6.0692", "CAD": "1.5606", "CNY": "7.4326", "HKD": "8.7652"},
    **{"IDR": "20275.17", "ILS": "3.4950", "INR": "106.0840", "KRW": "1491.76", "MXN": "21.1237", "MYR": "4.5325"},
    **{"NZD": "1.9823", "PHP": "71.143", "SGD": "1.4282", "THB": "37.683", "ZAR": "18.6455"},
}


@blueprint.get("/stats/eurofxref/eurofxref-daily.xml")
def daily() -> Response:
    """The file of the newest working day, as eurofxref-daily.xml."""
    here = world()
    fault = faults.take(here.engine, "ecb", "daily")
    number = log.record_request(
        here.engine,
        here.clock,
        provider="ecb",
        endpoint="daily",
        method=request.method,
        path=request.path,
        body="",
        fault=str(fault) if fault else None,
    )
    day = newest_day(here.clock.now() - timedelta(days=STALE_DAYS if fault and fault.mode == "stale" else 0))
    text = render_template("eurofxref.xml", day=day, rates=rates(day))
    response = Response(text, content_type="text/xml")
    if fault and fault.mode == "http500":
        response = Response("Internal Server Error", status=500, content_type="text/plain")
    if fault and fault.mode == "tamper":
        response.set_data(text[: len(text) // 2])
    silent = fault is not None and fault.silent
    log.record_verdict(here.engine, number, "ok", None if silent else response.status_code, None)
    return faults.no_answer(fault) if fault and silent else response


def rates(day: date) -> dict[str, Decimal]:
    """The rates of a day: a slow wave around the base rates, each currency at its own pace."""
    passed = (day - BASE_DAY).days
    told = {}
    for place, (currency, text) in enumerate(BASE_RATES.items()):
        base = Decimal(text)
        wave = Decimal(repr(1 + WIDTH * math.sin(passed / (5 + place / 3))))
        told[currency] = (base * wave).quantize(base)
    return told


def newest_day(now: datetime) -> date:
    """The last TARGET working day whose 16:00 in Frankfurt has passed."""
    there = now.astimezone(FRANKFURT)
    day = there.date() if there.time() >= PUBLISHED else there.date() - timedelta(days=1)
    while not is_working_day(day):
        day -= timedelta(days=1)
    return day


def is_working_day(day: date) -> bool:
    """Monday to Friday but for the closing days of TARGET."""
    fixed = (day.month, day.day) in {(1, 1), (5, 1), (12, 25), (12, 26)}
    around_easter = day - easter(day.year) in (timedelta(days=-2), timedelta(days=1))
    return day.weekday() < 5 and not fixed and not around_easter


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar, by the anonymous (Meeus/Jones/Butcher) algorithm."""
    golden, century, rest = year % 19, year // 100, year % 100
    leap = century - century // 4 - (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + leap + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)
