"""A flow as it is lived: somebody at the pages, the workers, a payer, the clock. What was done is remembered outside.

Each step goes into a memory that outlives the process, with what came of it. Played again after a crash, the steps that
were answered are only remembered; the first one that was not is done again, as a person presses once more.
"""

import json
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from portal.billing.renewals import RENEW
from portal.kit import clock, edge, jobs
from portal.kit.config import Settings
from portal.kit.db import db
from tests.support.forms import form_to
from tests.support.leases import end_leases
from tests.support.sandbox import Sandbox
from tests.sweep.points import Points
from worker import relay
from worker.drain import drain

ANN = "ann@shop.example"
_COOKIE = "stallholder"
_SECRET = re.compile(r"(?<=/)(?:[a-z]{2,6}_\w{22}|[\w-]{43})")
_BUSINESS = text("SELECT public_id FROM businesses ORDER BY id DESC LIMIT 1")
_SESSION = text("SELECT public_id FROM payment_sessions ORDER BY created_at DESC LIMIT 1")
_ORDER = text("SELECT order_number FROM payment_attempts ORDER BY created_at DESC LIMIT 1")
_NOTICES = "/api/v1/webhooks/wechat_pay"


class Memory:
    """What was done so far, one line each, in a file that no crash of the product touches."""

    def __init__(self, file: Path) -> None:
        self._file = file
        lines = file.read_text().splitlines() if file.exists() else []
        self._past = [json.loads(line) for line in lines]

    def recall(self, name: str) -> dict[str, Any] | None:
        """The next step of the past, which must be this one; None where the past has ended."""
        if not self._past:
            return None
        found: dict[str, Any] = self._past.pop(0)
        assert found["step"] == name, f"played differently: {name} instead of {found['step']}"
        return found

    def keep(self, name: str, value: Any) -> None:
        """Remember that a step was done, and what came of it."""
        with self._file.open("a") as file:
            file.write(json.dumps({"step": name, "value": value}) + "\n")


class Play:
    """The stage of one flow: what it is made of is called in its order, by one process after the other."""

    def __init__(self, app: Flask, settings: Settings, sandbox: Sandbox, points: Points, folder: Path) -> None:
        self.sandbox = sandbox
        self.points = points
        self.base_url = settings.base_url
        self.cookie = ""
        self._people: list[Person] = []
        self._folder = folder
        self._memory = Memory(folder / "memory")
        self._app = app
        self._was_killed = False

    def person(self) -> "Person":
        """Somebody with a browser of their own, at an address of their own, so that nobody meets another's limits."""
        client = self._app.test_client()
        client.environ_base["REMOTE_ADDR"] = ".".join(["127", *(str(secrets.randbelow(254) + 1) for _ in range(3))])
        person = Person(self, client)
        self._people.append(person)
        return person

    def owner(self) -> "Person":
        """Ann, who logged in before the flow began."""
        ann = self.person()
        ann.remember(self.cookie)
        return ann

    def lost(self) -> list[str]:
        """The places to which people were led once something of theirs was taken, and which are not there."""
        return [path for person in self._people for path in person.promised if not person.finds(path)]

    def step(self, name: str, act: Callable[[], Any]) -> Any:
        """Do a step, or remember what came of it."""
        past = self._memory.recall(name)
        if past is not None:
            return past["value"]
        self.points.step = name
        value = act()
        self._memory.keep(name, value)
        return value

    def work(self) -> None:
        """The workers do all that is due."""
        self.step("the workers work", self.drain)

    def drain(self) -> None:
        """Run due jobs of all queues until there are none; after a crash the scheduler comes first."""
        if self._was_killed:
            edge.write(end_leases)
            relay.tick()
        while any(drain(queue) for queue in jobs.Queue):
            pass

    def schedule(self) -> None:
        """The scheduler has somebody look for periods that are due, as it does every minute."""

        def stage() -> None:
            jobs.stage(RENEW, queue=jobs.Queue.BULK, due_at=edge.now(), key=f"{jobs.RECURRING}{RENEW}")

        self.step("the scheduler comes by", lambda: edge.write(stage))

    def come_back(self) -> None:
        """Know that a process was killed before: leases of the dead must end before their jobs are done again."""
        self._was_killed = True

    def world(self, name: str, act: Callable[[], Any]) -> Any:
        """Something happens around the product: nothing of it is ours, so nothing of it can be cut off."""

        def outside() -> Any:
            with self.points.quiet():
                return act()

        return self.step(name, outside)

    def shop(self) -> str:
        """The address below which the newest business has its pages."""
        return f"/businesses/{self.world('somebody looks for the shop', lambda: self._ask(_BUSINESS))}"

    def payment(self) -> str:
        """The address of the newest payment's page."""
        return f"/pay/{self.world('somebody follows the payment link', lambda: self._ask(_SESSION))}"

    def time_passes(self, step: timedelta) -> None:
        """Business time moves on, here and at the provider."""

        def move() -> None:
            edge.write(lambda: clock.advance(step))
            self.sandbox.advance(step.total_seconds())

        self.world(f"{step} pass", move)

    def payer_pays(self, *, lose: bool = False) -> None:
        """Somebody pays the newest order; the notice waits in its file until it is delivered, unless it gets lost."""

        def pay() -> None:
            self.sandbox.pay(self._ask(_ORDER), lose=lose)
            self.sandbox.settle()

        self.world("somebody pays", pay)

    def notice_comes(self) -> None:
        """The provider delivers its notice, and again as long as it is not taken."""
        notice = json.loads((self._folder / "notice").read_text())

        def deliver() -> int:
            answer = self._app.test_client().post(_NOTICES, data=notice["body"].encode(), headers=notice["headers"])
            assert answer.status_code in (200, 204), answer.status_code
            return answer.status_code

        self.step("the provider notifies", deliver)

    def _ask(self, question: Any) -> str:
        return edge.write(lambda: str(db.execute(question).scalar_one()))


