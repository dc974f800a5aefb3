"""Starts the sandbox as its own process and speaks its control interface; for all tests that need a provider.

Knows the sandbox only from outside: the command line, HTTP and the files of the key ceremony.
"""

import ctypes
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from portal.cli.ports import free_ports

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class SandboxError(AssertionError):
    """The sandbox did not start, or refused a control request; holds what it said."""


class Sandbox:
    """One running pretend world. Use as a context manager, or call start and stop."""

    def __init__(
        self, process: subprocess.Popen[bytes] | None, port: int, smtp_port: int, keys_dir: Path, token: str
    ) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self.smtp_port = smtp_port
        self.keys_dir = keys_dir
        self.token = token
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["X-Sandbox-Token"] = token

    @classmethod
    def start(
        cls,
        database_url: str,
        keys_dir: Path,
        *,
        port: int | None = None,
        smtp_port: int | None = None,
        token: str | None = None,
        log_file: Path | None = None,
        environ: dict[str, str] | None = None,
        seconds: float = 30,
    ) -> Self:
        """Hold the key ceremony if need be, start the process and wait until it serves."""
        ceremony(keys_dir)
        free = free_ports(2)
        port, smtp_port = port or free[0], smtp_port or free[1]
        token = token or secrets.token_hex(16)
        settings = {
            "PORTAL_SANDBOX_PORT": str(port),
            "PORTAL_SANDBOX_SMTP_PORT": str(smtp_port),
            "PORTAL_SANDBOX_DATABASE_URL": database_url,
            "PORTAL_SANDBOX_TOKEN": token,
            "PORTAL_SANDBOX_KEYS": str(keys_dir),
        }
        target = log_file.open("ab") if log_file else subprocess.DEVNULL
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.sandbox"],
            env={**clean_environ(), **settings, **(environ or {})},
            stdout=target,
            stderr=target,
            preexec_fn=_die_with_parent,
        )
        if log_file:
            target.close()  # type: ignore[union-attr]
        sandbox = cls(process, port, smtp_port, keys_dir, token)
        sandbox._wait_until_ready(seconds)
        return sandbox

    @classmethod
    def beside(cls, port: int, smtp_port: int, keys_dir: Path, token: str) -> Self:
        """The handle of a sandbox that somebody else started and will end, such as ``portal run``."""
        return cls(None, port, smtp_port, keys_dir, token)

    def _wait_until_ready(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process is not None and self.process.poll() is None:
            try:
                if self._session.get(f"{self.url}/healthz", timeout=1).ok:
                    return
            except requests.RequestException:
                time.sleep(0.05)
        code = self.process.poll() if self.process else None
        self.stop()
        raise SandboxError(f"the sandbox did not become ready (exit code {code})")

    def stop(self) -> None:
        """End the process and wait for it."""
        self._session.close()
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def product_env(self) -> dict[str, str]:
        """The settings that point the product at this sandbox: keys, addresses, SMTP."""
        lines = (self.keys_dir / "product.env").read_text().splitlines()
        return {
            **dict(line.split("=", 1) for line in lines if line),
            "WECHAT_PAY_BASE_URL": self.url,
            "STRIPE_BASE_URL": self.url,
            "ECB_URL": f"{self.url}/stats/eurofxref/eurofxref-daily.xml",
            "SMTP_URL": f"smtp://127.0.0.1:{self.smtp_port}",
            "PORTAL_SANDBOX": "1",
            "PORTAL_SANDBOX_TOKEN": self.token,
        }

    def pay(self, order: str, **wish: Any) -> dict[str, Any]:
        """Pay an order by its number; wishes: delay, copies, gap, lose, late, again, amount, currency, mchid, appid,
        openid, paid_at. Gives transaction_id, event_id, amount, currency and paid_at."""
        return self.control("pay", order=order, **wish)

    def decline(self, order: str) -> dict[str, Any]:
        """The payer's bank says no."""
        return self.control("decline", order=order)

    def cancel(self, order: str) -> dict[str, Any]:
        """The payer turns away."""
        return self.control("cancel", order=order)

    def advance(self, seconds: float, *, settle: bool = True) -> dict[str, Any]:
        """Move business time forward; with settle, wait until all notices that fell due were delivered."""
        return self.control("clock", advance=seconds, settle=settle)

    def settle(self) -> None:
        """Wait until no notice is due or under way."""
        self.advance(0)

    def fault(
        self, mode: str, endpoint: str = "native", *, provider: str = "wechat_pay", **wish: Any
    ) -> dict[str, Any]:
        """Lay a fault: mode, endpoint, and count, seconds, after, hold; mode `none` clears all."""
        return self.control("fault", provider=provider, endpoint=endpoint, mode=mode, **wish)

    def notify(self, order: str, variant: str = "ok", **wish: Any) -> list[int | None]:
        """Send a crafted notice now (copies, gap, fresh_ids, header); gives the statuses got, None for no answer."""
        answer = self.control("notify", order=order, variant=variant, **wish)
        return [delivery["status"] for delivery in answer["deliveries"]]

    def rotate(self) -> dict[str, Any]:
        """Bring a new platform key into force; gives public_key_id and public_key (PEM)."""
        return self.control("rotate")

    def switch(self, **wish: Any) -> dict[str, Any]:
        """Set code_url (wallet or weixin), close_after_seconds, stripe_webhook_url or stripe_copies."""
        return self.control("switch", **wish)

    def bank(self, payment_method: str, says: str) -> dict[str, Any]:
        """Let a stored card's bank say `ok`, a decline code or authentication_required to off-session charges;
        `card` leaves it to the card again."""
        return self.control("bank", payment_method=payment_method, says=says)

    def checkout(self, url: str, number: str, button: str = "complete") -> str:
        """Type a card into the hosted page and answer its bank's question, if it asks one; gives the last page."""
        with requests.Session() as browser:
            browser.trust_env = False
            typed = {"number": number, "expiry": "12 / 40", "cvc": "123", "button": "use"}
            page = browser.post(url, data=typed, timeout=30)
            if 'value="complete"' in page.text:
                page = browser.post(url, data={"button": button}, timeout=30)
            return page.text

    def clock(self) -> dict[str, Any]:
        """Business time, wall time and the offset in seconds."""
        return self.read("clock")

    def book(self) -> dict[str, Any]:
        """The provider's own book."""
        return self.read("book")

    def log(self, order: str | None = None) -> dict[str, Any]:
        """Requests with verdicts and deliveries with statuses, all or one order's."""
        return self.read("log", order=order)

    def acknowledged(self) -> list[str]:
        """The ids of all notices that were answered with success."""
        events: list[str] = self.read("acknowledged")["events"]
        return events

    def outbox(self, to: str | None = None) -> list[dict[str, Any]]:
        """The mails received, newest first: id, to, subject, text, html, links."""
        mails: list[dict[str, Any]] = self.read("outbox", to=to)["mails"]
        return mails

    def reset(self) -> None:
        """Forget everything but the keys."""
        self.control("reset")

    def control(self, verb: str, **fields: Any) -> dict[str, Any]:
        """POST to the control interface; SandboxError with its words when it refuses."""
        return _told(self._session.post(f"{self.url}/_ctl/{verb}", json=fields, timeout=90))

    def read(self, what: str, **query: str | None) -> dict[str, Any]:
        """GET from the control interface."""
        return _told(self._session.get(f"{self.url}/_ctl/{what}", params=query, timeout=30))


def ceremony(keys_dir: Path) -> None:
    """Hold the key ceremony in a folder; nothing happens where it was held before."""
    command = [sys.executable, "-m", "portal.sandbox.ceremony", str(keys_dir)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=clean_environ())


def clean_environ() -> dict[str, str]:
    """This process's environment without any setting of the product, which would leak into the sandbox."""
    ours = ("PORTAL_", "WECHAT_PAY_", "STRIPE_", "DATABASE_", "REDIS_", "SECRET_KEY", "SMTP_", "ECB_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _told(response: requests.Response) -> dict[str, Any]:
    if not response.ok:
        raise SandboxError(f"{response.status_code}: {response.text[:500]}")
    told: dict[str, Any] = response.json()
    return told


def _die_with_parent() -> None:
    if _libc:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
