"""How money is written in a reader's language."""

import pytest

from portal.kit.i18n import money_text


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "text"),
    [
        (123456, "GBP", "en", "£1,234.56"),
        (-120, "GBP", "en", "−£1.20"),
        (-120, "CNY", "zh", "−¥1.20"),
        (-120, "JPY", "en", "−JP¥120"),
    ],
)
def test_an_amount_below_zero_bears_a_minus_and_no_hyphen(amount: int, currency: str, locale: str, text: str) -> None:
    assert money_text(amount, currency, locale) == text
