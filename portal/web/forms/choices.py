"""Lists to choose from in the reader's language: categories, countries, currencies, time zones."""

from babel.numbers import get_currency_name
from flask_babel import get_locale, gettext

from portal.directory.categories import CATEGORIES
from portal.directory.places import COUNTRIES, CURRENCIES, time_zones
from portal.kit import i18n
from portal.web.language import language

Choices = list[tuple[str, str]]


def categories(first: str) -> Choices:
    """Return the categories by name, what fits nowhere last, after ``first``, which stands for none."""
    named = [(code, gettext(name)) for code, name in CATEGORIES.items()]
    return [("", first), *sorted(named, key=lambda choice: (choice[0] == "other", choice[1]))]


def category_name(code: str) -> str:
    """Return the name of a category."""
    return gettext(CATEGORIES[code])


def countries() -> Choices:
    """Return the countries by name."""
    return sorted(((code, country_name(code)) for code in COUNTRIES), key=lambda choice: choice[1])


def country_name(code: str) -> str:
    """Return the name of a country."""
    return i18n.country_name(code, language())


def currencies() -> Choices:
    """Return the currencies with their names."""
    return [(code, f"{get_currency_name(code, locale=get_locale())} ({code})") for code in CURRENCIES]


def zones() -> Choices:
    """Return the time zones, readable."""
    return [(zone, zone.replace("_", " ").replace("/", " / ")) for zone in time_zones()]
