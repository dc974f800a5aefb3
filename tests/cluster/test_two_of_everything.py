"""Two web servers and two workers behind the balancer: one of each may die or be replaced, and nothing is lost."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from portal.kit import edge
from portal.kit.db import db
from tests.cluster import schedulers
from tests.cluster.cluster import Cluster, cluster
from tests.cluster.crowd import Crowd
from tests.directory.shops import make_shop
from tests.support import shop
from tests.support.leases import end_leases
from tests.support.processes import eventually, status
from tests.support.proving import times
from tests.support.sandbox import Sandbox
from tests.support.servers import Servers
from tests.support.visitor import Visitor
from worker.schedule import SCHEDULE

pytestmark = pytest.mark.timeout(1500)
Saw = Callable[[str], None]
_GAPS = text(
    "SELECT name, min(gap) FROM (SELECT name, created_at - lag(created_at) OVER (PARTITION BY name ORDER BY id) AS gap "
    "FROM staged_jobs WHERE key LIKE 'recurring:%') gaps GROUP BY name"
)


@pytest.fixture(scope="module")
def whole(
    servers: Servers, worker_redis: str, _sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Two of everything, for all tests of this file."""
    _sandbox.reset()
    with cluster(servers, worker_redis, _sandbox, tmp_path_factory.mktemp("cluster")) as running:
        yield running


def test_a_log_in_holds_on_both_web_servers(whole: Cluster) -> None:
    whole.portal.do(lambda: shop.make_business(shop.make_owner("both@shop.example")))
    addresses = [f"http://127.0.0.1:{web.port}" for web in whole.webs]
    owner = Visitor(addresses[0])
    assert owner.log_in("both@shop.example").status_code == 303
    for address in (*reversed(addresses), whole.portal.settings.base_url):
        owner._base_url = address
        assert owner.get("/dashboard").status_code == 200
    owner.post("/logout")
    for address in addresses:
        owner._base_url = address
        assert owner.get("/dashboard").status_code == 302


def test_g6_guesses_are_counted_by_both_web_servers_together(whole: Cluster, saw: Saw) -> None:
    guessers = [Visitor(f"http://127.0.0.1:{web.port}") for web in whole.webs]
    me = {"X-Forwarded-For": "203.0.113.9"}
    answers = []
    for number in range(32):
        guesser = guessers[number % 2]
        guesser.get("/login")
        form = {"csrf_token": guesser._token, "email": f"{number}@x.example", "password": "guess"}
        answers.append(guesser.send("/login", form, me).status_code)
    assert answers[:30] == [422] * 30
    assert answers[30:] == [429] * 2
    saw("32 guesses at two web servers in turn: 30 × 422, then 429 at both")


def test_a7_one_of_each_loses_its_power_under_load_and_comes_back(whole: Cluster, saw: Saw) -> None:
    answers: Counter[str] = Counter()
    kills, shops = times(1, 4), 9
    for number in range(kills):
        web, worker = whole.webs[number % 2], whole.workers[number % 2]
        with Crowd(whole.portal, shops, f"power-{number}-").about() as crowd:
            assert crowd.have_paid(2)
            web.lose_power()
            worker.lose_power()
            whole.portal.do(end_leases)
            assert crowd.have_paid(5)
            web.start()
            worker.start()
            whole.await_people(web)
            whole.await_workers()
        answers += crowd.answers
        whole.portal.do(end_leases)
        whole.oracle.ask()
    paid = whole.portal.count("payment_sessions", "status = 'paid'")
    assert paid == len(whole.portal.money_postings()) == kills * shops
    assert set(answers) <= {"200", "303", "503", "cut"}
    promises = len(whole.portal.journal.promises)
    lost = f"a web server and a worker killed at once, {kills} times, while {paid} shops paid"
    saw(f"{lost}: {told(answers)}; {promises} promises kept")


def test_a9_every_process_is_replaced_in_turn_and_no_request_is_lost(whole: Cluster, saw: Saw) -> None:
    answers: Counter[str] = Counter()
    shops = times(2, 6)
    for host in (*whole.webs, *whole.workers[: times(1, 2)]):
        with Crowd(whole.portal, shops, f"{host.name}-").about(payers=2, others=1) as crowd:
            assert host.leave() == 0
            host.start()
            whole.await_people(host) if host in whole.webs else whole.await_workers()
        answers += crowd.answers
    whole.oracle.ask()
    assert set(answers) <= {"200", "303"}
    saw(f"both web servers and the workers replaced in turn while shops paid: {told(answers)}")


def test_both_web_servers_keep_pages_in_one_redis_and_neither_shows_an_old_one(whole: Cluster, saw: Saw) -> None:
    """What one web server kept the other shows, until somebody changes it."""
    renamed, now = times(10, 200), edge.now
    slug = whole.portal.do(lambda: make_shop("Listed", now()).slug)
    rename = text("UPDATE businesses SET name = :name WHERE slug = :slug")
    readers = [Visitor(f"http://127.0.0.1:{web.port}") for web in whole.webs]
    for number in range(renamed):
        named = {"name": f"Renamed {number}", "slug": slug}
        whole.portal.do(lambda named=named: db.execute(rename, named))
        for reader in (*readers, *readers):
            assert f"Renamed {number}</h1>" in reader.get(f"/directory/{slug}").text
    saw(f"{renamed} new names, {4 * renamed} looks at two web servers, each showed the newest")


def test_of_two_schedulers_one_acts_and_the_other_takes_over(whole: Cluster, saw: Saw) -> None:
    """With the jobs held still, whoever acts stands waiting for them, and whoever does not goes on showing its life."""
    gaps = dict(whole.portal.do(lambda: db.execute(_GAPS).all()))
    staged = {entry.job: entry.interval for entry in SCHEDULE}
    assert gaps.keys() == staged.keys()
    assert not [name for name, gap in gaps.items() if gap is not None and gap < staged[name]]
    acting = schedulers.acting_while_jobs_are_held(whole.portal)
    assert max(acting) == 1
    for worker in whole.workers[: times(1, 2)]:
        worker.lose_power()
        assert sorted(schedulers.staged_anew(whole.portal)) == sorted(staged)
        worker.start()
        whole.await_workers()
    saw(
        f"{len(gaps)} recurring jobs, none staged twice within its interval; in {len(acting)} looks one scheduler acts "
        "beside one that lives on; left alone, the other stages all of them once"
    )


def test_without_any_worker_people_still_get_in(whole: Cluster) -> None:
    """The last test: no web server calls itself ready then, and the balancer sends people there all the same."""
    for worker in whole.workers:
        worker.lose_power()
    whole.portal.do(lambda: db.execute(text("DELETE FROM heartbeats")))
    assert eventually(lambda: status(whole.front, "/readyz") == 503, 10)
    assert not any(web.is_ready() for web in whole.webs)
    assert {status(whole.front, path) for path in ("/", "/directory", "/login") * 3} == {200}


def told(answers: Counter[str]) -> str:
    """The answers in figures."""
    return ", ".join(f"{number} × {answer}" for answer, number in sorted(answers.items()))
