"""Settings of a product under test, made from the addresses of its servers."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from portal.kit.config import Settings, load_settings
from tests.support.sandbox import ceremony

SECRET = "only-for-tests-0123456789-0123456789"
METRICS_TOKEN = "metrics-0123456789-0123456789-0123"


def make_settings(database_url: str, redis_url: str, state: Path, environ: dict[str, str]) -> Settings:
    """Return checked settings; ``environ`` adds to or overrides what a test needs."""
    return load_settings(make_environ(database_url, redis_url, state, environ))


def make_environ(database_url: str, redis_url: str, state: Path, environ: dict[str, str]) -> dict[str, str]:
    """Return the environment that makes these settings, for processes of their own."""
    given = {
        "PORTAL_STATE": str(state),
        "SECRET_KEY": SECRET,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "PORTAL_METRICS_TOKEN": METRICS_TOKEN,
        "PORTAL_SANDBOX": "1",
        "SELLER_NAME": "Harbour Directory",
        "SELLER_ADDRESS": "1 Quay Street, London",
    }
    return given | environ


def taxing(settings: Settings, **rates: str) -> Settings:
    """Return settings whose prices include so many percent of tax, by country: ``taxing(settings, GB="20")``."""
    vat_rates = {country: Decimal(rate) for country, rate in rates.items()}
    return replace(settings, seller=replace(settings.seller, vat_rates=vat_rates))


def provider_keys(folder: Path) -> dict[str, str]:
    """Hold the key ceremony in ``folder`` and return the product's half, pointing at an address nobody listens on."""
    ceremony(folder)
    lines = (folder / "product.env").read_text().splitlines()
    nobody = dict.fromkeys(("WECHAT_PAY_BASE_URL", "STRIPE_BASE_URL"), "http://127.0.0.1:9")
    return dict(line.split("=", 1) for line in lines if line) | nobody
