"""A browser without JavaScript, on the wire: keeps its cookies and sends the token of the last page's forms."""

import re

import requests

from tests.support.shop import PASSWORD

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Visitor:
    """Somebody at the product's pages; redirects are shown, not followed."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._session = requests.Session()
        self._session.trust_env = False
        self._token = ""

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
        return self._session.post(self._base_url + path, data=body, headers=headers, allow_redirects=False, timeout=15)

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
