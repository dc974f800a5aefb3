"""The facts of one notice of each kind; a kind without its sample fails, and so does a sample unlike what is told."""

from typing import Any

_ABOUT = {"business": "biz_1", "business_name": "Lantern Coffee", "slug": "lantern-coffee"}
_PAID = {"amount": 500, "currency": "GBP", "settled_amount": 4500, "settled_currency": "CNY"}
_PAYMENT = _ABOUT | _PAID | {"session": "ps_1", "transaction": "txn_1"}
_LINES = [
    {"code": "pro", "quantity": 1, "unit_amount": 300, "amount": 300, "derivation": {}},
    {"code": "branch", "quantity": 2, "unit_amount": 100, "amount": 200, "derivation": {}},
]
_RENEWED = {
    "invoice": "inv_1",
    "number": "INV-2026-000003",
    "starts_on": "2026-04-01",
    "last_on": "2026-04-30",
    "amount": 500,
    "due_amount": 420,
    "carried": 20,
    "is_further": False,
    "currency": "GBP",
    "lines": _LINES,
}
_OVERAGE = _ABOUT | {
    "count": 12,
    "limit": 10,
    "grows": True,
    "ends_on": "2026-03-08",
    "tier": "pro",
    "today": 133,
    "amount": 87,
    "carried": 20,
    "currency": "GBP",
}
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
        "carried": 0,
        "amount": 120,
        "currency": "GBP",
        "lines": [{**line, "unit": 0} for line in _LINES],
    },
    "renewal_announced": _ABOUT
    | {"starts_on": "2026-04-01", "is_pulled": True, "amount": 500, "carried": 20, "currency": "GBP", "lines": _LINES},
    "renewal_due": _ABOUT | _RENEWED,
    "renewal_paid": _ABOUT | _RENEWED,
    "invoice_settled": _ABOUT
    | {"invoice": "inv_1", "number": "INV-2026-000002", "amount": 29, "currency": "GBP", "is_carried": True},
    "branches_settled": _ABOUT
    | {
        "tier": "pro",
        "session": "ps_1",
        "carried": 0,
        "amount": 40,
        "currency": "GBP",
        "lines": [{**line, "unit": 0} for line in _LINES],
    },
    "branches_wait": _ABOUT | {"branches": ["High Street", "Harbour"]},
    "branch_withdrawn": _ABOUT | {"branch": "High Street"},
    "branch_proposed": _ABOUT | {"branch": "High Street"},
    "payment_overdue": _ABOUT
    | {
        "reason": "declined",
        "invoice": "inv_1",
        "number": "INV-2026-000002",
        "amount": 300,
        "carried": 20,
        "currency": "GBP",
        "tried_on": "2026-04-02",
        "hidden_on": "2026-04-15",
    },
    "suspended": _ABOUT
    | {"invoice": "inv_1", "number": "INV-2026-000002", "amount": 140, "currency": "GBP", "ends_on": "2026-05-31"}
    | {"dropped": "starter"},
    "hibernated": _ABOUT
    | {
        "tier": "pro",
        "session": None,
        "carried": 0,
        "amount": -175,
        "currency": "GBP",
        "wakes_on": "2027-05-10",
        "lines": [{**line, "unit": 0} for line in _LINES],
    },
    "woken": _ABOUT
    | {
        "tier": "pro",
        "session": "ps_1",
        "carried": 0,
        "amount": 120,
        "currency": "GBP",
        "lines": [{**line, "unit": 0} for line in _LINES],
    },
    "waking_waits": _ABOUT | {"tier": "pro", "wakes_on": "2027-05-10"},
    "turn_chosen": _ABOUT
    | {"tier": "starter", "turns_on": "2026-04-01", "last_on": "2026-03-31", "credited": ["INV-2026-000003"]},
    "turn_taken_back": _ABOUT | {"tier": None, "turns_on": "2026-04-01"},
    "turned": _ABOUT | {"tier": "starter", "turns_on": "2026-04-01"},
    "subscription_ended": _ABOUT,
    "payment_received": _PAYMENT | {"outcome": "paid", "number": "INV-2026-000002"},
    "prepaid": _PAYMENT | {"outcome": "prepaid", "number": None},
    "payment_credited": _PAYMENT | {"outcome": "credited", "number": None},
    "payment_held": _PAYMENT | {"outcome": "held", "number": "INV-2026-000002"},
    "payment_in_review": _PAYMENT | {"outcome": "review", "number": None},
    "overage_started": _OVERAGE,
    "overage_soon": _OVERAGE | {"grows": False},
    "overage_hidden": _OVERAGE,
    "smaller_tier_fits": _ABOUT
    | {"count": 5, "tier": "starter", "amount": 100, "held_tier": "pro", "held_amount": 300, "currency": "GBP"},
    "team_joined": _ABOUT | {"member_name": "Mona", "role": "manager"},
}
