"""What every test starts from: the first price book and round exchange rates of the last days."""

from datetime import timedelta
from decimal import Decimal

from portal.catalogue import price_book
from portal.currency import rates
from portal.kit import edge

PER_EURO = {
    "GBP": Decimal("0.8"),
    "CNY": Decimal("7.2"),
    "USD": Decimal("1.1"),
    "HKD": Decimal("8.6"),
    "JPY": Decimal("160"),
}
"""So £1.00 is ¥9.00."""


def furnish(database_url: str) -> None:
    """Store the price book and three days of rates in the database."""
    edge.connect(database_url, pool_size=1, application="furnish")
    edge.write(price_book.load_first)
    edge.write(_store_rates)
    edge.disconnect()


def _store_rates() -> None:
    today = edge.now().date()
    rates.store({today - timedelta(days=back): PER_EURO for back in range(3)}, "test", edge.now())
