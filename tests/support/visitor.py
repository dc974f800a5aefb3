"""A browser without JavaScript, on the wire: keeps its cookies and sends the token of the last page's forms.

What it was promised is kept in a journal, so that somebody can look later whether it is still there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from portal.insights.invariants import Violation
from tests.support.shop import PASSWORD

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_ENDINGS = ("remove", "delete", "withdraw", "leave", "cancel")
"""The last words of the addresses that end something: what was below their thing may be gone afterwards."""
_FOR_STRANGERS = ("/login", "/register")


@dataclass(frozen=True)
class Promise:
    """A write that was acknowledged: ``visitor`` posted to ``path`` and was sent to ``location``."""

    visitor: "Visitor"
    path: str
    location: str

    def may_end(self, other: "Promise") -> bool:
        """Whether this write may have ended what stood where ``other`` led.

        A seat taken away ends all of its business, and who logs out ends what only they could see.
        """
        thing, _, verb = urlsplit(self.path).path.rpartition("/")
        if verb == "logout":
            return self.visitor is other.visitor
        ended = thing.split("/team/")[0]
        return verb in _ENDINGS and (urlsplit(other.location).path + "/").startswith(ended + "/")

    def loss(self) -> str | None:
        """What is answered there now if not the page; one that only leads away, as to the log-in, is lost.

        A page for strangers leads on whoever has logged in since: it is there as long as it leads to what is theirs.
        """
        answer = self.visitor.get(self.location)
        leads_to = answer.headers.get("Location", "")
        is_led_on = urlsplit(self.location).path in _FOR_STRANGERS and urlsplit(leads_to).path not in _FOR_STRANGERS
        if answer.status_code == 200 or (answer.is_redirect and is_led_on):
            return None
        return f"{self.location} answers {answer.status_code} {leads_to}"


class Journal:
    """The promises of a run, in their order, by all its visitors."""

    def __init__(self) -> None:
        self.promises: list[Promise] = []

    def lost(self) -> Iterator[Violation]:
        """Open every promised place as whom it was promised to; give those that are gone for no reason of ours."""
        for place, promise in enumerate(self.promises):
            later = self.promises[place + 1 :]
            loss = promise.loss()
            if loss is not None and not any(other.may_end(promise) for other in later):
                yield Violation("write_is_findable", promise.path, loss)


class Visitor:
    """Somebody at the product's pages; redirects are shown, not followed."""

    def __init__(self, base_url: str, journal: Journal | None = None, address: str | None = None) -> None:
        """Come from an address of one's own where the product believes the proxy that says so."""
        self._base_url = base_url
        self._journal = journal or Journal()
        self._session = requests.Session()
        self._session.trust_env = False
        if address is not None:
            self._session.headers["X-Forwarded-For"] = address
        self._token = ""

    @property
    def cookie(self) -> str:
        """What this visitor sends as its cookie, for tools that come in its name."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._session.cookies)

    def get(self, path: str) -> requests.Response:
        """Open a page and keep the token of its forms."""
        answer = self._session.get(self._base_url + path, allow_redirects=False, timeout=15)
        found = _TOKEN.search(answer.text)
        self._token = found.group(1) if found else self._token
        return answer

    def post(self, path: str, **fields: str) -> requests.Response:
        """Send a form of the page opened last."""
        return self.send(path, {"csrf_token": self._token, **fields})

    def send(self, path: str, body: dict[str, str] | str, headers: dict[str, str] | None = None) -> requests.Response:
        """Post exactly this, as a page of another site might."""
        answer = self._session.post(
            self._base_url + path, data=body, headers=headers, allow_redirects=False, timeout=15
        )
        if answer.status_code == 303:
            location = answer.headers["Location"].removeprefix(self._base_url)
            self._journal.promises.append(Promise(self, path, location))
        return answer

    def log_in(self, email: str, password: str = PASSWORD) -> requests.Response:
        """Log in through the form and come back with the pages' new token."""
        self.get("/login")
        answer = self.post("/login", email=email, password=password)
        self.get("/dashboard")
        return answer

    def quote_again(self, session: str, tier: str = "pro") -> str:
        """Have the start of the session's business quoted anew; give the path of the quote."""
        business = self.get(f"/pay/{session}").text.split('href="/businesses/')[1].split("/")[0]
        path = self.post(f"/businesses/{business}/plan/quote", tier=tier).headers["Location"]
        self.get(path)
        return path
