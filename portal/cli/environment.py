"""The environment of a running instance: what its owner gave, completed with what the state folder keeps.

The supervisor completes and writes it down; commands in another terminal find the same instance through that file.
"""

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path

from portal.cli.databases import name_of, renamed
from portal.cli.files import kept_secret, private_folder, write_private
from portal.kit.config import STRIPE_KEYS, WECHAT_PAY_KEYS, Settings, load_settings

STAND_INS = {
    "SECRET_KEY": "x" * 32,
    "DATABASE_URL": "postgresql://stand-in@127.0.0.1/stand-in",
    "REDIS_URL": "redis://127.0.0.1",
}
LOOPBACK = "127.0.0.1,localhost,::1"


def checked(given: Mapping[str, str]) -> Settings:
    """The settings as far as their owner gave them, stand-ins where `portal run` will provide; raises ConfigError."""
    return load_settings(STAND_INS | _without_blanks(given) | {"PORTAL_SANDBOX": sandbox_flag(given)})


def sandbox_flag(given: Mapping[str, str]) -> str:
    """As given; else on, unless keys of a real provider are there."""
    has_keys = any(given.get(name, "").strip() for name in (*WECHAT_PAY_KEYS, *STRIPE_KEYS))
    return given.get("PORTAL_SANDBOX", "").strip() or ("0" if has_keys else "1")


def completed(given: Mapping[str, str], settings: Settings, servers: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of the product's processes.

    `settings` are those of `checked`; `servers` has the addresses of the embedded servers, if any: DATABASE_OWNER_URL,
    DATABASE_URL and REDIS_URL.
    """
    secrets = private_folder(settings.state / "secrets")
    host = lan_address() if settings.is_lan else "127.0.0.1"
    provided = {
        "PORTAL_STATE": str(settings.state),
        "PORTAL_PORT": str(settings.port),
        "PORTAL_BASE_URL": f"http://{host}:{settings.port}",
        "PORTAL_SANDBOX_TOKEN": kept_secret(secrets / "sandbox-token"),
        "PORTAL_METRICS_TOKEN": kept_secret(secrets / "metrics-token"),
        "SECRET_KEY": kept_secret(secrets / "secret-key"),
        **servers,
    }
    if settings.is_sandbox:
        provided |= _pretend_world(settings, host) | {"PORTAL_SANDBOX_DATABASE_URL": _sandbox_database(given, servers)}
    environ = provided | _without_blanks(given) | {"PORTAL_SANDBOX": "1" if settings.is_sandbox else "0"}
    # A proxy of the machine must not come between our own processes.
    past_proxy = ",".join(filter(None, (environ.get("NO_PROXY") or environ.get("no_proxy"), LOOPBACK, host)))
    return environ | {"NO_PROXY": past_proxy, "no_proxy": past_proxy}


def _pretend_world(settings: Settings, host: str) -> dict[str, str]:
    near = f"http://127.0.0.1:{settings.sandbox_port}"
    return {
        "WECHAT_PAY_BASE_URL": near,
        "STRIPE_BASE_URL": near,
        "ECB_URL": f"{near}/stats/eurofxref/eurofxref-daily.xml",
        "SMTP_URL": f"smtp://127.0.0.1:{settings.sandbox_smtp_port}",
        "PORTAL_SANDBOX_PORT": str(settings.sandbox_port),
        "PORTAL_SANDBOX_SMTP_PORT": str(settings.sandbox_smtp_port),
        "PORTAL_SANDBOX_HOST": "0.0.0.0" if settings.is_lan else "127.0.0.1",  # noqa: S104
        "PORTAL_SANDBOX_PUBLIC_URL": f"http://{host}:{settings.sandbox_port}",
        "PORTAL_SANDBOX_KEYS": str(settings.state / "sandbox-keys"),
        "PORTAL_SANDBOX_STRIPE_WEBHOOK": f"http://127.0.0.1:{settings.port}/api/v1/webhooks/stripe",
    }


def _sandbox_database(given: Mapping[str, str], servers: Mapping[str, str]) -> str:
    """A database of its own beside the product's, whose name it borrows on a server that is not ours."""
    if "DATABASE_OWNER_URL" in servers:
        return renamed(servers["DATABASE_OWNER_URL"], "sandbox")
    owner = given.get("DATABASE_OWNER_URL", "").strip() or given["DATABASE_URL"]
    return renamed(owner, f"{name_of(given['DATABASE_URL'])}_sandbox")


def with_product_keys(environ: Mapping[str, str], product_env: Path) -> dict[str, str]:
    """The environment with the product's half of the sandbox's key ceremony; the owner's own keys come first."""
    return _product_keys(product_env) | dict(environ)


def lacks_product_keys(product_env: Path) -> bool:
    """Whether the key ceremony was never held, or by an earlier version that knew fewer providers."""
    return not {*WECHAT_PAY_KEYS, *STRIPE_KEYS} <= _product_keys(product_env).keys()


def _product_keys(product_env: Path) -> dict[str, str]:
    if not product_env.exists():
        return {}
    pairs = (line.partition("=") for line in product_env.read_text().splitlines() if "=" in line)
    return {name: value for name, _, value in pairs}


def written_file(state: Path) -> Path:
    """Where the environment of the running instance is written down."""
    return state / "run" / "environment.json"


def write_down(environ: Mapping[str, str], given: Mapping[str, str], file: Path) -> None:
    """Keep what was added to the given environment, for the commands of another terminal."""
    added = {name: value for name, value in environ.items() if given.get(name) != value}
    write_private(file, json.dumps(added, indent=1))


def of_instance(given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for a command: as given, completed by the instance that runs with the same state folder."""
    try:
        added: dict[str, str] = json.loads(written_file(checked(given).state).read_text())
    except FileNotFoundError:
        added = {}
    return added | _without_blanks(given)


def lan_address() -> str:
    """The address under which others on the network see us; 127.0.0.1 when there is no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: connecting a datagram socket only chooses the way out, here to a documentation address.
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address


def _without_blanks(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if value.strip()}
