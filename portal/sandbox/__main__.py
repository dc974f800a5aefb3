"""Starts the pretend world: `python -m portal.sandbox`. One process, its own database, a courier in the background.

Exit code 2 means that the settings forbid a start, live keys above all.
"""

import logging
import os
import signal
import sys
from threading import Thread

from sqlalchemy.exc import SQLAlchemyError
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from portal.sandbox import database, keyring, log, settings, smtp
from portal.sandbox.app import create_app
from portal.sandbox.clock import Clock
from portal.sandbox.deliveries import Courier
from portal.sandbox.switches import Switches
from portal.sandbox.world import World

REFUSED = 2


class QuietHandler(WSGIRequestHandler):
    """Tells no version of anything; the application logs requests itself."""

    def version_string(self) -> str:
        return "sandbox"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: the path may hold a secret."""


def make_world(chosen: settings.Settings) -> World:
    """Open the database and the keys; raises OSError, ValueError or SQLAlchemyError when one of them is not there."""
    keys = keyring.load(chosen.keys_dir)
    engine = database.connect(chosen.database_url)
    switches = Switches(engine)
    clock = Clock(switches)
    return World(chosen, engine, switches, clock, keys, Courier(engine, clock, switches, keys))


def serve(world: World) -> None:
    """Listen until SIGTERM or SIGINT."""
    chosen = world.settings
    server = make_server(chosen.host, chosen.port, create_app(world), threaded=True, request_handler=QuietHandler)
    post_office = smtp.listen(world.engine, chosen.smtp_port)
    world.courier.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: _shut(server))
    logging.getLogger("sandbox").info("ready", extra={"facts": {"url": chosen.public_url}})
    server.serve_forever()
    post_office.stop()
    world.courier.stop()
    world.engine.dispose()


def _shut(server: BaseWSGIServer) -> None:
    # From a thread of its own: shutdown() waits for the loop that this signal has interrupted.
    Thread(target=server.shutdown, daemon=True).start()


def main() -> int:
    """Check the settings, make the world, serve it."""
    log.configure()
    try:
        world = make_world(settings.load(os.environ))
    except settings.SettingsError as refusal:
        for problem in refusal.problems:
            sys.stderr.write(f"sandbox: {problem}\n")
        return REFUSED
    except (OSError, ValueError, KeyError) as problem:
        sys.stderr.write(f"sandbox: the keys cannot be read; run the ceremony first ({problem})\n")
        return REFUSED
    except SQLAlchemyError as problem:
        sys.stderr.write(f"sandbox: its database does not answer ({type(problem).__name__})\n")
        return 1
    try:
        serve(world)
    except OSError as problem:
        sys.stderr.write(f"sandbox: cannot listen on its ports ({problem})\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
