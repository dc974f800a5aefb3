"""The sandbox's own settings, read once from the environment.

Refuses to start beside live keys: a pretend world must never stand where real money could flow.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

LIVE_WECHAT_DOMAIN = "weixin.qq.com"
LIVE_STRIPE_PREFIXES = ("sk_live_", "rk_live_")
SHORTEST_TOKEN = 16


class SettingsError(Exception):
    """What is wrong with the environment, one plain sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Settings:
    """Where the sandbox listens, what it calls itself and where its keys and book are."""

    host: str
    port: int
    public_url: str
    database_url: str
    token: str
    keys_dir: Path
    smtp_port: int
    lan: bool
    stripe_webhook_url: str


def load(environ: Mapping[str, str]) -> Settings:
    """Read and check all settings; raises SettingsError naming every problem at once."""
    problems = live_keys(environ)
    port = _port(environ, "PORTAL_SANDBOX_PORT", 8001, problems)
    smtp_port = _port(environ, "PORTAL_SANDBOX_SMTP_PORT", min(port + 1, 65535), problems)
    if port == smtp_port:
        problems.append("PORTAL_SANDBOX_PORT and PORTAL_SANDBOX_SMTP_PORT must differ")
    database_url = environ.get("PORTAL_SANDBOX_DATABASE_URL", "")
    if not database_url.startswith("postgresql://"):
        problems.append("PORTAL_SANDBOX_DATABASE_URL must name the sandbox's own database: postgresql://…")
    token = environ.get("PORTAL_SANDBOX_TOKEN", "")
    if len(token) < SHORTEST_TOKEN:
        problems.append(f"PORTAL_SANDBOX_TOKEN must have at least {SHORTEST_TOKEN} characters")
    keys = environ.get("PORTAL_SANDBOX_KEYS", "")
    if not keys:
        problems.append("PORTAL_SANDBOX_KEYS must name the folder written by `python -m portal.sandbox.ceremony`")
    if problems:
        raise SettingsError(problems)
    return Settings(
        host=environ.get("PORTAL_SANDBOX_HOST", "127.0.0.1"),
        port=port,
        public_url=environ.get("PORTAL_SANDBOX_PUBLIC_URL", f"http://127.0.0.1:{port}").rstrip("/"),
        database_url=database_url,
        token=token,
        keys_dir=Path(keys),
        smtp_port=smtp_port,
        lan=environ.get("PORTAL_LAN", "0") == "1",
        stripe_webhook_url=environ.get("PORTAL_SANDBOX_STRIPE_WEBHOOK", "").strip(),
    )


def live_keys(environ: Mapping[str, str]) -> list[str]:
    """Every sign that this environment speaks with real providers, as sentences; empty when there is none."""
    found = []
    host = urlsplit(environ.get("WECHAT_PAY_BASE_URL", "")).hostname or ""
    if host == LIVE_WECHAT_DOMAIN or host.endswith("." + LIVE_WECHAT_DOMAIN):
        found.append("the sandbox refuses to start beside live keys: WECHAT_PAY_BASE_URL names the real WeChat Pay")
    if environ.get("STRIPE_SECRET_KEY", "").startswith(LIVE_STRIPE_PREFIXES):
        found.append("the sandbox refuses to start beside live keys: STRIPE_SECRET_KEY is a live key")
    if environ.get("PORTAL_SANDBOX", "1") == "0":
        found.append("the sandbox refuses to start: PORTAL_SANDBOX=0 says that this is not a sandbox")
    return found


def _port(environ: Mapping[str, str], name: str, default: int, problems: list[str]) -> int:
    text = environ.get(name, "").strip() or str(default)
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    problems.append(f"{name} must be a port number between 1 and 65535")
    return default
