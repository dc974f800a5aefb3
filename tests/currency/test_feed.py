"""Reading the ECB's file: days and positive numbers, or a plain refusal; never anything else, whatever comes."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.currency import feed
from portal.currency.feed import BadFeed

NAMESPACES = (
    b'xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"'
)


def daily(rates: bytes, day: bytes = b"2026-11-20") -> bytes:
    return (
        b'<?xml version="1.0" encoding="UTF-8"?><gesmes:Envelope ' + NAMESPACES + b"><Cube>"
        b'<Cube time="' + day + b'">' + rates + b"</Cube></Cube></gesmes:Envelope>"
    )


GOOD = b'<Cube currency="GBP" rate="0.8338"/><Cube currency="CNY" rate="7.4326"/>'


def test_a_daily_file() -> None:
    expected = {date(2026, 11, 20): {"GBP": Decimal("0.8338"), "CNY": Decimal("7.4326")}}
    assert feed.parse(daily(GOOD)) == expected


def test_a_historical_file_has_many_days() -> None:
    second = b'</Cube><Cube time="2026-11-19">' + GOOD
    assert sorted(feed.parse(daily(GOOD + second))) == [date(2026, 11, 19), date(2026, 11, 20)]


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"not xml",
        b"<html/>",
        daily(GOOD)[:-20],
        daily(GOOD, b"2026-13-01"),
        daily(GOOD, b"yesterday"),
        *(
            daily(b'<Cube currency="GBP" rate="' + rate + b'"/>')
            for rate in (b"0", b"-1", b"NaN", b"Infinity", b"", b"1,2")
        ),
        daily(b'<Cube currency="GBP"/>'),
        daily(b'<Cube rate="1"/>'),
        b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + daily(GOOD),
        daily(GOOD).replace(b"eurofxref", b"another"),
        daily(GOOD).replace(b"<gesmes", b"<!DOCTYPE x><gesmes").decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        daily(GOOD).decode().replace("UTF-8", "UTF-16").encode("utf-16-le"),
        b"<?xml version='1.0' encoding='no-such'?><x/>",
    ],
)
def test_anything_unexpected_is_refused(document: bytes) -> None:
    with pytest.raises(BadFeed):
        feed.parse(document)


@given(
    st.binary(max_size=400)
    | st.binary(max_size=60).map(daily)
    | st.text(max_size=60).map(lambda text: daily(text.encode()))
)
def test_no_bytes_get_anything_else_out_of_it(document: bytes) -> None:
    try:
        days = feed.parse(document)
    except BadFeed:
        return
    assert all(rate > 0 for rates in days.values() for rate in rates.values())


@given(st.sampled_from(["currency", "rate", "time", "Cube", '"', "<", ">", "0.8338", "2026"]), st.text(max_size=8))
def test_a_good_file_with_one_thing_changed(part: str, into: str) -> None:
    document = daily(GOOD).decode().replace(part, into, 1).encode("utf-8", "surrogatepass")
    try:
        feed.parse(document)
    except BadFeed:
        return
