"""The web server as a process: granian over what ``portal.app:create_app`` makes, which leaves politely.

Told to stop, it says so at ``/readyz`` for ``PORTAL_DRAIN`` seconds and serves on, so that a balancer sends everybody
elsewhere before the door closes; whoever knocks at a closing door would be lost. Told again, it stops at once.
"""

import gc
import multiprocessing
import os
import signal
import sys
from importlib import import_module
from threading import Timer

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer

from portal.kit import config, leaving

PROCESSES = 2
THREADS = 4
_GRACE = 10
"""Seconds for the requests that are under way when it stops."""


class _Server(MPServer):
    """Granian with a pause between the wish to stop and stopping."""

    seconds = 0

    def signal_handler_interrupt(self, *given: object, **named: object) -> None:
        """Begin to leave; where nobody has to be told, or at the second time, stop."""
        if not self.seconds or leaving.is_noted():
            self._stop()
            return
        leaving.note()
        pause = Timer(self.seconds, self._stop)
        pause.daemon = True
        pause.start()

    def _stop(self) -> None:
        super().signal_handler_interrupt()  # type: ignore[no-untyped-call]


def serve(application: str, settings: config.Settings) -> None:
    """Serve until told to stop; few processes with few threads, and a process that dies takes nobody with it.

    :param application: ``module:function`` of what makes the application; each process calls it for itself.
    """
    config.use(settings)
    leaving.forget()
    if multiprocessing.get_start_method() == "fork":
        _load(application.partition(":")[0])
    server = _Server(
        application,
        factory=True,
        interface=Interfaces.WSGI,
        address="0.0.0.0" if settings.is_lan else "127.0.0.1",  # noqa: S104
        port=settings.port,
        workers=PROCESSES,
        blocking_threads=THREADS,
        workers_kill_timeout=_GRACE,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
    )
    server.seconds = settings.drain
    os.register_at_fork(after_in_child=_end_while_loading)
    server.serve()


def _load(module: str) -> None:
    """Load once what every process needs, and have none of them look through it for garbage."""
    import_module(module)
    gc.freeze()


def _end_while_loading() -> None:
    """Let a process that is told to stop before it serves just end.

    It is forked with handlers that only mean something in its parent: it would not hear that it is to stop, would
    serve, and would be killed after the grace. Once it serves, granian's own handlers let it finish.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


if __name__ == "__main__":
    serve(sys.argv[1], config.load_settings(os.environ))
