"""Texts that no field takes, and what an answer to them must look like."""

from typing import Any

from flask.testing import FlaskClient

NEVER = ["\x00", "a\x00b", "a\x07b", "a\u202eb", "a\u2066b", "a\u200fb", "a\x85b", "a\ufffe\x1bb", "x" * 6000]
"""Control and direction-changing characters, and too much of anything."""
NUMBERS = ["NaN", "Infinity", "1e308", "-1", "１２", "١٢", "1_000", "12.505", "9" * 30, "0x10", "1,5", "--1", ".", "1."]
INERT = [
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}",
    "${7*7}",
    "../../etc/passwd",
    "=cmd()",
    "%s%n",
    "𝒳🦊",
]
"""Texts that are fine where a text is wanted, and must do nothing."""


def check_refused(client: FlaskClient, address: str, fields: dict[str, Any], name: str, value: Any) -> None:
    """Post ``fields`` with one changed: 422, the message beside its field, and the other fields still as typed."""
    answer = client.post(address, data=fields | {name: value})
    assert answer.status_code == 422, (name, value, answer.status_code)
    assert f'id="{name}-error"' in answer.text, (name, value)
    for other, typed in fields.items():
        if other != name and typed:
            assert str(typed) in answer.text, (name, value, other)


def check_all_refused(client: FlaskClient, address: str, fields: dict[str, Any]) -> None:
    """Try every hostile text, a repetition and a file in every field, and a field that nobody asked for."""
    for name in fields:
        for value in (*NEVER, [str(fields[name]), "second"]):
            check_refused(client, address, fields, name, value)
    for extra in ("id", "public_id", "business_id", "is_listed", "product_count", "shown_since", "currency_", "csrf"):
        answer = client.post(address, data=fields | {extra: "1"})
        assert answer.status_code == 422, extra
    assert client.post(address, json=fields).status_code == 422
    assert client.post(address, data={}).status_code == 422
