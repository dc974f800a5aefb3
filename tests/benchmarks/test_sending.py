"""Sending at a pace: what is told of each notice is what that notice met, whichever connection carried it."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.benchmarks.notices import Notice
from tests.benchmarks.sending import paced


class _Picky(BaseHTTPRequestHandler):
    """Takes two notices of three; keeps its connections open, as the product's web server does."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        number = int(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204 if number % 3 else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_each_answer_stands_where_its_notice_does() -> None:
    """A notice that was refused must not be looked for among those that were taken."""
    notices = [Notice(str(number), {}, str(number).encode()) for number in range(40)]
    with ThreadingHTTPServer(("127.0.0.1", 0), _Picky) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        answers = paced(server.server_port, notices, rate=400, connections=7)
        server.shutdown()

    assert [status for status, _ in answers] == [204 if number % 3 else 503 for number in range(40)]
