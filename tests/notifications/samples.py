"""The facts of one notice of each kind; a kind without its sample fails, and so does a sample unlike what is told."""

from typing import Any

_ABOUT = {"business": "biz_1", "business_name": "Lantern Coffee", "slug": "lantern-coffee"}
_PAID = {"amount": 500, "currency": "GBP", "settled_amount": 4500, "settled_currency": "CNY"}
_PAYMENT = _ABOUT | _PAID | {"session": "ps_1", "transaction": "txn_1"}
_LINES = [
    {"code": "pro", "quantity": 1, "unit_amount": 300, "amount": 300, "derivation": {}},
    {"code": "branch", "quantity": 2, "unit_amount": 100, "amount": 200, "derivation": {}},
]
SAMPLES: dict[str, dict[str, Any]] = {
    "subscription_started": _ABOUT
    | _PAID
    | {
        "session": "ps_1",
        "outcome": "paid",
        "tier": "pro",
        "invoice": "inv_1",
        "number": "INV-2026-000001",
        "starts_on": "2026-03-01",
        "last_on": "2026-03-31",
        "lines": _LINES,
    },
    "subscription_changed": _ABOUT
    | {
        "tier": "enterprise",
        "session": "ps_1",
        "amount": 120,
        "currency": "GBP",
        "lines": [{**line, "unit": 0} for line in _LINES],
    },
    "payment_received": _PAYMENT | {"outcome": "paid", "number": "INV-2026-000002"},
    "payment_credited": _PAYMENT | {"outcome": "credited", "number": None},
    "payment_held": _PAYMENT | {"outcome": "held", "number": "INV-2026-000002"},
    "payment_in_review": _PAYMENT | {"outcome": "review", "number": None},
    "team_joined": _ABOUT | {"member_name": "Mona", "role": "manager"},
}
