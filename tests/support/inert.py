"""Whether what was typed stayed text: no element, attribute, address, header or result of a template came of it."""

import re
from html.parser import HTMLParser

from werkzeug.test import TestResponse

PAYLOADS = [
    "<fuzz onfuzz=1>x</fuzz>",
    '"><fuzz onfuzz=1>',
    "' onfuzz='1",
    "</textarea></script><fuzz>",
    '<img src=x onfuzz="x">',
    "<div hx-get=/fuzz hx-trigger=load>",
    "javascript:fuzz()//",
    "{{ 7919 * 7907 }}",
    "{% for _ in (1,) %}{{ 7919 * 7907 }}{% endfor %}",
    "${7919*7907}#{7919*7907}",
    "x\r\nX-Fuzz: 1\r\n\r\n<fuzz>",
    "x\nSet-Cookie: fuzz=1",
    "'; DROP TABLE users; --",
    "' OR '1'='1",
    "1) UNION SELECT password_hash FROM users--",
    "%s%s%n{0}{fuzz}%(fuzz)s",
    "../../../etc/passwd",
    "//fuzz.example/",
    "/\\fuzz.example",
    '=HYPERLINK("http://fuzz.example")',
]
"""What must do nothing wherever it stands; each would leave a trace that ``traces`` finds."""
_PRODUCT = str(7919 * 7907)
_ADDRESSES = ("href", "src", "action", "formaction", "hx-get", "hx-post")
_SCHEME = re.compile(r"\s*(javascript|data|vbscript):", re.IGNORECASE)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "fuzz" or "onfuzz" in given or given.get("hx-get") == "/fuzz":
            self.found.append(f"<{tag} {given}>")
        for name in _ADDRESSES:
            value = given.get(name, "")
            is_data = tag == "img" and value.startswith("data:image/")
            if (_SCHEME.match(value) and not is_data) or value.lstrip().startswith(("//", "/\\")):
                self.found.append(f"{name}={value}")


def traces(answer: TestResponse) -> list[str]:
    """Everything in an answer that a payload has become."""
    found = [f"header {name}" for name, value in answer.headers if "fuzz" in name.lower() or value.startswith("fuzz=")]
    location = answer.location or "/"
    found += [f"leads to {location}"] if not location.startswith("/") or location[1:2] in ("/", "\\") else []
    if answer.mimetype == "text/html":
        reader = _Reader()
        reader.feed(answer.text)
        found += reader.found + ([_PRODUCT] if _PRODUCT in answer.text else [])
    return found
