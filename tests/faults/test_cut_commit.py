"""The wire to the database is cut exactly at a COMMIT: whatever was going on is done once, and nobody is told a lie."""

from collections.abc import Callable

import pytest

from portal.kit import fate
from tests.support import proving
from tests.support.cut_proxy import COMMIT, CutProxy
from tests.support.portal import Portal
from tests.support.shop import PASSWORD

Saw = Callable[[str], None]
Flow = Callable[[Portal, str], Callable[[], None]]


def registration(portal: Portal, email: str) -> Callable[[], None]:
    """A page that writes, sent by nobody in particular."""
    visitor = portal.visitor()
    visitor.get("/register")

    def register() -> None:
        wanted = {"name": "Ann", "email": email, "password": PASSWORD}
        assert visitor.post("/register", **wanted).status_code == 303
        assert portal.count("users", f"email = '{email}'") == 1

    return register


def confirmation(portal: Portal, email: str) -> Callable[[], None]:
    """A page that opens a session: draft, session, attempt, transaction and jobs."""
    ended = portal.open_session(email=email)
    owner = portal.visitor()
    owner.log_in(email)
    owner.post(f"/pay/{ended}/cancel")
    portal.settle()  # also what an earlier cell opened
    path = owner.quote_again(ended)

    def confirm() -> None:
        assert owner.post(f"{path}/confirm").status_code == 303
        assert portal.count("payment_sessions", "status = 'created'") == 1

    return confirm


def creation(portal: Portal, email: str) -> Callable[[], None]:
    """A job that calls the provider between two commits."""
    public_id = portal.begin_session(email=email)

    def create() -> None:
        portal.settle()
        assert portal.session(public_id).status == "open"

    return create


def business_form(page: str) -> dict[str, str]:
    """A new business, with the key of the form that a page shows."""
    key = page.split('name="form_key" value="')[1].split('"')[0]
    return {
        "form_key": key, "name": "Harbour Kiosk", "category": "cafe", "country": "GB", "currency": "GBP",
        "time_zone": "Europe/London",
    }  # fmt: skip


def notification(portal: Portal, email: str) -> Callable[[], None]:
    """A notification, and the job that applies it."""
    public_id = portal.open_session(email=email)
    order = portal.order(public_id)
    portal.sandbox.pay(order, lose=True)

    def tell() -> None:
        assert portal.sandbox.notify(order) == [204]
        portal.settle()
        assert portal.session(public_id).status == "paid"

    return tell


FLOWS = (registration, confirmation, creation, notification)
CELLS = [(flow, moment) for flow in FLOWS for moment in ("cut_before", "cut_after")]


@pytest.mark.parametrize(("flow", "moment"), proving.sample(CELLS, 2, "cut commits"))
def test_a3_cut_at_each_commit_of_a_flow_all_is_done_once(
    portal: Portal, wire: CutProxy, saw: Saw, flow: Flow, moment: str
) -> None:
    cut = 0
    while True:
        act = flow(portal, f"{flow.__name__}{cut}@shop.example")
        getattr(wire, moment)(COMMIT, cut + 1)
        act()
        if not wire.was_cut.is_set():
            break
        cut += 1
    saw(f"{flow.__name__}, {moment.replace('_', ' ')} each of {cut} COMMITs arrived: done once, told rightly")
    assert cut >= 1
    assert portal.count("staged_jobs", "attempts > 1") == 0


@pytest.mark.parametrize(("moment", "businesses"), [("cut_before", 0), ("cut_after", 1)])
def test_a3_while_the_database_stays_away_nobody_is_told_a_lie_and_pressing_again_is_safe(
    portal: Portal, wire: CutProxy, saw: Saw, monkeypatch: pytest.MonkeyPatch, moment: str, businesses: int
) -> None:
    monkeypatch.setattr(fate, "PATIENCE", 0.5)
    portal.begin_session()
    owner = portal.visitor()
    owner.log_in("ann@shop.example")
    form = business_form(owner.get("/businesses/new").text)
    getattr(wire, moment)(COMMIT, for_good=True)
    answer = owner.post("/businesses/new", **form)
    assert answer.status_code == 503
    assert "we cannot see whether this was kept" in answer.text
    assert "Nothing was changed" not in answer.text

    wire.mend()
    assert portal.count("businesses", "name = 'Harbour Kiosk'") == businesses
    assert owner.post("/businesses/new", **form).status_code == 303
    assert portal.count("businesses", "name = 'Harbour Kiosk'") == 1
    saw(f"{moment.replace('_', ' ')} arrival and away: 503 that says so; pressed again: one business")


def test_a3_what_wrote_nothing_is_answered_though_its_commit_was_not(portal: Portal, wire: CutProxy) -> None:
    wire.cut_before(COMMIT)
    assert portal.count("users") == 0
    assert wire.was_cut.is_set()
