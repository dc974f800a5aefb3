"""Every rule of a parameter: a table of requests refused, each one change away from a request that passes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.signer import Draft, Signer
from tests.support.sandbox import Sandbox

GOODS = {"merchant_goods_id": "g1", "quantity": 1, "unit_price": 100}
PASSES: dict[str, dict[str, Any]] = {
    "smallest": {},
    "currency left out": {"amount": {"total": 1}},
    "description of 127": {"description": "店" * 127},
    "number with all signs": {"out_trade_no": "aZ09_-|*"},
    "number of 32": {"out_trade_no": "n" * 32},
    "attach of 128": {"attach": "a" * 128},
    "tag": {"goods_tag": "WXG"},
    "limit": {"limit_pay": ["no_credit"]},
    "fapiao": {"support_fapiao": True},
    "detail": {"detail": {"cost_price": 1, "invoice_id": "i", "goods_detail": [GOODS]}},
    "scene": {"scene_info": {"payer_client_ip": "14.23.150.211", "device_id": "1", "store_info": {"id": "1"}}},
    "settle": {"settle_info": {"profit_sharing": False}},
    "deadline": {"time_expire": (datetime.now(UTC) + timedelta(days=89)).isoformat(timespec="seconds")},
    "private address": {"notify_url": "http://192.168.1.20:8000/n"},
}
REFUSED: dict[str, tuple[int, str, int, dict[str, Any]]] = {
    "unknown parameter": (400, "PARAM_ERROR", 270924358, {"colour": "red"}),
    "unknown inner parameter": (400, "PARAM_ERROR", 270924358, {"amount": {"total": 888, "payer_total": 888}}),
    "null": (500, "SYSTEM_ERROR", 268435462, {"attach": None}),
    "inner null": (500, "SYSTEM_ERROR", 268435462, {"amount": {"total": 888, "currency": None}}),
    "float": (400, "PARAM_ERROR", 268435461, {"amount": {"total": 888.0}}),
    "amount as text": (400, "PARAM_ERROR", 268435461, {"amount": {"total": "888"}}),
    "amount true": (400, "PARAM_ERROR", 268435461, {"amount": {"total": True}}),
    "amount zero": (400, "PARAM_ERROR", 268435464, {"amount": {"total": 0}}),
    "amount negative": (400, "PARAM_ERROR", 268435464, {"amount": {"total": -1}}),
    "amount huge": (400, "PARAM_ERROR", 268435464, {"amount": {"total": 10**12}}),
    "amount of thirty digits": (400, "PARAM_ERROR", 268435461, {"amount": {"total": 10**30}}),
    "amount missing": (400, "PARAM_ERROR", 268435461, {"amount": ...}),
    "amount a number": (400, "PARAM_ERROR", 268435461, {"amount": 888}),
    "pounds": (400, "PARAM_ERROR", 268435461, {"amount": {"total": 888, "currency": "GBP"}}),
    "description missing": (400, "PARAM_ERROR", 268435461, {"description": ...}),
    "description empty": (400, "PARAM_ERROR", 268435464, {"description": ""}),
    "description of 128": (400, "PARAM_ERROR", 268435464, {"description": "店" * 128}),
    "description a number": (400, "PARAM_ERROR", 268435461, {"description": 5}),
    "description with NUL": (400, "PARAM_ERROR", 268435461, {"description": "a\x00b"}),
    "description with half a letter": (400, "PARAM_ERROR", 268435461, {"description": "\ud83d"}),
    "number of 5": (400, "PARAM_ERROR", 268435464, {"out_trade_no": "short"}),
    "number of 33": (400, "PARAM_ERROR", 268435464, {"out_trade_no": "n" * 33}),
    "number with a slash": (400, "PARAM_ERROR", 268435461, {"out_trade_no": "order/0001"}),
    "number with a line": (400, "PARAM_ERROR", 268435461, {"out_trade_no": "order-0001\n"}),
    "number in wide digits": (400, "PARAM_ERROR", 268435461, {"out_trade_no": "１２３４５６７"}),
    "attach of 129": (400, "PARAM_ERROR", 268435464, {"attach": "a" * 129}),
    "limit a text": (400, "PARAM_ERROR", 268435461, {"limit_pay": "no_credit"}),
    "limit empty": (400, "PARAM_ERROR", 268435461, {"limit_pay": []}),
    "fapiao as text": (400, "PARAM_ERROR", 268435461, {"support_fapiao": "true"}),
    "goods without price": (
        400,
        "PARAM_ERROR",
        268435461,
        {"detail": {"goods_detail": [{"merchant_goods_id": "g", "quantity": 1}]}},
    ),
    "scene without address": (400, "PARAM_ERROR", 268435461, {"scene_info": {"device_id": "1"}}),
    "address missing": (400, "PARAM_ERROR", 268435461, {"notify_url": ...}),
    "address with query": (400, "PARAM_ERROR", 268435461, {"notify_url": "https://shop.example/n?a=1"}),
    "address plain": (400, "PARAM_ERROR", 268435461, {"notify_url": "http://shop.example/n"}),
    "address of a file": (400, "PARAM_ERROR", 268435461, {"notify_url": "file:///etc/passwd"}),
    "address broken": (400, "PARAM_ERROR", 268435461, {"notify_url": "https://[::1"}),
    "address of 256": (400, "PARAM_ERROR", 268435464, {"notify_url": "https://shop.example/" + "n" * 235}),
    "deadline without zone": (400, "PARAM_ERROR", 268435461, {"time_expire": "2026-12-01T00:00:00"}),
    "deadline with a space": (400, "PARAM_ERROR", 268435461, {"time_expire": "2026-12-01 00:00:00+08:00"}),
    "deadline no day": (400, "PARAM_ERROR", 268435461, {"time_expire": "2026-02-30T00:00:00+08:00"}),
    "deadline past": (400, "PARAM_ERROR", 268435464, {"time_expire": "2020-01-01T00:00:00+08:00"}),
    "deadline too far": (400, "PARAM_ERROR", 268435464, {"time_expire": "9998-01-01T00:00:00+08:00"}),
    "other app": (400, "APPID_MCHID_NOT_MATCH", 268445527, {"appid": "wx0000000000000000"}),
    "other merchant": (401, "SIGN_ERROR", 268443699, {"mchid": "1900000000"}),
}
BODIES = {
    "empty": b"",
    "not JSON": b"{",
    "not an object": b"[]",
    "NaN": b'{"amount":{"total":NaN}}',
    "repeated name": b'{"mchid":"1","mchid":"1"}',
    "not UTF-8": b'{"mchid":"\xff"}',
    "deep": b"[" * 100_000,
}


@pytest.fixture
def signer(sandbox: Sandbox) -> Signer:
    return Signer(sandbox)


@pytest.mark.parametrize("name", PASSES)
def test_a_good_order_passes(signer: Signer, name: str) -> None:
    answer = signer.native(**PASSES[name])
    assert answer.status_code == 200, answer.text
    assert answer.headers["Request-ID"].endswith("-0")


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_order_is_refused(signer: Signer, name: str) -> None:
    status, code, number, changes = REFUSED[name]
    answer = signer.native(**changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["Request-ID"].endswith(f"-{number}")
    assert signer.native().status_code == 200, "the untouched order passes, so nothing was kept of the wrong one"


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_not_strict_json_is_refused(signer: Signer, name: str) -> None:
    answer = signer.send(Draft(body=BODIES[name]))
    assert (answer.status_code, answer.json()["code"]) == (400, "PARAM_ERROR")


@pytest.mark.parametrize("header", ["Accept", "User-Agent", "Content-Type"])
def test_a_missing_header_is_refused(signer: Signer, header: str) -> None:
    value = {"Accept": "text/html", "User-Agent": "", "Content-Type": "text/plain"}[header]
    answer = signer.send(Draft(body=json.dumps(signer.order()).encode(), headers={header: value}))
    assert (answer.status_code, answer.json()["detail"]["field"]) == (400, header)


def test_a_close_is_as_strict(signer: Signer) -> None:
    signer.native()
    mchid = signer.env["WECHAT_PAY_MCHID"]
    assert signer.close(body={}).status_code == 400
    assert signer.close(body={"mchid": mchid, "reason": "x"}).headers["Request-ID"].endswith("-270924358")
    assert signer.close(body={"mchid": "1900000000"}).status_code == 401
    assert signer.close("no").status_code == 400
    assert signer.close().status_code == 204


def test_a_query_is_as_strict(signer: Signer) -> None:
    signer.native()
    mchid = signer.env["WECHAT_PAY_MCHID"]
    assert signer.query(suffix="").status_code == 400
    assert signer.query(suffix="?mchid=1900000000").headers["Request-ID"].endswith("-268447843")
    assert signer.query(suffix=f"?mchid={mchid}&mchid={mchid}").status_code == 400
    assert signer.query(suffix=f"?mchid={mchid}&a=1").headers["Request-ID"].endswith("-270924358")
    assert signer.query("%00%00%00%00%00%00").status_code == 400
    assert signer.query().status_code == 200


def test_an_unknown_address_is_404_and_signed(signer: Signer) -> None:
    answer = signer.send(Draft("GET", "/v3/nothing"))
    assert (answer.status_code, answer.json()["code"]) == (404, "RESOURCE_NOT_EXISTS")
    signer.verify(answer)
