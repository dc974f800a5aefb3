"""The ECB's daily file: its real form, its calendar, and its faults."""

from datetime import date, datetime
from decimal import Decimal
from xml.etree import ElementTree

import pytest
import requests

from portal.sandbox.ecb import newest_day
from tests.support.sandbox import Sandbox

CUBE = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"
# The date of the file at an instant: weekends, the hour of publication in winter and summer, closing days, Easter.
DATES = {
    "2026-11-23T14:59:00+00:00": "2026-11-20",
    "2026-11-23T15:01:00+00:00": "2026-11-23",
    "2026-11-28T12:00:00+00:00": "2026-11-27",
    "2026-11-29T23:30:00+00:00": "2026-11-27",
    "2026-12-24T15:01:00+00:00": "2026-12-24",
    "2026-12-27T15:01:00+00:00": "2026-12-24",
    "2026-12-28T14:59:00+00:00": "2026-12-24",
    "2027-01-01T16:00:00+00:00": "2026-12-31",
    "2027-03-26T16:00:00+00:00": "2027-03-25",
    "2027-03-29T16:00:00+00:00": "2027-03-25",
    "2027-03-30T13:59:00+00:00": "2027-03-25",
    "2027-03-30T14:01:00+00:00": "2027-03-30",
    "2028-05-01T15:00:00+00:00": "2028-04-28",
}


def fetch(sandbox: Sandbox) -> tuple[date, dict[str, Decimal]]:
    answer = requests.get(f"{sandbox.url}/stats/eurofxref/eurofxref-daily.xml", timeout=5)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/xml")
    cube = ElementTree.fromstring(answer.content).find(f".//{CUBE}[@time]")  # noqa: S314
    assert cube is not None
    rates = {entry.attrib["currency"]: Decimal(entry.attrib["rate"]) for entry in cube}
    return date.fromisoformat(cube.attrib["time"]), rates


@pytest.mark.parametrize("instant", DATES)
def test_the_last_working_day(instant: str) -> None:
    assert str(newest_day(datetime.fromisoformat(instant))) == DATES[instant]


def test_the_file_is_of_the_last_working_day_of_business_time(sandbox: Sandbox) -> None:
    for _ in range(3):
        now = sandbox.advance(3 * 86400)["now"]
        assert fetch(sandbox)[0] == newest_day(datetime.fromisoformat(now))


def test_the_rates_are_near_the_real_ones_and_the_same_for_everyone(sandbox: Sandbox) -> None:
    _, rates = fetch(sandbox)
    near = {"GBP": "0.8338", "CNY": "7.4326", "USD": "1.1172", "HKD": "8.7652", "JPY": "175.68"}
    for currency, rate in near.items():
        assert abs(rates[currency] / Decimal(rate) - 1) < Decimal("0.007")
    assert len(rates) == 29
    assert "EUR" not in rates
    assert fetch(sandbox)[1] == rates


def test_the_rates_move_from_day_to_day(sandbox: Sandbox) -> None:
    before = fetch(sandbox)
    sandbox.advance(7 * 86400)
    after = fetch(sandbox)
    assert before[0] < after[0]
    assert before[1]["GBP"] != after[1]["GBP"]


def test_faults(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/stats/eurofxref/eurofxref-daily.xml"
    day, _ = fetch(sandbox)
    sandbox.fault("http500", "daily", provider="ecb")
    assert requests.get(url, timeout=5).status_code == 500
    sandbox.fault("tamper", "daily", provider="ecb")
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(requests.get(url, timeout=5).content)  # noqa: S314
    sandbox.fault("stale", "daily", provider="ecb")
    assert (day - fetch(sandbox)[0]).days > 7
    sandbox.fault("drop", "daily", provider="ecb")
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=5)
    assert fetch(sandbox)[0] == day
