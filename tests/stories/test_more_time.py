"""An hour for the code, one more on request with a fresh code for the same order, and then the end."""

from datetime import timedelta

import requests

from tests.support.portal import Portal

HOUR = timedelta(hours=1)


def wallet_page(code_url: str | None) -> requests.Response:
    """What a phone shows that opens the code, without paying."""
    assert code_url is not None
    with requests.Session() as phone:
        phone.trust_env = False
        return phone.get(code_url, timeout=10)


def test_more_time_gives_a_fresh_code_and_the_old_one_is_dead(portal: Portal) -> None:
    public_id = portal.open_session()
    payer, old = portal.visitor(), portal.attempt(public_id)
    portal.pass_time(timedelta(minutes=50))
    payer.get(f"/pay/{public_id}")
    assert payer.post(f"/pay/{public_id}/extend").status_code == 303
    portal.settle()

    new = portal.attempt(public_id)
    assert (new.order_number, new.status) == (old.order_number, "pending")
    assert new.code_url != old.code_url
    assert (wallet_page(old.code_url).status_code, wallet_page(new.code_url).status_code) == (410, 200)

    portal.pass_time(HOUR)
    assert portal.session(public_id).status == "open"
    portal.sandbox.pay(new.order_number)
    portal.sandbox.settle()
    portal.settle()
    session = portal.session(public_id)
    assert (session.status, session.paid_late_at) == ("paid", None)


def test_two_hours_are_the_most_and_an_ended_session_takes_none(portal: Portal) -> None:
    public_id = portal.open_session()
    payer = portal.visitor()
    payer.get(f"/pay/{public_id}")
    answers = [payer.post(f"/pay/{public_id}/extend").status_code for _ in range(2)]
    assert answers == [303, 409]
    portal.pass_time(2 * HOUR)
    assert portal.session(public_id).status == "expired"
    assert payer.post(f"/pay/{public_id}/extend").status_code == 410
    assert "This code has expired" in payer.get(f"/pay/{public_id}").text


def test_more_time_that_the_provider_does_not_answer_keeps_the_code_that_is_shown(portal: Portal) -> None:
    public_id = portal.open_session()
    payer, old = portal.visitor(), portal.attempt(public_id)
    portal.sandbox.fault("http500", "native")
    payer.get(f"/pay/{public_id}")
    payer.post(f"/pay/{public_id}/extend")
    portal.settle()
    assert portal.attempt(public_id).code_url == old.code_url
    assert portal.attempt(public_id).status == "pending"


def test_a_phone_pays_what_the_page_shows(portal: Portal) -> None:
    public_id = portal.open_session()
    code_url = portal.attempt(public_id).code_url
    assert code_url is not None
    with requests.Session() as phone:
        phone.trust_env = False
        phone.get(code_url, timeout=10)
        assert phone.post(code_url, data={"button": "pay"}, timeout=10).ok
    portal.sandbox.settle()
    portal.settle()
    assert portal.session(public_id).status == "paid"
