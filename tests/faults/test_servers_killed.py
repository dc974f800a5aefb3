"""PostgreSQL killed, full or read-only: what was acknowledged is there, all else was refused, and it heals."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

import psycopg
import pytest
import requests
from psycopg import sql
from sqlalchemy import text

from portal.kit.db import db
from portal.kit.rate_limit import limiter
from tests.fixtures.stories import _running
from tests.support import proving, shop
from tests.support.portal import Portal
from tests.support.processes import eventually
from tests.support.sandbox import Sandbox
from tests.support.servers import OwnPostgres, Servers, own_postgres

FORM = {"category": "cafe", "country": "GB", "currency": "GBP", "time_zone": "Europe/London"}
_FILL = "INSERT INTO filler SELECT repeat(md5(random()::text), 200) FROM generate_series(1, 1000)"
_NAMES = text("SELECT name FROM businesses")
Saw = Callable[[str], None]


@pytest.fixture(scope="module")
def own() -> Iterator[OwnPostgres]:
    with own_postgres() as server:
        yield server


@pytest.fixture
def portal(own: OwnPostgres, worker_redis: str, sandbox: Sandbox, tmp_path: Path) -> Iterator[Portal]:
    """The product over the PostgreSQL that may be killed."""
    with _running(Servers(postgres_url=own.url, redis_url=worker_redis), worker_redis, sandbox, tmp_path) as running:
        yield running


class Crowd:
    """People who register one business after the other; what each was told is kept by the business's name."""

    def __init__(self, portal: Portal, size: int) -> None:
        self.told: dict[str, tuple[int | None, str]] = {}
        self._stop = Event()
        for number in range(size):
            portal.do(lambda number=number: shop.make_owner(f"{number}@shop.example").id)
        visitors = [portal.visitor() for _ in range(size)]
        for number, visitor in enumerate(visitors):
            visitor.log_in(f"{number}@shop.example")
        self._threads = [Thread(target=self._work, args=pair, daemon=True) for pair in enumerate(visitors)]

    def _work(self, number: int, visitor: object) -> None:
        count = 0
        while not self._stop.wait(0.1):
            name, count = f"Shop {number} {count}", count + 1
            try:
                answer = visitor.post("/businesses/new", **FORM, name=name)  # type: ignore[attr-defined]
                self.told[name] = (answer.status_code, answer.text)
            except requests.RequestException:
                self.told[name] = (None, "")

    def count(self, status: int) -> int:
        """How many were told this."""
        return sum(told[0] == status for told in list(self.told.values()))

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Have them work while the block runs."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(30)


def test_a4_killed_under_load_every_acknowledged_write_is_there_and_it_goes_on_by_itself(
    portal: Portal, own: OwnPostgres, saw: Saw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limiter, "enabled", False)
    crowd = Crowd(portal, 4)
    kills = proving.times(1, 5)
    waits = []
    with crowd.at_work():
        for _ in range(kills):
            before, refused = crowd.count(303), crowd.count(503)
            assert eventually(lambda before=before: crowd.count(303) > before + 4, 60)
            own.kill()
            assert eventually(lambda refused=refused: crowd.count(503) > refused, 30)
            own.start()
            back, began = crowd.count(303), time.monotonic()
            assert eventually(lambda back=back: crowd.count(303) > back, 30)
            waits.append(time.monotonic() - began)
    kept = portal.do(lambda: set(db.scalars(_NAMES)))
    promised = {name for name, told in crowd.told.items() if told[0] == 303}
    denied = {name for name, told in crowd.told.items() if "Nothing was changed" in told[1]}
    assert {told[0] for told in crowd.told.values()} == {303, 503}
    assert promised <= kept
    assert not denied & kept
    unclear = len(crowd.told) - len(promised) - len(denied)
    saw(f"killed {kills} × under 4 writers: all {len(promised)} acknowledged writes there, {len(denied)} refused and "
        f"absent, {unclear} told as unclear, back after {max(waits):.1f} s")  # fmt: skip


def deliver(portal: Portal, order: str, copies: int) -> list[int | None]:
    """Deliver so many different notifications of one order."""
    return portal.sandbox.notify(order, copies=copies, fresh_ids=True)


def check_acknowledged(portal: Portal, answers: list[int | None]) -> None:
    """As many events are stored as were acknowledged; perhaps more, never fewer."""
    assert portal.count("payment_events") >= answers.count(204)


def test_a12_read_only_nothing_is_acknowledged_and_it_heals_by_itself(portal: Portal, own: OwnPostgres) -> None:
    public_id = portal.open_session()
    order = portal.order(public_id)
    portal.sandbox.pay(order, lose=True)
    owner = portal.visitor()
    owner.log_in("ann@shop.example")
    set_read_only(portal, own, True)
    assert deliver(portal, order, 3) == [503] * 3
    assert owner.post("/businesses/new", **FORM, name="Never").status_code == 503
    assert owner.get(f"/pay/{public_id}").status_code == 200
    assert portal.count("payment_events") == 0
    set_read_only(portal, own, False)
    assert deliver(portal, order, 3) == [204] * 3
    portal.settle()
    assert portal.money_postings() == ["payment_received"]


def set_read_only(portal: Portal, own: OwnPostgres, is_read_only: bool) -> None:
    """Let every transaction be read-only from now on, those of connections that are open already too."""
    name = sql.Identifier(urlsplit(portal.settings.database_url).path.lstrip("/"))
    with psycopg.connect(own.url, autocommit=True) as connection:
        wish = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}")
        connection.execute(wish.format(name, sql.Literal(is_read_only)))
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                           "AND backend_type = 'client backend'")  # fmt: skip


def test_a12_with_its_disk_full_nothing_is_acknowledged_that_is_not_kept_and_it_heals_by_itself(
    portal: Portal, own: OwnPostgres, saw: Saw
) -> None:
    if not own.is_small:
        proving.do_without("no little disk to fill: mounting one takes root, and in a container CAP_SYS_ADMIN")
    public_id = portal.open_session()
    order = portal.order(public_id)
    portal.sandbox.pay(order, lose=True)
    use_up(portal, own)
    answers = deliver(portal, order, 60)
    assert set(answers) <= {204, 503, None}
    assert 503 in answers
    own.free_the_disk()

    began = time.monotonic()
    assert eventually(lambda: (own.keep_running(), deliver(portal, order, 1))[1] == [204], 30)
    healed = time.monotonic() - began
    check_acknowledged(portal, answers)
    portal.settle()
    assert portal.money_postings() == ["payment_received"]
    saw(f"disk full: {answers.count(503)} × 503, {answers.count(204)} × 204 and all of those kept, "
        f"well again {healed:.1f} s after there was room")  # fmt: skip


def use_up(portal: Portal, own: OwnPostgres) -> None:
    """Take every byte, also those that the database keeps in reserve for itself."""
    with psycopg.connect(portal.settings.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE filler (junk text)")
        own.fill_the_disk()
        try:
            while True:
                connection.execute(_FILL)
        except psycopg.Error:
            return
