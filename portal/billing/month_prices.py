"""What whole periods cost, each case asked once: of a million subscriptions most have one of a few dozen prices."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from portal.billing.due import Due
from portal.billing.pricing import Item, month_lines, terms_of
from portal.catalogue import price_book
from portal.currency import rates
from portal.currency.conversion import Rate
from portal.invoicing.invoices import rows_of
from portal.invoicing.tax import included
from portal.kit import config
from portal.kit.money import Money, total


@dataclass(frozen=True, slots=True)
class Priced:
    """What a whole period costs: its ``lines`` as they are stored, and the day of the rate, where one was needed."""

    lines: list[dict[str, Any]]
    total: Money
    rate_on: date | None


Case = tuple[UUID, tuple[str, str, int], str]
"""Price version, terms (mode, tier, further branches) and currency."""


class Prices:
    """The prices and taxes of one run, which all come of one instant."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._seller = config.current().seller
        self._priced: dict[Case, Priced] = {}
        self._rates: dict[tuple[str, str], Rate] = {}
        self._taxes: dict[tuple[Money, str], tuple[Decimal, Money]] = {}

    def of(self, one: Due) -> Priced:
        """Return what the next period of a subscription costs.

        :raises RatesStale: a price has to be converted, and the newest rate is older than seven days.
        :raises UnknownOffer: it holds what no price book has.
        """
        case = (one.price_version_id, one.terms, one.currency)
        if case not in self._priced:
            self._priced[case] = self._price(*case)
        return self._priced[case]

    def tax(self, amount: Money, country: str) -> tuple[Decimal, Money]:
        """Return the rate of the tax in what a buyer in ``country`` pays, in percent, and the tax itself."""
        if (amount, country) not in self._taxes:
            rate = self._seller.vat_rate(country)
            self._taxes[amount, country] = rate, included(amount, rate)
        return self._taxes[amount, country]

    def _price(self, version: UUID, terms: tuple[str, str, int], currency: str) -> Priced:
        held = terms_of(*terms)
        prices = price_book.get_prices(version, [code for code, _ in held], self._now)
        foreign = {price.currency for price in prices.values()} - {currency}
        rate = self._rate(foreign.pop(), currency) if foreign else None
        lines = month_lines([Item(code, prices[code], count) for code, count in held], currency, rate)
        return Priced(rows_of(lines), total([line.amount for line in lines], currency), rate.on if rate else None)

    def _rate(self, source: str, target: str) -> Rate:
        if (source, target) not in self._rates:
            self._rates[source, target] = rates.newest(source, target, self._now)
        return self._rates[source, target]
