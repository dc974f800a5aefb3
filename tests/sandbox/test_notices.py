"""Notices: sealed and signed afresh each time, retried on the schedule of business time, and forged on demand."""

import json
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.sandbox.conftest import Merchant, Shop
from tests.sandbox.signer import Signer
from tests.support.sandbox import Sandbox, SandboxError

DAY = 86400
SCHEDULE = [15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600]
WRONG_FACTS = ["other_merchant", "other_appid", "unknown_order", "amount_more", "amount_less", "other_currency"]
FORGERIES = ["tampered", "reserialised", "bad_signature", "signtest", "not_json"]


def test_a_refused_notice_comes_sixteen_times_and_no_more(sandbox: Sandbox, merchant: Merchant, shop: Shop) -> None:
    shop.status = 500
    merchant.order()
    due = datetime.fromisoformat(sandbox.pay("order-0001")["paid_at"])
    sandbox.settle()
    assert len(shop.received) == 1
    for count, seconds in enumerate(SCHEDULE, start=2):
        due += timedelta(seconds=seconds)
        left = due - datetime.fromisoformat(sandbox.clock()["now"])
        sandbox.advance(left.total_seconds() - 5)
        assert len(shop.received) == count - 1
        sandbox.advance(5)
        assert len(shop.received) == count
    sandbox.advance(30 * DAY)
    assert len(shop.received) == 16
    ids = {json.loads(body)["id"] for _, body in shop.received}
    signatures = {headers["Wechatpay-Signature"] for headers, _ in shop.received}
    assert (len(ids), len(signatures)) == (1, 16)


def test_a_day_passes_in_a_moment(sandbox: Sandbox, merchant: Merchant, shop: Shop) -> None:
    shop.status = 503
    merchant.order()
    sandbox.pay("order-0001")
    sandbox.advance(2 * DAY)
    assert [delivery["attempt"] for delivery in sandbox.log("order-0001")["deliveries"]] == list(range(1, 17))


@pytest.mark.parametrize("status", [200, 204])
def test_a_good_reply_ends_the_retries(sandbox: Sandbox, merchant: Merchant, shop: Shop, status: int) -> None:
    shop.status = 500
    merchant.order()
    sandbox.pay("order-0001")
    sandbox.settle()
    shop.status = status
    sandbox.advance(2 * DAY)
    assert [delivery["status"] for delivery in sandbox.log()["deliveries"]] == [500, status]


def test_a_redirect_is_not_followed_and_not_good(sandbox: Sandbox, merchant: Merchant, shop: Shop) -> None:
    shop.status = 302
    merchant.order()
    sandbox.pay("order-0001")
    sandbox.advance(15)
    assert [delivery["status"] for delivery in sandbox.log()["deliveries"]] == [302, 302]


def test_five_seconds_are_all_a_shop_has(sandbox: Sandbox, merchant: Merchant, shop: Shop) -> None:
    shop.pause = 6
    merchant.order()
    sandbox.pay("order-0001")
    sandbox.settle()
    [delivery] = sandbox.log()["deliveries"]
    assert delivery["status"] is None
    assert 4900 < delivery["took_ms"] < 6000


def test_two_copies_come_a_second_apart_and_do_not_wait_for_each_other(
    sandbox: Sandbox, merchant: Merchant, shop: Shop
) -> None:
    shop.pause = 2
    merchant.order()
    began = time.monotonic()
    sandbox.pay("order-0001", copies=2)
    sandbox.settle()
    assert time.monotonic() - began < 4
    assert len({body for _, body in shop.received}) == 1
    assert len(shop.received) == 2


def test_a_lost_notice_never_comes(sandbox: Sandbox, merchant: Merchant, shop: Shop) -> None:
    merchant.order()
    sandbox.pay("order-0001", lose=True)
    sandbox.advance(2 * DAY)
    assert shop.received == []
    assert merchant.query()[1]["trade_state"] == "SUCCESS"


def test_a_delayed_notice_comes_when_business_time_says(sandbox: Sandbox, merchant: Merchant, shop: Shop) -> None:
    merchant.order()
    sandbox.pay("order-0001", delay=3600)
    sandbox.advance(3590)
    assert shop.received == []
    sandbox.advance(10)
    assert len(shop.received) == 1


def test_overrides_are_what_is_told_and_booked(sandbox: Sandbox, merchant: Merchant, shop: Shop) -> None:
    merchant.order()
    sandbox.pay("order-0001", amount=887, currency="JPY", mchid="1900000000", paid_at="2026-11-01T12:00:00Z")
    sandbox.settle()
    [(headers, body)] = shop.received
    told = merchant.sdk.callback(headers, body)["resource"]
    assert told == merchant.query()[1]
    assert (told["amount"]["total"], told["amount"]["currency"], told["mchid"]) == (887, "JPY", "1900000000")
    assert told["success_time"] == "2026-11-01T20:00:00+08:00"
    assert sandbox.book()["wechat_pay"]["totals"] == {"JPY": 887}


