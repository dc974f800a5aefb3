"""The good way of a Native order, driven by the real merchant SDK: order, query, pay, notice, close."""

import json

import pytest

from tests.sandbox.conftest import Merchant, Shop
from tests.support.sandbox import Sandbox, SandboxError


def test_an_order_is_paid_notified_and_booked(sandbox: Sandbox, merchant: Merchant, shop: Shop) -> None:
    url = merchant.order(attach="ps_1")
    assert url.startswith(f"{sandbox.url}/w/")
    assert merchant.query()[1]["trade_state"] == "NOTPAY"

    booked = sandbox.pay("order-0001")
    sandbox.settle()

    [(headers, body)] = shop.received
    notice = merchant.sdk.callback(headers, body)
    code, told = merchant.query()
    assert code == 200
    assert notice["event_type"] == "TRANSACTION.SUCCESS"
    assert notice["resource"] == told
    assert told["trade_state"] == "SUCCESS"
    assert told["attach"] == "ps_1"
    assert told["amount"] == {"total": 888, "payer_total": 888, "currency": "CNY", "payer_currency": "CNY"}
    assert told["transaction_id"] == booked["transaction_id"]
    by_transaction = merchant.sdk.query(transaction_id=booked["transaction_id"])
    assert json.loads(by_transaction[1]) == told
    book = sandbox.book()["wechat_pay"]
    assert book["totals"] == {"CNY": 888}
    assert [payment["order"] for payment in book["payments"]] == ["order-0001"]


def test_a_paid_order_is_not_paid_again(sandbox: Sandbox, merchant: Merchant) -> None:
    merchant.order()
    sandbox.pay("order-0001")
    with pytest.raises(SandboxError, match="409"):
        sandbox.pay("order-0001")
    assert sandbox.book()["wechat_pay"]["totals"] == {"CNY": 888}


def test_the_same_order_again_gives_a_new_code_and_kills_the_old(sandbox: Sandbox, merchant: Merchant) -> None:
    first, second = merchant.order(), merchant.order()
    assert first != second
    assert sandbox._session.get(first).status_code == 410
    assert sandbox._session.get(second).status_code == 200


def test_the_same_number_with_other_parameters_is_refused(merchant: Merchant) -> None:
    merchant.order()
    code, text = merchant.sdk.pay(
        description="两家分店 · Pro", out_trade_no="order-0001", amount={"total": 889, "currency": "CNY"}
    )
    assert (code, json.loads(text)["code"]) == (400, "INVALID_REQUEST")


def test_closing_is_signed_and_repeatable(merchant: Merchant) -> None:
    merchant.order()
    assert merchant.close() == (204, "")
    assert merchant.close() == (204, "")
    assert merchant.query()[1]["trade_state"] == "CLOSED"


def test_a_paid_order_cannot_be_closed(sandbox: Sandbox, merchant: Merchant) -> None:
    merchant.order()
    sandbox.pay("order-0001")
    code, text = merchant.close()
    assert (code, json.loads(text)["code"]) == (400, "ORDER_PAID")


def test_an_unknown_order_is_404(merchant: Merchant) -> None:
    assert merchant.query("order-none")[0] == 404
    assert merchant.close("order-none")[0] == 404


def test_declining_and_cancelling_leave_the_order_unpaid_and_silent(
    sandbox: Sandbox, merchant: Merchant, shop: Shop
) -> None:
    merchant.order()
    assert sandbox.decline("order-0001")["trade_state"] == "NOTPAY"
    assert sandbox.cancel("order-0001")["trade_state"] == "NOTPAY"
    sandbox.settle()
    assert shop.received == []


def test_money_can_come_after_the_close(sandbox: Sandbox, merchant: Merchant, shop: Shop) -> None:
    merchant.order()
    merchant.close()
    with pytest.raises(SandboxError, match="closed"):
        sandbox.pay("order-0001")
    sandbox.pay("order-0001", late=True)
    sandbox.settle()
    assert len(shop.received) == 1
    assert merchant.query()[1]["trade_state"] == "SUCCESS"


def test_an_order_too_young_is_not_closed_when_the_switch_says_so(sandbox: Sandbox, merchant: Merchant) -> None:
    sandbox.switch(close_after_seconds=300)
    merchant.order()
    code, text = merchant.close()
    assert (code, json.loads(text)["code"]) == (403, "RULE_LIMIT")
    sandbox.advance(301)
    assert merchant.close()[0] == 204


def test_the_real_looking_code_is_a_switch(sandbox: Sandbox, merchant: Merchant) -> None:
    sandbox.switch(code_url="weixin")
    assert merchant.order().startswith("weixin://wxpay/bizpayurl?pr=")
