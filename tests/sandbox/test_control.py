"""The control interface: nobody without the token, no bad input that is not told, and what reset forgets."""

import pytest
import requests

from tests.sandbox.conftest import Merchant, Shop
from tests.support.sandbox import Sandbox

BAD: list[tuple[str, object]] = [
    ("pay", None),
    ("pay", []),
    ("pay", {}),
    ("pay", {"order": 5}),
    ("pay", {"order": ""}),
    ("pay", {"order": "a\x00b"}),
    ("pay", {"order": "\ud800"}),
    ("pay", {"order": "order-0001", "colour": "red"}),
    ("pay", {"order": "order-0001", "amount": "5"}),
    ("pay", {"order": "order-0001", "amount": 5.5}),
    ("pay", {"order": "order-0001", "amount": 0}),
    ("pay", {"order": "order-0001", "amount": 2**80}),
    ("pay", {"order": "order-0001", "copies": 101}),
    ("pay", {"order": "order-0001", "copies": True}),
    ("pay", {"order": "order-0001", "delay": -1}),
    ("pay", {"order": "order-0001", "delay": 1e300}),
    ("pay", {"order": "order-0001", "lose": "yes"}),
    ("pay", {"order": "order-0001", "paid_at": "yesterday"}),
    ("pay", {"order": "order-0001", "paid_at": "2026-11-21T12:00:00"}),
    ("pay", {"order": "order-0001", "mchid": {"a": 1}}),
    ("pay", {"order": "order-none"}),
    ("decline", {"order": "order-none"}),
    ("cancel", {}),
    ("clock", {"advance": -5}),
    ("clock", {"advance": "5"}),
    ("clock", {"advance": 1e12}),
    ("clock", {"ahead": -5}),
    ("clock", {"ahead": 1e12}),
    ("fault", {"mode": "explode"}),
    ("fault", {"mode": "http500", "provider": "bank"}),
    ("fault", {"mode": "http500", "endpoint": "daily"}),
    ("fault", {"mode": "unsigned", "provider": "ecb"}),
    ("fault", {"mode": "http500", "count": 0}),
    ("rotate", {"provider": "ecb"}),
    ("switch", {"code_url": "gopher"}),
    ("switch", {"stripe_copies": 101}),
    ("bank", {"payment_method": "pm_none", "says": "ok"}),
    ("bank", {"payment_method": "pm_\x00", "says": "ok"}),
    ("bank", {"says": "ok"}),
    ("fault", {"mode": "unsigned", "provider": "stripe"}),
    ("switch", {"close_after_seconds": -1}),
    ("notify", {"order": "order-0001", "variant": "odd"}),
    ("notify", {"order": "order-0001", "variant": "missing_header", "header": "Cookie"}),
]


@pytest.mark.parametrize(("verb", "fields"), BAD)
def test_bad_input_is_told(sandbox: Sandbox, merchant: Merchant, verb: str, fields: object) -> None:
    merchant.order()
    answer = sandbox._session.post(f"{sandbox.url}/_ctl/{verb}", json=fields)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]
    assert merchant.query()[1]["trade_state"] == "NOTPAY"
    assert sandbox.clock()["offset"] == 0


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"advance":NaN}', b'{"advance":1e999}', b"[" * 50_000])
def test_a_broken_body_is_told(sandbox: Sandbox, body: bytes) -> None:
    assert sandbox._session.post(f"{sandbox.url}/_ctl/clock", data=body).status_code == 400


def test_a_large_body_is_413(sandbox: Sandbox) -> None:
    assert sandbox._session.post(f"{sandbox.url}/_ctl/clock", data=b" " * 1_100_000).status_code == 413


@pytest.mark.parametrize("token", [None, "", "wrong", "ü"])
def test_nobody_comes_in_without_the_token(sandbox: Sandbox, token: str | None) -> None:
    headers = {} if token is None else {"X-Sandbox-Token": token.encode("latin-1")}
    for path in ("clock", "book", "log", "outbox", "nothing"):
        assert requests.get(f"{sandbox.url}/_ctl/{path}", headers=headers, timeout=5).status_code in (401, 404)
    assert requests.post(f"{sandbox.url}/_ctl/reset", headers=headers, timeout=5).status_code == 401


def test_the_clock_moves_forward_and_leaves_the_wall(sandbox: Sandbox) -> None:
    before = sandbox.clock()
    sandbox.advance(3600)
    after = sandbox.advance(60.5)
    assert (before["offset"], after["offset"]) == (0, 3660.5)
    assert after["now"] > after["wall"]
    assert [sandbox.control("clock", ahead=ahead)["offset"] for ahead in (60, 3660.52, 4000)] == [3660.5, 3660.5, 4000]


def test_the_log_tells_requests_and_deliveries_of_an_order(sandbox: Sandbox, merchant: Merchant, shop: Shop) -> None:
    merchant.order()
    merchant.order("order-0002")
    merchant.query("order-none")
    sandbox.pay("order-0001")
    sandbox.settle()
    told = sandbox.log("order-0001")
    assert [(entry["endpoint"], entry["verdict"], entry["status"]) for entry in told["requests"]] == [
        ("native", "ok", 200)
    ]
    assert [(entry["variant"], entry["status"]) for entry in told["deliveries"]] == [("ok", 204)]
    everything = sandbox.log()["requests"]
    assert [entry["verdict"] for entry in everything] == ["ok", "ok", "ORDER_NOT_EXIST"]
    assert merchant.env["WECHAT_PAY_APIV3_KEY"] not in str(told)
    assert "signature=" not in str(everything)


def test_notices_that_were_taken_are_remembered_by_id(sandbox: Sandbox, merchant: Merchant, shop: Shop) -> None:
    merchant.order()
    told = sandbox.pay("order-0001", copies=3)
    sandbox.settle()
    shop.status = 500
    sandbox.notify("order-0001", fresh_ids=True)
    assert sandbox.acknowledged() == [told["event_id"]]


def test_reset_forgets_everything_but_the_keys(sandbox: Sandbox, merchant: Merchant) -> None:
    merchant.order()
    sandbox.pay("order-0001", lose=True)
    sandbox.advance(100)
    sandbox.fault("http500", count=9)
    sandbox.rotate()
    sandbox.reset()
    assert sandbox.book()["wechat_pay"]["payments"] == []
    assert sandbox.log() == {"requests": [], "deliveries": []}
    assert sandbox.clock()["offset"] == 0
    merchant.order()


def test_a_second_payment_of_one_order_must_be_asked_for(sandbox: Sandbox, merchant: Merchant) -> None:
    merchant.order()
    first = sandbox.pay("order-0001")
    second = sandbox.pay("order-0001", again=True)
    assert first["transaction_id"] != second["transaction_id"]
    assert sandbox.book()["wechat_pay"]["totals"] == {"CNY": 1776}


def test_unknown_addresses_are_404(sandbox: Sandbox) -> None:
    assert sandbox._session.get(f"{sandbox.url}/_ctl/nothing").json()["error"]
    assert sandbox._session.get(f"{sandbox.url}/nothing").status_code == 404
