"""Texts, money and days in a reader's language, also outside a request: e-mails, documents and command lines.

Pages use Flask-Babel for the rest, which reads the same catalogues.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_percent
from babel.support import NullTranslations, Translations

from portal.kit.money import Money

LOCALES = ("en", "zh")
FOLDER = Path(__file__).parent.parent / "translations"
_HOME = {"en": "en_GB", "zh": "zh_CN"}
"""Money and dates follow the product's home, not the United States that plain "en" stands for."""


@lru_cache
def translations(locale: str) -> NullTranslations:
    """Return the catalogue of ``locale``; English is the language of the keys, so it needs none."""
    return Translations.load(str(FOLDER), [locale])


def known_locale(given: str | None) -> str:
    """Return ``given`` where it is a language of ours, else English."""
    return given if given in LOCALES else "en"


@lru_cache
def speaker(locale: str) -> Callable[..., str]:
    """Return ``gettext`` of a language: it gives a text in it, with each ``%(name)s`` filled in."""
    text = translations(locale).gettext

    def said(message: str, **values: Any) -> str:
        return text(message) % values if values else text(message)

    return said


@lru_cache(maxsize=4096)
def money_text(amount: int, currency: str, locale: str) -> str:
    """Show ``amount`` minor units of ``currency`` with its sign; below zero after a minus, which is no hyphen."""
    shown = format_currency(Money(amount, currency).major, currency, locale=_HOME[locale])
    return shown.replace("-", "−")


def percent_text(rate: Decimal, locale: str) -> str:
    """Show a percentage, such as "20%" or "5.5%"."""
    return format_percent(rate / 100, "#,##0.##%", locale=_HOME[locale])


def country_name(code: str, locale: str) -> str:
    """Return the name of a country."""
    return str(Locale.parse(locale).territories.get(code, code))


def gap(locale: str) -> str:
    """Return what stands between two sentences: nothing in Chinese, whose full stop brings its own room."""
    return "" if locale == "zh" else " "


@lru_cache(maxsize=4096)
def day_text(day: date, locale: str) -> str:
    """Show a day."""
    return format_date(day, "medium", locale=_HOME[locale])
