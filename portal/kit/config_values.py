"""Readers of single settings: each turns one text of the environment into a value or says in plain words what is wrong.

Nothing here knows which settings exist or how they depend on each other; that is `portal.kit.config`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from email.utils import parseaddr
from pathlib import Path
from re import fullmatch
from typing import NoReturn, TypeVar
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit
from zoneinfo import available_timezones

from cryptography import x509

T = TypeVar("T")
LIVE_STRIPE_KEYS = ("sk_live_", "rk_live_")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class UnfitError(ValueError):
    """A setting's text that cannot be used; the message completes the sentence "NAME …"."""


@dataclass(frozen=True, slots=True)
class Smtp:
    """Where mail leaves: a plain SMTP peer, upgraded by STARTTLS when asked for."""

    host: str
    port: int
    user: str | None
    password: str | None
    is_starttls: bool

    def __repr__(self) -> str:
        return f"Smtp({self.host}:{self.port})"


class Reader:
    """Reads settings one by one and keeps every problem, so that they can be reported together."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def given(self, name: str) -> bool:
        """Whether the setting is there and not blank; a blank one counts as absent."""
        return bool(self._environ.get(name, "").strip())

    def read(self, name: str, parse: Callable[[str], T], default: T) -> T:
        """The setting's value, or `default` when it is absent or (with a problem noted) unfit."""
        if not self.given(name):
            return default
        try:
            return parse(plain(self._environ[name].strip()))
        except UnfitError as unfit:
            self.problems.append(f"{name} {unfit}")
            return default

    def require(self, name: str, parse: Callable[[str], T], stand_in: T) -> T:
        """Like `read`, but an absent setting is a problem; `stand_in` is never used, as problems end the start."""
        if not self.given(name):
            self.problems.append(f"{name} is missing (`portal run` provides it, every other start needs it set)")
        return self.read(name, parse, stand_in)


def plain(text: str) -> str:
    """The text itself; control characters (a stray line break from a copied key) are refused."""
    if not text.isprintable():
        raise UnfitError("contains a control character, such as a line break")
    return text


def flag(text: str) -> bool:
    """0 or 1, nothing else: a guessed meaning of "yes please" would be worse than an error."""
    if text not in ("0", "1"):
        raise UnfitError(f"must be 0 or 1, not {text!r}")
    return text == "1"


def port(text: str) -> int:
    """A TCP port, 1 to 65535."""
    if not fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise UnfitError(f"must be a port from 1 to 65535, not {text!r}")
    return int(text)


def count(text: str) -> int:
    """A small number, 0 to 9."""
    if not fullmatch(r"[0-9]", text):
        raise UnfitError(f"must be a number from 0 to 9, not {text!r}")
    return int(text)


def folder(text: str) -> Path:
    """A folder's absolute path; it need not exist yet."""
    path = Path(text).expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise UnfitError(f"must be a folder, but {text} is a file")
    return path


def file(text: str) -> Path:
    """An existing file's absolute path."""
    path = Path(text).expanduser().absolute()
    if not path.is_file():
        raise UnfitError(f"names no file: {text}")
    return path


def certificate(text: str) -> Path:
    """The absolute path of an existing file that holds a certificate."""
    path = file(text)
    try:
        x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UnfitError(f"is no certificate in PEM form that can be read: {text}") from error
    return path


def secret(text: str) -> str:
    """A secret of at least 32 characters; its text never appears in the message."""
    if len(text) < 32:
        raise UnfitError(f"must have at least 32 characters, it has {len(text)}")
    return text


def exactly_32_bytes(text: str) -> str:
    """The APIv3 key: an AES-256 key written as 32 characters (WeChat Pay's rule)."""
    if len(text.encode()) != 32:
        raise UnfitError(f"must have exactly 32 bytes, it has {len(text.encode())}")
    return text


def stripe_key(text: str) -> str:
    """A secret or restricted key of Stripe; its text never appears in the message."""
    if not fullmatch(r"[sr]k_(test|live)_[0-9A-Za-z]{1,250}", text):
        raise UnfitError("must be a secret key of Stripe: sk_test_…, sk_live_…, rk_test_… or rk_live_…")
    return text


