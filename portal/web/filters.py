"""How values are shown: money, dates and icons in the reader's language. The only place where amounts become text."""

import hashlib
from collections.abc import Callable
from datetime import date, datetime, tzinfo
from functools import lru_cache
from pathlib import Path

import flask_babel
from babel.dates import format_date
from babel.numbers import format_currency
from flask import Flask
from markupsafe import Markup

from portal.kit.money import Money
from portal.web.language import language

_BRITISH = {"en": "en_GB", "zh": "zh_CN"}
"""Money and dates follow the product's home, not the United States that plain "en" stands for."""


def money(amount: int, currency: str) -> str:
    """Show ``amount`` minor units of ``currency`` with its sign, in the reader's way."""
    return _money(amount, currency, _BRITISH[language()])


def date_text(day: date) -> str:
    """Show a day in the reader's way."""
    return _day(day, _BRITISH[language()])


def of_page() -> dict[str, Callable[..., str]]:
    """Return what a template shows values by; language and time zone are looked up once, not at every value.

    ``date`` shows a day, of an instant the day it is in the reader's time zone; ``datetime`` shows it to the minute.
    """
    spoken, zone = language(), flask_babel.get_timezone()
    locale = _BRITISH[spoken]
    return {
        "locale": lambda: spoken,
        "money": lambda amount, currency: _money(amount, currency, locale),
        "date": lambda value: _date(value, zone, locale),
        "datetime": lambda value: _instant(value, zone, locale),
    }


@lru_cache(maxsize=4096)
def _money(amount: int, currency: str, locale: str) -> str:
    return format_currency(Money(amount, currency).major, currency, locale=locale)


def _date(value: date, zone: tzinfo, locale: str) -> str:
    return _day(value.astimezone(zone).date() if isinstance(value, datetime) else value, locale)


def _instant(value: datetime, zone: tzinfo, locale: str) -> str:
    local = value.astimezone(zone)
    return f"{_day(local.date(), locale)} {local:%H:%M}"


@lru_cache(maxsize=4096)
def _day(day: date, locale: str) -> str:
    return format_date(day, "medium", locale=locale)


def register(app: Flask) -> None:
    """Make the filters and functions known to all templates."""
    static = Path(str(app.static_folder))

    @lru_cache(maxsize=256)
    def asset(path: str) -> str:
        fingerprint = hashlib.sha256((static / path).read_bytes()).hexdigest()[:10]
        return f"{app.static_url_path}/{path}?v={fingerprint}"

    @lru_cache(maxsize=256)
    def icon(name: str) -> Markup:
        return Markup((static / "img" / "icons" / f"{name}.svg").read_text())  # noqa: S704 - our own files

    app.jinja_env.globals.update(asset=asset, icon=icon, money=money, locale=language)
    app.context_processor(of_page)
