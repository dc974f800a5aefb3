"""The floor of a page: a bare Flask view that executes the page's statements and renders its template, without us.

Run by the same server as the product, with the same processes, threads and connections. It imports nothing of ours but
the notes of ``plain.py``.
"""

import os
import pickle
from contextlib import contextmanager
from pathlib import Path
from queue import LifoQueue
from typing import TYPE_CHECKING

import psycopg
from flask import Flask, render_template, request
from jinja2 import StrictUndefined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.plain import Recording

_CONNECTIONS = 4
_OPTIONS = "-c timezone=UTC"

_Pool = LifoQueue[psycopg.Connection]


def create_app() -> Flask:
    """Make the floor, with connections of its own."""
    app = Flask(__name__, template_folder=Path(__file__).parents[2] / "templates")
    app.secret_key = os.environ["SECRET_KEY"]
    app.config["SESSION_COOKIE_NAME"] = "stallholder"
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    recordings: dict[str, Recording] = pickle.loads(Path(os.environ["BENCH_RECORDINGS"]).read_bytes())  # noqa: S301 - our own notes
    pool = _Pool()
    for _ in range(_CONNECTIONS):
        pool.put(psycopg.connect(os.environ["DATABASE_URL"], options=_OPTIONS))

    @app.get("/<path:path>")
    def show(path: str) -> str:
        recording = recordings[request.full_path.rstrip("?")]
        with _connected(pool) as connection:
            _ask(connection, recording)
        return render_template(recording.template, **recording.values)

    return app


@contextmanager
def _connected(pool: _Pool) -> "Iterator[psycopg.Connection]":
    connection = pool.get()
    try:
        yield connection
    finally:
        connection.rollback()
        pool.put(connection)


def _ask(connection: psycopg.Connection, recording: "Recording") -> None:
    for statement, parameters in recording.statements:
        cursor = connection.execute(statement, parameters)
        if cursor.description:
            cursor.fetchall()
