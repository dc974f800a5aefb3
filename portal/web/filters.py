"""How values are shown: money, dates and icons in the reader's language. The only place where amounts become text."""

import hashlib
from datetime import date, datetime
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


def date_text(value: date) -> str:
    """Show a day; of an instant, the day it is in the reader's time zone."""
    day = flask_babel.to_user_timezone(value).date() if isinstance(value, datetime) else value
    return _day(day, _BRITISH[language()])


def datetime_text(value: datetime) -> str:
    """Show an instant in the reader's time zone, to the minute."""
    local = flask_babel.to_user_timezone(value)
    return f"{_day(local.date(), _BRITISH[language()])} {local:%H:%M}"


@lru_cache(maxsize=4096)
def _money(amount: int, currency: str, locale: str) -> str:
    return format_currency(Money(amount, currency).major, currency, locale=locale)


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

    app.jinja_env.globals.update(
        asset=asset, icon=icon, money=money, date=date_text, datetime=datetime_text, locale=language
    )
