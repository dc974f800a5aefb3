"""A page with two holes that the attackers' tools must find: what is searched for reaches SQL and the page as it is."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Thread
from urllib.parse import parse_qs

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

_PAGE = "<!doctype html><title>Shops</title><form action='/' method='get'><input name='q' value='x'></form><p>{}</p>"


def answer(environ: dict[str, object], start: object) -> object:
    """Search three shops by a name that anybody types."""
    typed = parse_qs(Request(environ).query_string.decode(), keep_blank_values=True).get("q", [""])[0]
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript("CREATE TABLE shops (name text); INSERT INTO shops VALUES ('Ann'), ('Bob'), ('Cho')")
        try:
            found = database.execute(f"SELECT name FROM shops WHERE name <> '{typed}'").fetchall()  # noqa: S608 - the hole
        except sqlite3.Error as error:
            return Response(_PAGE.format(f"sqlite3.OperationalError: {error}"), 500, mimetype="text/html")(
                environ, start
            )
    shown = f"You looked for {typed}: {len(found)} found"
    return Response(_PAGE.format(shown), mimetype="text/html")(environ, start)


@contextmanager
def planted() -> Iterator[int]:
    """The port of the page while it is served on this machine."""
    server = make_server("127.0.0.1", 0, answer, threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
