"""Reading a mail as its reader would: subject, plain text, HTML and links.

Broken mails are read as far as they go.
"""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from markupsafe import Markup, escape

from portal.sandbox.database import clean

_LINK = re.compile(r"https?://[^\s<>\"'()]+[^\s<>\"'().,;:!?]")


@dataclass(frozen=True)
class Mail:
    """What a mail says; a part it does not have is empty."""

    subject: str
    text: str
    html: str
    unsubscribe: str = ""
    """The address in its head by which such mails are ended (RFC 8058)."""

    @property
    def links(self) -> list[str]:
        """The addresses in the plain text, in order."""
        return _LINK.findall(self.text)


def parse(content: bytes) -> Mail:
    """Read the raw bytes of a mail; never raises for a broken one."""
    message = message_from_bytes(content, policy=policy.default)
    unsubscribe = _line(message, "List-Unsubscribe").removeprefix("<").removesuffix(">")
    return Mail(_line(message, "Subject"), _part(message, "plain"), _part(message, "html"), unsubscribe)


def _line(message: EmailMessage, name: str) -> str:
    """A line of the head as far as it can be read."""
    try:
        return clean(str(message[name] or ""))
    except (ValueError, LookupError, IndexError):
        return ""


def _part(message: EmailMessage, kind: str) -> str:
    try:
        body = message.get_body((kind,))
        content = body.get_content() if body else ""
    except (ValueError, LookupError, AttributeError):
        return ""
    return clean(content) if isinstance(content, str) else ""


def with_links(text: str) -> Markup:
    """Plain text as HTML, with its addresses clickable and everything else escaped."""
    parts, end = [], 0
    for found in _LINK.finditer(text):
        address = escape(found[0])
        parts += [escape(text[end : found.start()]), Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(address)]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])
