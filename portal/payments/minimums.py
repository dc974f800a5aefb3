"""The least that a card is charged, per currency. Pure: Stripe's documents on minimum amounts, in minor units."""

from portal.kit.money import Money

_CARDS = {"GBP": 30, "EUR": 50, "USD": 50, "CNY": 400, "HKD": 400, "JPY": 50}


def of_cards(currency: str) -> Money:
    """Return the least that a card is charged in a currency; one that is not known here is charged from one unit on."""
    return Money(_CARDS.get(currency, 1), currency)
