"""How values are shown: money, dates and icons in the reader's language. The only place where amounts become text."""

import hashlib
from collections.abc import Callable
from datetime import date, datetime, tzinfo
from functools import lru_cache
from pathlib import Path

import flask_babel
from flask import Flask
from markupsafe import Markup

from portal.kit import i18n
from portal.kit.i18n import day_text, money_text
from portal.web.language import language


def money(amount: int, currency: str) -> str:
    """Show ``amount`` minor units of ``currency`` with its sign, in the reader's way."""
    return money_text(amount, currency, language())


def of_page() -> dict[str, Callable[..., str]]:
    """Return what a template shows values by; language and time zone are looked up once, not at every value.

    ``date`` shows a day, of an instant the day it is in the reader's time zone; ``datetime`` shows it to the minute.
    ``gap`` is what stands between two sentences.
    """
    locale, zone = language(), flask_babel.get_timezone()
    return {
        "locale": lambda: locale,
        "money": lambda amount, currency: money_text(amount, currency, locale),
        "date": lambda value: _date(value, zone, locale),
        "datetime": lambda value: _instant(value, zone, locale),
        "gap": lambda: i18n.gap(locale),
    }


def _date(value: date, zone: tzinfo, locale: str) -> str:
    return day_text(value.astimezone(zone).date() if isinstance(value, datetime) else value, locale)


def _instant(value: datetime, zone: tzinfo, locale: str) -> str:
    local = value.astimezone(zone)
    return f"{day_text(local.date(), locale)} {local:%H:%M}"


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
