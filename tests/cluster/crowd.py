"""People at the balancer: some look around, others open a stall and pay for it. They try again as people do."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count

import requests
from requests.adapters import HTTPAdapter

from tests.support import shop
from tests.support.portal import Portal
from tests.support.processes import eventually
from tests.support.visitor import Visitor

_PATIENCE = 90
_A_LOOK = 0.3
"""Seconds that somebody looks at what they opened."""
_addresses = count(2)


class _From(HTTPAdapter):
    """Connections from one address of this machine, so that each person is somebody else to the rate limits."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *given: object, **named: object) -> None:
        super().init_poolmanager(*given, **named, source_address=(self._address, 0))  # type: ignore[arg-type]


class Person(Visitor):
    """A visitor with an address of their own, who notes every answer and tries again what was not answered."""

    def __init__(self, portal: Portal, answers: Counter[str]) -> None:
        super().__init__(portal.settings.base_url, portal.journal)
        self._session.mount("http://", _From(f"127.0.1.{next(_addresses)}"))
        self._answers = answers

    def sure(self, ask: Callable[[], requests.Response]) -> requests.Response:
        """Ask until there is an answer that is neither a chosen 503 nor a cut connection."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                answer = ask()
            except requests.ConnectionError:
                self._answers["cut"] += 1
            else:
                self._answers[str(answer.status_code)] += 1
                if answer.status_code != 503:
                    return answer
            assert time.monotonic() < deadline, "nobody answers any more"

    def look_around(self) -> None:
        """Open public pages, and post a form that changes only a cookie."""
        for path in ("/", "/directory", "/login"):
            assert self.sure(lambda path=path: self.get(path)).status_code == 200  # type: ignore[misc]
        assert self.sure(lambda: self.post("/language", locale="en", next="/")).status_code == 303

    def open_stall(self, portal: Portal, email: str, business: str) -> None:
        """Log in, have a start quoted, confirm, pay at the wallet, and wait until the page says so."""
        self.sure(lambda: self.get("/login"))
        self.sure(lambda: self.post("/login", email=email, password=shop.PASSWORD))
        self.sure(lambda: self.get(f"/businesses/{business}/plan"))
        quote = self.sure(lambda: self.post(f"/businesses/{business}/plan/quote", tier="pro")).headers["Location"]
        self.sure(lambda: self.get(quote))
        pay = self.sure(lambda: self.post(f"{quote}/confirm")).headers["Location"]
        session = pay.rsplit("/", 1)[1]
        self._await(session, "open")
        portal.sandbox.pay(portal.order(session))
        self._await(session, "paid")

    def _await(self, session: str, state: str) -> None:
        """Look at the payment's page, as it does by itself, until it has come to this state."""
        shows = f'class="pay-body pay-{state}"'
        deadline = time.monotonic() + _PATIENCE
        while shows not in self.sure(lambda: self.get(f"/pay/{session}/status")).text:
            assert time.monotonic() < deadline, f"{session} did not become {state}"
            time.sleep(_A_LOOK)  # the page asks for itself every 2 seconds


class Crowd:
    """Shops whose owners pay, and people who look around until all have paid."""

    def __init__(self, portal: Portal, shops: int, name: str) -> None:
        self._portal = portal
        self._emails = [f"{name}{number}@shop.example" for number in range(shops)]
        self._businesses = portal.do(lambda: [_make_shop(email) for email in self._emails])
        self.answers: Counter[str] = Counter()
        self.paid: list[str] = []
        self.troubles: list[BaseException] = []
        self._is_over = threading.Event()

    def _open_stalls(self, mine: Sequence[int]) -> None:
        for number in mine:
            person = Person(self._portal, self.answers)
            person.open_stall(self._portal, self._emails[number], self._businesses[number])
            self.paid.append(self._emails[number])

    def _look_around(self) -> None:
        person = Person(self._portal, self.answers)
        while not self._is_over.wait(_A_LOOK):
            person.look_around()

    @contextmanager
    def about(self, payers: int = 3, others: int = 2) -> Iterator["Crowd"]:
        """Let everybody come; at the end all shops have paid and nobody met with anything unexpected."""
        numbers = range(len(self._emails))
        paying = [self._thread(self._open_stalls, numbers[start::payers]) for start in range(payers)]
        looking = [self._thread(self._look_around) for _ in range(others)]
        try:
            yield self
            for thread in paying:
                thread.join(_PATIENCE)
        finally:
            self._is_over.set()
            for thread in (*looking, *paying):
                thread.join(_PATIENCE)
        assert self.troubles == []
        assert sorted(self.paid) == sorted(self._emails)

    def have_paid(self, number: int) -> bool:
        """Whether, soon, so many have paid."""
        return eventually(lambda: len(self.paid) >= number or bool(self.troubles), 2 * _PATIENCE)

    def _thread(self, work: Callable[..., None], *given: object) -> threading.Thread:
        def guarded() -> None:
            try:
                work(*given)
            except BaseException as trouble:
                self.troubles.append(trouble)

        thread = threading.Thread(target=guarded, daemon=True)
        thread.start()
        return thread


def _make_shop(email: str) -> str:
    return shop.make_business(shop.make_owner(email), f"Shop of {email}").public_id
