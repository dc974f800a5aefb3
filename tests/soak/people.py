"""People at the pages: each registers, opens a shop, picks a tier, pays by phone and reads the receipt, then the next.

Whoever gets no answer, or is asked to come again, sends the same form again, as people do.
"""

import random
import re
import threading
import time
from collections.abc import Callable
from itertools import count
from typing import TypeVar
from urllib.parse import urlsplit

import requests

from tests.soak.answers import Answers
from tests.support.forms import PageForm, forms_of
from tests.support.sandbox import Sandbox, SandboxError
from tests.support.shop import PASSWORD
from tests.support.visitor import Journal, Visitor

T = TypeVar("T")
SHOP = {"name": "Soaked Books", "category": "cafe", "description": "Wet, and sound."}
PLACE = {"name": "Main", "address_line1": "1 Quay Street", "city": "London", "postcode": "N1 1AA"}
PATIENCE = 100.0
"""Seconds for which somebody asks for the same again before giving up: longer than any fault lasts."""
_PAUSE = 1.0
_READING = 0.3
"""Seconds between a page and what is pressed on it."""
_COME_AGAIN = (429, 503)
_ORDER = re.compile(r"Order (SH\w+)")
_STANDS = re.compile(r'class="pay-body pay-(\w+)"')


def stands(page: str) -> str:
    """The state that a payment's page shows, by its mark: its words speak of paying long before anything is paid."""
    found = _STANDS.search(page)
    return found[1] if found else "no payment"


class Leaving(Exception):
    """The soak is over, or this person gave up."""


class Street:
    """Everybody who is about at the same time; ``paid`` are the orders that the provider took money for."""

    def __init__(self, base_url: str, sandbox: Sandbox, answers: Answers, seed: int) -> None:
        self.journal = Journal()
        self.paid: list[str] = []
        self.closed, self.stop = threading.Event(), threading.Event()
        self.given_up: list[str] = []
        self._base_url, self._sandbox, self._answers = base_url, sandbox, answers
        self._numbers = count(1)
        self._chance = random.Random(seed)

    def live(self) -> None:
        """Be one person after the other, until the street is closed to newcomers."""
        while not self.closed.is_set():
            person = self._next_person()
            try:
                person.live()
            except Leaving as reason:
                if not self.stop.is_set():
                    self.given_up.append(f"{person.email}: {reason}")

    def _next_person(self) -> "Person":
        number = next(self._numbers)
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        visitor = Visitor(self._base_url, self.journal, address)
        return Person(
            self, visitor, f"person{number}@soak.example", self._chance.random(), self._sandbox, self._answers
        )


class Person:
    """One person, with one chance in life."""

    def __init__(
        self, street: Street, visitor: Visitor, email: str, chance: float, sandbox: Sandbox, answers: Answers
    ) -> None:
        self.email = email
        self._street, self._visitor, self._chance = street, visitor, chance
        self._sandbox, self._answers = sandbox, answers
        self._told = ""

    def live(self) -> None:
        """From the first page to the receipt."""
        self._register()
        self._send("/login", "/login", email=self.email, password=PASSWORD)
        place = self._send("/businesses/new", "/businesses/new", **SHOP)
        business = place.split("/")[2]
        self._send(place, place, **PLACE)
        quote = self._send(f"/businesses/{business}/plan", "/plan/quote", tier=self._tier())
        session = self._send(quote, "/confirm").split("/pay/")[1]
        self._pay(session)
        for path in ("/dashboard", "/history", "/", "/directory"):
            self._open(path)

    def _tier(self) -> str:
        return ("starter", "pro", "enterprise")[int(self._chance * 100) % 3]

    def _register(self) -> None:
        self._send("/register", "/register", name="Pat", email=self.email, password=PASSWORD)
        link = self._until("a mail", self._link)
        self._send(link, link)

    def _link(self) -> str | None:
        try:
            mails = self._sandbox.outbox(self.email)
        except (SandboxError, requests.RequestException):
            return None
        found = [link for mail in mails for link in mail["links"] if "/verify/" in link]
        return "/verify/" + found[0].split("/verify/")[1] if found else None

    def _pay(self, session: str) -> None:
        """Nine in ten pay at once, some of them untold; the others cancel, and every second of these pays even so."""
        path = f"/pay/{session}"
        self._see(path, "open")
        order = _ORDER.search(self._open(path))
        assert order is not None, f"{path} names no order"
        if self._chance >= 0.9:
            self._send(path, "/cancel")
        if self._chance < 0.95:
            self._until("the wallet", lambda: self._hand_over(order[1], late=self._chance >= 0.9))
            self._street.paid.append(order[1])
            self._see(path, "paid")
            self._answers.paid.add(session)

    def _see(self, path: str, state: str) -> None:
        """Look at a payment's page until it shows this state; until the end it says which it shows instead."""

        def look() -> bool | None:
            self._told = stands(self._open(f"{path}/status"))
            return self._told == state or None

        self._until(f"{path} to be {state}", look)

    def _hand_over(self, order: str, *, late: bool) -> bool | None:
        """Pay at the provider; it may have been paid though its answer was lost."""
        try:
            self._sandbox.pay(order, late=late, lose=self._chance < 0.15)
        except SandboxError as refused:
            self._told = str(refused)
            return True if "paid" in str(refused) else None
        except requests.RequestException:
            return None
        return True

    def _open(self, path: str) -> str:
        """Open a page, again and again until it is there."""

        def ask() -> str | None:
            answer = self._ask("pages", lambda: self._visitor.get(path))
            if answer is None or answer.status_code in _COME_AGAIN:
                return None
            if answer.status_code != 200:
                raise Leaving(f"{path} answers {answer.status_code}")
            return answer.text

        return self._until(path, ask)

    def _send(self, page: str, action: str, **given: str) -> str:
        """Fill in the form of a page and send it, the same one again until it is taken; gives where it led."""
        form = self._form(page, action)
        self._street.stop.wait(_READING)
        fields = form.fields | {name: value for name, value in given.items() if value}

        def ask() -> str | None:
            answer = self._ask("forms", lambda: self._visitor.send(form.action or page, fields))
            if answer is None or answer.status_code in _COME_AGAIN:
                return None
            if answer.status_code != 303:
                raise Leaving(f"{page} answers {answer.status_code}")
            return urlsplit(answer.headers["Location"]).path

        return self._until(page, ask)

    def _form(self, page: str, action: str) -> PageForm:
        found = [form for form in forms_of(self._open(page)) if (form.action or page).endswith(action)]
        if not found:
            raise Leaving(f"{page} has no form to {action}")
        return found[0]

    def _ask(self, who: str, work: Callable[[], requests.Response]) -> requests.Response | None:
        try:
            answer = work()
        except requests.RequestException:
            self._answers.note(who, None)
            return None
        self._answers.note(who, answer.status_code, answer.text)
        return answer

    def _until(self, what: str, ask: Callable[[], T | None]) -> T:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = ask()
            if found is not None:
                return found
            if self._street.stop.wait(_PAUSE):
                break
        raise Leaving(f"waited for {what}, was told {self._told or 'nothing'}")