def stripe_webhook_secret(text: str) -> str:
    """What Stripe signs its messages with, as its dashboard shows it; its text never appears in the message."""
    if not fullmatch(r"whsec_[0-9A-Za-z+/=]{8,250}", text):
        raise UnfitError("must be the signing secret of Stripe's webhook endpoint: whsec_…")
    return text


def digits(text: str) -> str:
    """A number that is a name, such as a merchant number."""
    if not fullmatch(r"[0-9]{1,32}", text):
        raise UnfitError(f"must be digits only, not {text!r}")
    return text


def log_level(text: str) -> str:
    """One of Python's log levels, in any case."""
    if text.upper() not in LOG_LEVELS:
        raise UnfitError(f"must be one of {', '.join(LOG_LEVELS)}, not {text!r}")
    return text.upper()


def country(text: str) -> str:
    """A country's two letters (ISO 3166-1 alpha-2)."""
    if not fullmatch(r"[A-Z]{2}", text):
        raise UnfitError(f"must be a country's two capital letters, such as GB, not {text!r}")
    return text


def vat_rates(text: str) -> dict[str, Decimal]:
    """Percentages by country, such as GB=20,DE=19: each country once, each with at most two places."""
    rates: dict[str, Decimal] = {}
    for entry in text.split(","):
        found = fullmatch(r" *([A-Z]{2})=([0-9]{1,2}(?:\.[0-9]{1,2})?) *", entry)
        if found is None:
            raise UnfitError(f"must be countries with their percentages, such as GB=20,DE=19, not {entry.strip()!r}")
        if found[1] in rates:
            raise UnfitError(f"names {found[1]} twice")
        rates[found[1]] = Decimal(found[2])
    return rates


def time_zone(text: str) -> str:
    """A zone's name in the IANA database."""
    if text not in available_timezones():
        raise UnfitError(f"must be a time zone such as Europe/London, not {text!r}")
    return text


def mail_from(text: str) -> str:
    """A sender: an address, with or without a name before it."""
    address = parseaddr(text)[1]
    if not fullmatch(r"[^@\s]+@[^@\s]+", address):
        raise UnfitError(f'must be an address such as "Stallholder <no-reply@stallholder.example>", not {text!r}')
    return text


def http_url(text: str) -> str:
    """An http or https address without a query; a slash at its end is dropped."""
    parts = _split(text, ("http", "https"), "https://portal.example")
    if parts.query or parts.fragment or parts.username:
        raise UnfitError("must be an address without user, query or fragment")
    return text.rstrip("/")


def database_url(text: str) -> str:
    """postgresql://user:password@host:port/database."""
    shape = "postgresql://user:password@host:5432/database"
    parts = _split(text, ("postgresql",), shape)
    if not parts.path.strip("/"):
        _refuse_shape(shape)
    return text


def redis_url(text: str) -> str:
    """redis://, rediss:// or unix:// as redis-py reads them."""
    return (
        text
        if text.startswith("unix://")
        else _split(text, ("redis", "rediss"), "redis://:password@host:6379/0").geturl()
    )


def smtp_url(text: str) -> Smtp:
    """smtp://[user:password@]host:port[?starttls=1]; the port is 25 when left out."""
    shape = "smtp://user:password@host:587?starttls=1"
    parts = _split(text, ("smtp",), shape)
    query = parse_qs(parts.query)
    if set(query) - {"starttls"} or parts.path.strip("/") or bool(parts.username) != bool(parts.password):
        _refuse_shape(shape)
    return Smtp(
        host=parts.hostname or "",
        port=parts.port or 25,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        is_starttls=flag(query["starttls"][-1]) if query else False,
    )


def _split(text: str, schemes: tuple[str, ...], shape: str) -> SplitResult:
    """The parts of an address with a host and a possible port; it may hold a password, so no message repeats it."""
    try:
        parts = urlsplit(text)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        _refuse_shape(shape)
    if parts.scheme not in schemes or not parts.hostname or not has_port:
        _refuse_shape(shape)
    return parts


def _refuse_shape(shape: str) -> NoReturn:
    raise UnfitError(f"must look like {shape}")