def test_a_crafted_duplicate_is_the_same_event(sandbox: Sandbox, merchant: Merchant, shop: Shop) -> None:
    merchant.order()
    booked = sandbox.pay("order-0001", lose=True)
    assert sandbox.notify("order-0001", copies=20) == [204] * 20
    assert {json.loads(body)["id"] for _, body in shop.received} == {booked["event_id"]}
    sandbox.notify("order-0001", copies=5, fresh_ids=True)
    assert len({json.loads(body)["id"] for _, body in shop.received}) == 6


@pytest.mark.parametrize("variant", WRONG_FACTS)
def test_wrong_facts_are_well_signed(sandbox: Sandbox, merchant: Merchant, shop: Shop, variant: str) -> None:
    merchant.order()
    assert sandbox.notify("order-0001", variant) == [204]
    [(headers, body)] = shop.received
    told = merchant.sdk.callback(headers, body)["resource"]
    assert told["trade_state"] == "SUCCESS"
    true = {
        "mchid": merchant.env["WECHAT_PAY_MCHID"],
        "appid": merchant.env["WECHAT_PAY_APPID"],
        "out_trade_no": "order-0001",
        "amount": {"total": 888, "payer_total": 888, "currency": "CNY", "payer_currency": "CNY"},
    }
    assert sum(told[name] != value for name, value in true.items()) == 1


@pytest.mark.parametrize("variant", FORGERIES)
def test_forgeries_do_not_verify(sandbox: Sandbox, merchant: Merchant, shop: Shop, variant: str) -> None:
    merchant.order()
    sandbox.notify("order-0001", variant)
    [(headers, body)] = shop.received
    answer = Answer(headers, body)
    if variant == "not_json":
        Signer(sandbox).verify(answer)
    else:
        with pytest.raises((InvalidSignature, ValueError)):
            Signer(sandbox).verify(answer)


def test_headers_can_be_wrong_or_missing(sandbox: Sandbox, merchant: Merchant, shop: Shop) -> None:
    merchant.order()
    sandbox.notify("order-0001", "stale")
    sandbox.notify("order-0001", "unknown_serial")
    sandbox.notify("order-0001", "other_type")
    sandbox.notify("order-0001", "missing_header", header="Wechatpay-Nonce")
    sandbox.notify("order-0001", "no_headers")
    stale, unknown, other_type, missing, none = [headers for headers, _ in shop.received]
    assert time.time() - int(stale["Wechatpay-Timestamp"]) > 3500
    assert unknown["Wechatpay-Serial"] != merchant.env["WECHAT_PAY_PUBLIC_KEY_ID"]
    assert other_type["Wechatpay-Signature-Type"] != stale["Wechatpay-Signature-Type"]
    assert "Wechatpay-Nonce" not in missing
    assert not [name for name in none if name.startswith("Wechatpay")]


def test_the_wrong_seal_does_not_open(sandbox: Sandbox, merchant: Merchant, shop: Shop) -> None:
    merchant.order()
    sandbox.notify("order-0001", "wrong_key")
    assert merchant.sdk.callback(*shop.received[0]) is None


def test_nothing_true_is_told_of_an_unpaid_order(sandbox: Sandbox, merchant: Merchant) -> None:
    merchant.order()
    with pytest.raises(SandboxError, match="409"):
        sandbox.notify("order-0001")
    sandbox.notify("order-0001", "tampered")
    assert merchant.query()[1]["trade_state"] == "NOTPAY"
    assert sandbox.book()["wechat_pay"]["payments"] == []


def test_after_a_rotation_notices_are_signed_with_the_new_key(sandbox: Sandbox, merchant: Merchant, shop: Shop) -> None:
    new = sandbox.rotate()
    merchant.order()
    sandbox.pay("order-0001")
    sandbox.settle()
    [(headers, body)] = shop.received
    assert headers["Wechatpay-Serial"] == new["public_key_id"]
    assert merchant.query()[0] == 200, "answers are signed with the key the merchant asks for"
    merchant.sdk._core._public_key_id = new["public_key_id"]
    merchant.sdk._core._public_key = load_pem_public_key(new["public_key"].encode())
    assert merchant.sdk.callback(headers, body)["resource"]["out_trade_no"] == "order-0001"


class Answer:
    """A notice in the shape that the signer verifies."""

    def __init__(self, headers: dict[str, str], content: bytes) -> None:
        self.headers: Any = headers
        self.content = content