class Person:
    """Somebody at the pages: reads them, fills in their forms, follows where they lead."""

    def __init__(self, play: Play, client: FlaskClient) -> None:
        self._play = play
        self._client = client
        self._path = ""
        self.page = ""
        self.promised: list[str] = []

    def remember(self, cookie: str) -> None:
        """Let the browser hold this cookie."""
        if cookie:
            self._client.set_cookie(_COOKIE, cookie)

    @property
    def cookie(self) -> str:
        """What the browser holds."""
        found = self._client.get_cookie(_COOKIE)
        return found.value if found else ""

    def open(self, path: str) -> None:
        """Look at a page, or at the one that it leads on to."""
        answer = self._send("opens", "GET", path, {})
        if answer["location"]:
            self.open(answer["location"])
        else:
            self._path, self.page = path, answer["text"]

    def look_again(self) -> None:
        """Load the page anew."""
        self.open(self._path)

    def press(self, ending: str, **typed: str | bytes) -> None:
        """Fill in the form whose action ends like this (bytes are a file), send it, and go where it leads."""
        form = form_to(self.page, ending)
        answer = self._send("sends", "POST", form.action or self._path, form.fields | typed)
        assert answer["status"] == 303, f"{answer['status']} to {form.action}: {answer['text'][-3000:]}"
        self.promised.append(answer["location"])
        self.open(answer["location"])

    def finds(self, path: str) -> bool:
        """Whether the page is there, now and not in memory."""
        return self._client.get(path, base_url=self._play.base_url).status_code < 400

    def _send(self, verb: str, method: str, path: str, fields: Mapping[str, str | bytes]) -> dict[str, Any]:
        def send() -> dict[str, Any]:
            body = {name: (BytesIO(value), "file") if isinstance(value, bytes) else value
                    for name, value in fields.items()}  # fmt: skip
            answer = self._client.open(path, method=method, data=body, base_url=self._play.base_url)
            assert answer.status_code < 500, answer.text
            return {
                "status": answer.status_code,
                "location": answer.location,
                "text": answer.text,
                "cookie": self.cookie,
            }

        found: dict[str, Any] = self._play.step(f"{verb} {_SECRET.sub('…', path)}", send)
        self.remember(found["cookie"])
        return found
