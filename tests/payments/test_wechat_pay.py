"""Reading what WeChat Pay says of a payment: only what our books can take is evidence."""

from typing import Any

import pytest

from portal.payments.providers.wechat_pay import _evidence, _judge

PAID: dict[str, Any] = {
    "out_trade_no": "SH1",
    "transaction_id": "4200001",
    "success_time": "2026-11-21T12:00:00+08:00",
    "amount": {"total": 4500, "payer_total": 4400, "currency": "CNY"},
}


def test_the_amount_is_the_orders_not_what_was_left_after_coupons() -> None:
    evidence = _evidence(PAID)
    assert (evidence.amount, evidence.currency, evidence.paid_at.isoformat()) == (4500, "CNY", PAID["success_time"])


@pytest.mark.parametrize(
    "change",
    [
        *({"amount": {"total": total}} for total in (0, -1, 45.0, "4500", True, None)),
        {"amount": {"total": 4500, "currency": "KRW"}},
        {"amount": {}},
        *({"amount": odd} for odd in ("45", [4500], 4500, None)),
        {"amount": {"total": 10**30, "currency": "CNY"}},
        {"success_time": "0001-01-01T00:00:00+08:00"},
        *({"transaction_id": odd} for odd in (None, 42, "", "4\x002", "x" * 65, "４２")),
        *({"out_trade_no": odd} for odd in (None, "SH\ud800", ["SH1"])),
        {"success_time": "2026-11-21T12:00:00"},
        {"success_time": "yesterday"},
        {"success_time": None},
    ],
)
def test_anything_else_is_no_payment(change: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        _evidence(PAID | change)


@pytest.mark.parametrize(
    ("status", "code", "result"),
    [
        (200, "", "done"),
        (204, "", "done"),
        (400, "PARAM_ERROR", "refused"),
        (404, "ORDER_NOT_EXIST", "refused"),
        (400, "ORDER_PAID", "unknown"),
        (400, "ORDER_CLOSED", "unknown"),
        (429, "FREQUENCY_LIMITED", "unknown"),
        (500, "SYSTEM_ERROR", "unknown"),
        (502, "", "unknown"),
    ],
)
def test_only_a_definite_refusal_is_a_refusal(status: int, code: str, result: str) -> None:
    assert _judge(status, {"code": code})[0] == result
