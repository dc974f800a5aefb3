"""The settings of the product, read once from the environment and checked as a whole before anything starts.

A start with wrong settings is refused with every problem named at once, in words that say what to change.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

from portal.kit import config_values as values
from portal.kit.config_values import Reader, Smtp

LIVE_STRIPE = "https://api.stripe.com"
LIVE_WECHAT_PAY = "https://api.mch.weixin.qq.com"
ECB_DAILY = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml"
WECHAT_PAY_KEYS = (
    "WECHAT_PAY_MCHID",
    "WECHAT_PAY_APPID",
    "WECHAT_PAY_PRIVATE_KEY_FILE",
    "WECHAT_PAY_CERT_SERIAL",
    "WECHAT_PAY_APIV3_KEY",
    "WECHAT_PAY_PUBLIC_KEY_FILE",
    "WECHAT_PAY_PUBLIC_KEY_ID",
)
STRIPE_KEYS = ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET")


class ConfigError(Exception):
    """Settings that cannot be started with; `problems` has one plain sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("The settings need mending:\n" + "\n".join(f"  - {problem}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class WeChatPay:
    """The merchant's own keys for WeChat Pay and the platform's public key (providers' "public key" mode)."""

    base_url: str
    mchid: str
    appid: str
    private_key_file: Path
    cert_serial: str
    apiv3_key: str = field(repr=False)
    public_key_file: Path
    public_key_id: str
    notify_url: str
    next_public_key_file: Path | None = None
    next_public_key_id: str | None = None
    """While WeChat Pay changes its key, what is signed with either is believed."""
    cert_file: Path | None = None
    """The merchant's certificate; only its end is read, so that somebody is told in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripe:
    """Our secret key at Stripe, and the secret that its messages to us are signed with."""

    base_url: str
    secret_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)

    @property
    def is_live(self) -> bool:
        """Whether the key moves real money."""
        return self.secret_key.startswith(values.LIVE_STRIPE_KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """Who sells, as printed on invoices; its zone cuts the years of the invoice numbers.

    ``vat_rates`` are the percentages of tax that prices include, by the buyer's country; elsewhere there is none.
    """

    name: str
    address: str
    country: str
    time_zone: str
    vat_number: str | None
    vat_rates: Mapping[str, Decimal]

    def vat_rate(self, country: str) -> Decimal:
        """Return the percentage of tax in what a buyer in ``country`` pays."""
        return self.vat_rates.get(country, Decimal(0))

    def printed(self) -> dict[str, str | None]:
        """Return what documents repeat of it."""
        return {
            "name": self.name,
            "address": self.address,
            "country": self.country,
            "time_zone": self.time_zone,
            "vat_number": self.vat_number,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the product may be told from outside. Addresses carry no slash at their end."""

    port: int
    sandbox_port: int
    sandbox_smtp_port: int
    sandbox_url: str
    """Where people reach the sandbox; the product itself calls its port on this machine."""
    state: Path
    base_url: str
    is_lan: bool
    proxies: int
    drain: int
    secret_key: str = field(repr=False)
    database_url: str = field(repr=False)
    database_owner_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    is_sandbox: bool
    sandbox_token: str | None = field(repr=False)
    metrics_token: str | None = field(repr=False)
    smtp: Smtp
    mail_from: str
    wechat_pay: WeChatPay | None
    stripe: Stripe | None
    ecb_url: str
    seller: Seller
    postgres_bin: Path | None
    redis_bin: Path | None
    log_level: str

    @property
    def code_prefixes(self) -> tuple[str, ...]:
        """What a QR code may open: a wallet's own scheme, and beside the sandbox its page."""
        return ("weixin://", "http://", "https://") if self.is_sandbox else ("weixin://",)


def load_settings(environ: Mapping[str, str]) -> Settings:
    """The checked settings of one process.

    Raises ConfigError with all problems together.
    """
    reader = Reader(environ)
    settings = _read(reader)
    problems = reader.problems + _clashing_ports(settings) + _live_keys_in_the_sandbox(settings, reader)
    if problems:
        raise ConfigError(problems)
    return settings


def _read(reader: Reader) -> Settings:
    port = reader.read("PORTAL_PORT", values.port, 8000)
    sandbox_port = reader.read("PORTAL_SANDBOX_PORT", values.port, 8001)
    base_url = reader.read("PORTAL_BASE_URL", values.http_url, f"http://127.0.0.1:{port}")
    database_url = reader.require("DATABASE_URL", values.database_url, "")
    return Settings(
        port=port,
        sandbox_port=sandbox_port,
        sandbox_smtp_port=reader.read("PORTAL_SANDBOX_SMTP_PORT", values.port, sandbox_port + 1),
        sandbox_url=reader.read("PORTAL_SANDBOX_PUBLIC_URL", values.http_url, f"http://127.0.0.1:{sandbox_port}"),
        state=reader.read("PORTAL_STATE", values.folder, Path("var").absolute()),
        base_url=base_url,
        is_lan=reader.read("PORTAL_LAN", values.flag, False),
        proxies=reader.read("PORTAL_PROXIES", values.count, 0),
        drain=reader.read("PORTAL_DRAIN", values.count, 0),
        secret_key=reader.require("SECRET_KEY", values.secret, ""),
        database_url=database_url,
        database_owner_url=reader.read("DATABASE_OWNER_URL", values.database_url, database_url),
        redis_url=reader.require("REDIS_URL", values.redis_url, ""),
        is_sandbox=reader.read("PORTAL_SANDBOX", values.flag, False),
        sandbox_token=reader.read("PORTAL_SANDBOX_TOKEN", values.secret, None),
        metrics_token=reader.read("PORTAL_METRICS_TOKEN", values.secret, None),
        smtp=reader.read("SMTP_URL", values.smtp_url, values.smtp_url("smtp://127.0.0.1:25")),
        mail_from=reader.read("MAIL_FROM", values.mail_from, "Stallholder <no-reply@stallholder.example>"),
        wechat_pay=_read_wechat_pay(reader, base_url),
        stripe=_read_stripe(reader),
        ecb_url=reader.read("ECB_URL", values.http_url, ECB_DAILY),
        seller=_read_seller(reader),
        postgres_bin=reader.read("PORTAL_POSTGRES_BIN", values.folder, None),
        redis_bin=reader.read("PORTAL_REDIS_BIN", values.file, None),
        log_level=reader.read("LOG_LEVEL", values.log_level, "INFO"),
    )


def _read_seller(reader: Reader) -> Seller:
    return Seller(
        name=reader.read("SELLER_NAME", values.plain, "Stallholder"),
        address=reader.read("SELLER_ADDRESS", values.plain, ""),
        country=reader.read("SELLER_COUNTRY", values.country, "GB"),
        time_zone=reader.read("SELLER_TIME_ZONE", values.time_zone, "Europe/London"),
        vat_number=reader.read("SELLER_VAT_NUMBER", values.plain, None),
        vat_rates=reader.read("SELLER_VAT_RATES", values.vat_rates, {}),
    )


def _read_wechat_pay(reader: Reader, base_url: str) -> WeChatPay | None:
    """The keys, or None when none is given at all; a half-given set must not switch the provider off in silence."""
    missing = [name for name in WECHAT_PAY_KEYS if not reader.given(name)]
    if len(missing) == len(WECHAT_PAY_KEYS):
        return None
    if missing:
        reader.problems.append(f"WeChat Pay is half set up, missing: {', '.join(missing)}; give all or none")
    if reader.given("WECHAT_PAY_NEXT_PUBLIC_KEY_FILE") != reader.given("WECHAT_PAY_NEXT_PUBLIC_KEY_ID"):
        reader.problems.append("WECHAT_PAY_NEXT_PUBLIC_KEY_FILE and WECHAT_PAY_NEXT_PUBLIC_KEY_ID belong together")
    return WeChatPay(
        base_url=reader.read("WECHAT_PAY_BASE_URL", values.http_url, LIVE_WECHAT_PAY),
        mchid=reader.read("WECHAT_PAY_MCHID", values.digits, ""),
        appid=reader.read("WECHAT_PAY_APPID", values.plain, ""),
        private_key_file=reader.read("WECHAT_PAY_PRIVATE_KEY_FILE", values.file, Path()),
        cert_serial=reader.read("WECHAT_PAY_CERT_SERIAL", values.plain, ""),
        apiv3_key=reader.read("WECHAT_PAY_APIV3_KEY", values.exactly_32_bytes, ""),
        public_key_file=reader.read("WECHAT_PAY_PUBLIC_KEY_FILE", values.file, Path()),
        public_key_id=reader.read("WECHAT_PAY_PUBLIC_KEY_ID", values.plain, ""),
        notify_url=reader.read("WECHAT_PAY_NOTIFY_URL", values.http_url, f"{base_url}/api/v1/webhooks/wechat_pay"),
        next_public_key_file=reader.read("WECHAT_PAY_NEXT_PUBLIC_KEY_FILE", values.file, None),
        next_public_key_id=reader.read("WECHAT_PAY_NEXT_PUBLIC_KEY_ID", values.plain, None),
        cert_file=reader.read("WECHAT_PAY_CERT_FILE", values.certificate, None),
    )


def _read_stripe(reader: Reader) -> Stripe | None:
    """The keys, or None when neither is given; one alone must not switch cards off in silence."""
    missing = [name for name in STRIPE_KEYS if not reader.given(name)]
    if len(missing) == len(STRIPE_KEYS):
        return None
    if missing:
        reader.problems.append(f"Stripe is half set up, missing: {', '.join(missing)}; give both or none")
    return Stripe(
        base_url=reader.read("STRIPE_BASE_URL", values.http_url, LIVE_STRIPE),
        secret_key=reader.read("STRIPE_SECRET_KEY", values.stripe_key, ""),
        webhook_secret=reader.read("STRIPE_WEBHOOK_SECRET", values.stripe_webhook_secret, ""),
    )


def _clashing_ports(settings: Settings) -> list[str]:
    ports = {"PORTAL_PORT": settings.port}
    if settings.is_sandbox:
        ports |= {
            "PORTAL_SANDBOX_PORT": settings.sandbox_port,
            "PORTAL_SANDBOX_SMTP_PORT": settings.sandbox_smtp_port,
        }
    names: dict[int, list[str]] = {}
    for name, port in ports.items():
        names.setdefault(port, []).append(name)
    clashes = [f"{' and '.join(same)} must differ, both are {port}" for port, same in names.items() if len(same) > 1]
    too_high = [f"{name} must be a port from 1 to 65535, it is {port}" for name, port in ports.items() if port > 65535]
    return clashes + too_high


def _live_keys_in_the_sandbox(settings: Settings, reader: Reader) -> list[str]:
    """Play money and real keys never meet in one process: a test payment must not be able to reach a real wallet."""
    if not settings.is_sandbox:
        return []
    live = []
    if settings.wechat_pay and (urlsplit(settings.wechat_pay.base_url).hostname or "").endswith("weixin.qq.com"):
        live.append("WECHAT_PAY_BASE_URL names the real WeChat Pay")
    if settings.stripe and settings.stripe.is_live:
        live.append("STRIPE_SECRET_KEY is a live key")
    if settings.stripe and (urlsplit(settings.stripe.base_url).hostname or "").endswith("stripe.com"):
        live.append("STRIPE_BASE_URL names the real Stripe")
    return [f"PORTAL_SANDBOX=1 beside live keys: {reason}; set PORTAL_SANDBOX=0 or remove the keys" for reason in live]


_current: Settings | None = None


def use(settings: Settings) -> None:
    """Make `settings` those of this process; called once, where the process is wired."""
    global _current
    _current = settings


def current() -> Settings:
    """The settings of this process, for the edges: faces, jobs, providers."""
    if _current is None:
        raise RuntimeError("this process was not wired with settings")
    return _current
