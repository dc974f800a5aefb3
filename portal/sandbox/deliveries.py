"""The courier: delivers notices due by business time, retries them on their provider's schedule, remembers all.

Every delivery is signed anew with wall time. It runs on background threads of the one sandbox process.
"""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from threading import Event, Lock, Thread
from typing import Any

import requests
from sqlalchemy import Engine, Row, insert, select, update
from stripe import WebhookSignature

from portal.sandbox.clock import Clock, wall
from portal.sandbox.database import clean, deliveries, notices
from portal.sandbox.keyring import Keyring
from portal.sandbox.switches import Switches
from portal.sandbox.wechat.signing import signature_headers

# Seconds between deliveries: WeChat Pay's 15 retries over 24 h 4 min (providers.md §1.10); Stripe's double up to three
# days (§3.7), and its documents name no steps.
RETRIES = {
    "wechat_pay": (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600),
    "stripe": tuple(60 * 2**step for step in range(12)),
}
REPLY_SECONDS = 5
LOOK_SECONDS = 0.2
PAUSE_SECONDS = 2
log = logging.getLogger("sandbox.courier")


@dataclass(frozen=True)
class Envelope:
    """One delivery ready to be sent: address, exact bytes, headers, and what the book calls it."""

    event_id: str
    order_no: str
    url: str
    body: bytes
    headers: dict[str, str]
    variant: str = "ok"
    attempt: int = 0


class Courier:
    """Sends notices and writes down the status that came back."""

    def __init__(self, engine: Engine, clock: Clock, switches: Switches, keyring: Keyring) -> None:
        self._engine, self._clock, self._switches, self._keyring = engine, clock, switches, keyring
        self._wake, self._stop = Event(), Event()
        self._lock = Lock()
        self._carrying: set[int] = set()
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="courier")
        self._thread = Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Begin looking for due notices."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; what is under way is left to its 5 seconds."""
        self._stop.set()
        self._wake.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def wake(self) -> None:
        """Look at once: a notice was staged or the clock moved."""
        self._wake.set()

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is due or under way; False when `seconds` of wall time were not enough."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.wake()
            with self._lock:
                if not self._carrying and not self._due():
                    return True
            time.sleep(0.02)
        return False

    def platform_signature(self, body: bytes, shift: int = 0) -> dict[str, str]:
        """Signature headers with the platform key in force."""
        key_id = self._switches.get("platform_key_id") or self._keyring.first_key_id
        return signature_headers(key_id, self._keyring.platform_keys[key_id], body, shift)

    def signature(self, provider: str, body: bytes) -> dict[str, str]:
        """Signature headers as this provider makes them, now."""
        if provider == "stripe":
            secret = self._keyring.stripe_webhook_secret
            made = WebhookSignature.generate_signature_header(body.decode(), secret, int(wall().timestamp()))
            return {"Stripe-Signature": made}
        return self.platform_signature(body)

    def send(self, envelope: Envelope) -> dict[str, Any]:
        """Deliver once, wait at most 5 s for the reply, and write it down; gives the row as told by the log."""
        began, business_at = wall(), self._clock.now()
        status, answer = _post(envelope)
        row = {
            "event_id": envelope.event_id,
            "order_no": envelope.order_no,
            "variant": envelope.variant,
            "url": envelope.url,
            "attempt": envelope.attempt,
            "sent_at": began,
            "business_at": business_at,
            "status": status,
            "answer": answer,
            "took_ms": int((wall() - began).total_seconds() * 1000),
        }
        with self._engine.begin() as connection:
            connection.execute(insert(deliveries).values(row))
        log.info("delivery", extra={"facts": {k: row[k] for k in ("event_id", "variant", "attempt", "status")}})
        return row

    def send_copies(self, envelopes: list[Envelope], gap: float) -> list[dict[str, Any]]:
        """Deliver copies concurrently, each `gap` wall seconds after the one before it."""
        rows: list[dict[str, Any]] = [{} for _ in envelopes]

        def carry(place: int) -> None:
            time.sleep(place * gap)
            rows[place] = self.send(envelopes[place])

        threads = [Thread(target=carry, args=(place,), daemon=True) for place in range(len(envelopes))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return rows

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()
            try:
                with self._lock:
                    found = self._due()
                    self._carrying.update(notice.id for notice in found)
                for notice in found:
                    self._pool.submit(self._carry, notice)
            except Exception:
                # A database away for a moment must not end deliveries for good.
                log.exception("looking for due notices failed")
                self._stop.wait(PAUSE_SECONDS)

    def _due(self) -> list[Row[Any]]:
        wanted = (
            select(notices)
            .where(notices.c.state == "waiting", notices.c.due_at <= self._clock.now())
            .where(notices.c.id.not_in(self._carrying))
            .order_by(notices.c.due_at)
            .limit(100)
        )
        with self._engine.connect() as connection:
            return list(connection.execute(wanted))

    def _carry(self, notice: Row[Any]) -> None:
        try:
            body = notice.body.encode()
            copies = notice.copies if notice.tries == 0 else 1
            envelopes = [
                Envelope(
                    notice.event_id,
                    notice.order_no,
                    notice.url,
                    body,
                    self.signature(notice.provider, body),
                    attempt=notice.tries + 1,
                )
                for _ in range(copies)
            ]
            rows = self.send_copies(envelopes, notice.gap)
            self._record(notice, any(row.get("status") in (200, 204) for row in rows))
        except Exception:
            log.exception("a delivery failed")
        finally:
            with self._lock:
                self._carrying.discard(notice.id)
            self.wake()

    def _record(self, notice: Row[Any], delivered: bool) -> None:
        values: dict[str, Any] = {"tries": notice.tries + 1}
        if delivered:
            values["state"] = "delivered"
        elif notice.tries < len(RETRIES[notice.provider]):
            # From when it was due, not from now: a clock that jumped a day still makes every retry, in order.
            values["due_at"] = notice.due_at + timedelta(seconds=RETRIES[notice.provider][notice.tries])
        else:
            values["state"] = "given_up"
        with self._engine.begin() as connection:
            connection.execute(update(notices).where(notices.c.id == notice.id).values(values))


def _post(envelope: Envelope) -> tuple[int | None, str]:
    with requests.Session() as session:
        session.trust_env = False
        try:
            reply = session.post(
                envelope.url,
                data=envelope.body,
                headers={"Content-Type": "application/json", "User-Agent": "Mozilla/4.0", **envelope.headers},
                timeout=REPLY_SECONDS,
                allow_redirects=False,
            )
            return reply.status_code, clean(reply.text[:500])
        except (requests.RequestException, ValueError) as problem:
            return None, type(problem).__name__
