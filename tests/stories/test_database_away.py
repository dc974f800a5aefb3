"""The database is away: nothing is acknowledged that is not stored, people are told, and later all goes on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.support.portal import Portal
from tests.support.servers import Servers

_END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


@contextmanager
def away(servers: Servers, database_url: str) -> Iterator[None]:
    """Cut all connections to one database and let nobody in while the block runs."""
    name = urlsplit(database_url).path.lstrip("/")
    let_in = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(servers.postgres_url, autocommit=True) as connection:
        connection.execute(let_in.format(sql.Identifier(name), sql.Literal(False)))
        connection.execute(_END, [name])
        try:
            yield
        finally:
            connection.execute(let_in.format(sql.Identifier(name), sql.Literal(True)))


def test_a4_a12_while_it_is_away_all_is_refused_until_it_can_be_stored(
    portal: Portal, servers: Servers, saw: Callable[[str], None]
) -> None:
    public_id = portal.open_session()
    order = portal.order(public_id)
    portal.sandbox.pay(order, lose=True)
    visitor = portal.visitor()
    with away(servers, portal.settings.database_url):
        assert portal.sandbox.notify(order, copies=3) == [503] * 3
        assert {visitor.get(path).status_code for path in ("/", f"/pay/{public_id}", "/readyz")} == {503}
        assert visitor.get("/healthz").status_code == 200
    assert portal.sandbox.notify(order, copies=3) == [204] * 3
    portal.settle()
    assert portal.money_postings() == ["payment_received"]
    assert visitor.get(f"/pay/{public_id}").status_code == 200
    saw("away: 3 notifications and 3 pages × 503, /healthz 200; back: 204, one posting")
