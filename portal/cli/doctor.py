"""`portal doctor`: says what is misconfigured and how to mend it; it changes nothing."""

import difflib
import os
import sys
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import click
import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal.cli import environment, migrations
from portal.kit import clock
from portal.kit.config import ConfigError, Settings, load_settings
from portal.payments import key_expiry

OLDEST_POSTGRES = 15
KNOWN = (
    "PORTAL_PORT",
    "PORTAL_SANDBOX_PORT",
    "PORTAL_SANDBOX_SMTP_PORT",
    "PORTAL_SANDBOX_HOST",
    "PORTAL_SANDBOX_PUBLIC_URL",
    "PORTAL_SANDBOX_DATABASE_URL",
    "PORTAL_SANDBOX_KEYS",
    "PORTAL_SANDBOX_STRIPE_WEBHOOK",
    "PORTAL_SANDBOX_TOKEN",
    "PORTAL_SANDBOX",
    "PORTAL_STATE",
    "PORTAL_BASE_URL",
    "PORTAL_LAN",
    "PORTAL_PROXIES",
    "PORTAL_DRAIN",
    "PORTAL_METRICS_TOKEN",
    "PORTAL_POSTGRES_BIN",
    "PORTAL_REDIS_BIN",
)
_OWNS = (
    "SELECT EXISTS (SELECT FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
    "AND pg_has_role(relowner, 'USAGE'))"
)
"""Asked of the database, as the product itself need not be told who the owner is."""


@click.command("doctor")
def doctor() -> None:
    """Say what is misconfigured and how to mend it."""
    findings = list(examine(os.environ))
    for finding in findings:
        click.echo(f"- {finding}")
    click.echo(f"{len(findings)} to look at" if findings else "all is well")
    sys.exit(1 if findings else 0)


def examine(given: Mapping[str, str]) -> Iterator[str]:
    """One sentence for each thing that is wrong or unwise in the given environment and what runs with it."""
    yield from _unknown_names(given)
    try:
        environment.checked(given)
        environ = environment.of_instance(given)
    except ConfigError as error:
        yield from error.problems
        return
    if "DATABASE_URL" not in environ:
        yield "nothing runs with this state folder: start it with `make run`, or set DATABASE_URL and REDIS_URL"
        return
    try:
        settings = load_settings(environ)
    except ConfigError as error:
        yield from error.problems
        return
    yield from _unwise(settings)
    yield from _expiring(settings)
    yield from _database(settings)
    yield from open_redis(settings.redis_url)


def _unknown_names(given: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(given):
        if name.startswith("PORTAL_") and name not in KNOWN:
            near = difflib.get_close_matches(name, KNOWN, n=1)
            yield f"{name} is not a setting" + (f"; did you mean {near[0]}?" if near else "")


def _unwise(settings: Settings) -> Iterator[str]:
    """What may be right on a desk and is wrong where real money flows."""
    if settings.is_sandbox:
        return
    if settings.wechat_pay is None:
        yield "no payment provider is set up: give the WECHAT_PAY_* settings"
    elif settings.wechat_pay.cert_file is None:
        yield "WECHAT_PAY_CERT_FILE is not set: nobody is told before the merchant certificate runs out"
    if settings.stripe is not None and not settings.stripe.is_live:
        yield "STRIPE_SECRET_KEY is a test key: cards are stored and charged in play only"
    address = urlsplit(settings.base_url)
    if address.scheme != "https":
        yield f"PORTAL_BASE_URL is {settings.base_url}: without https, passwords travel readable"
    if not settings.seller.address:
        yield "SELLER_ADDRESS is empty: receipts and invoices need it"
    if settings.seller.vat_rates and not settings.seller.vat_number:
        yield "SELLER_VAT_RATES is set without SELLER_VAT_NUMBER: invoices that hold tax must name it"


def _expiring(settings: Settings) -> Iterator[str]:
    for found in key_expiry.expiring_with(settings, clock.wall()):
        yield f"our certificate at {found.provider} is good until {found.until:%Y-%m-%d}: ask for a new one in time"


def _database(settings: Settings) -> Iterator[str]:
    try:
        with psycopg.connect(settings.database_url, connect_timeout=5) as connection:
            version = connection.info.server_version // 10_000
            [owns] = connection.execute(_OWNS).fetchone() or (False,)
    except psycopg.OperationalError as error:
        yield f"the database does not answer: {str(error).strip()}"
        return
    if owns and not settings.is_sandbox:
        yield (
            "DATABASE_URL: the product connects as the owner of its tables, who may drop its guards; "
            "name another user there, and the owner in DATABASE_OWNER_URL for `portal migrate`"
        )
    if version < OLDEST_POSTGRES:
        yield f"PostgreSQL {version} is too old; {OLDEST_POSTGRES} or later is needed"
    heads = migrations.present_heads(settings.database_url)
    if heads != migrations.wanted_heads():
        yield migrations.ahead(heads) or "the database is not at the newest revision: run `portal migrate`"


def open_redis(url: str) -> Iterator[str]:
    """Say when Redis lets anybody in, whether or not our own address carries a password."""
    parts = urlsplit(url)
    once = Retry(NoBackoff(), 0)  # a refusal is an answer; by itself redis-py would knock ten times more
    stranger = redis.Redis(host=parts.hostname or "", port=parts.port or 6379, ssl=parts.scheme == "rediss", retry=once)
    try:
        with stranger:
            stranger.ping()
    except redis.AuthenticationError:
        return
    except (redis.RedisError, OSError) as error:
        yield f"Redis does not answer: {type(error).__name__}. Everything works meanwhile, but slower"
    else:
        yield "Redis asks for no password: set requirepass there and give REDIS_URL as redis://:password@host:port/0"
