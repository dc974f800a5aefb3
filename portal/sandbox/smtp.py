"""The SMTP peer: takes every mail, delivers none, keeps all of them for the outbox."""

import asyncio
import logging
from typing import Any

from aiosmtpd.controller import Controller
from sqlalchemy import Engine, insert

from portal.sandbox.clock import wall
from portal.sandbox.database import clean, mails
from portal.sandbox.mail import parse

LARGEST_MAIL = 10 * 1024 * 1024
log = logging.getLogger("sandbox.smtp")


class PostOffice:
    """Writes each accepted mail into the database before saying that it is accepted."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Called by aiosmtpd when a mail is complete."""
        try:
            await asyncio.to_thread(self._keep, envelope.mail_from or "", envelope.rcpt_tos, envelope.content)
        except Exception:
            log.exception("a mail could not be kept")
            return "451 try again later"
        return "250 kept"

    def _keep(self, sender: str, recipients: list[str], content: bytes) -> None:
        row = {
            "received_at": wall(),
            "sender": clean(sender),
            "recipients": [clean(recipient).lower() for recipient in recipients],
            "subject": parse(content).subject,
            "content": content,
        }
        with self._engine.begin() as connection:
            connection.execute(insert(mails).values(row))
        log.info("mail", extra={"facts": {"recipients": len(recipients), "bytes": len(content)}})


def listen(engine: Engine, port: int) -> Controller:
    """Start listening on 127.0.0.1; the controller's stop() ends it. OSError when the port is taken."""
    controller = Controller(
        PostOffice(engine), hostname="127.0.0.1", port=port, data_size_limit=LARGEST_MAIL, ident="sandbox"
    )
    controller.start()
    return controller
