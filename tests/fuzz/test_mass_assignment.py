"""F2, F4: a field that a form does not have is refused, whatever column of ours it names, and changes nothing."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import inspect

from portal.app import BLUEPRINTS
from portal.kit.db import Base
from tests.fuzz.conftest import Field
from tests.fuzz.targets import AS_SENT, Target
from tests.fuzz.test_forms import told, try_all
from tests.support.proving import sample, seed

Saw = Callable[[str], None]
WISHES = {"role": "owner", "operator_role": "admin", "status": "active", "balance": "1000000", "is_listed": "true"}
"""What somebody would like a column to be; any other is wished to be 1."""
PRICES = (
    "amount", "price", "price_amount", "total", "total_amount", "unit_amount", "settlement_amount", "currency",
    "rate", "credit", "credit_amount", "discount", "quantity", "fee", "cost", "captured_amount", "paid_amount",
)  # fmt: skip
MONEY = ("/plan/quote", "/confirm", "/extend", "/cancel", "/main", "/branches/new")


def columns() -> list[str]:
    """The name of every column and relation of every table of ours."""
    assert BLUEPRINTS  # importing them has loaded all models
    names = {key for mapper in Base.registry.mappers for key in inspect(mapper).attrs.keys()}  # noqa: SIM118
    assert {"role", "business_id", "status", "balance", "public_id", "password_hash"} <= names
    return sorted(names)


def extras(field: Field, names: list[str]) -> list[tuple[Target, str, dict[str, Any]]]:
    """Each form that is taken, with one more field."""
    return [
        (target, f"+{name}", {name: WISHES.get(name, "1")})
        for target in field.targets.values()
        if target.rule not in AS_SENT
        for name in names
        if name not in target.fields and name not in target.files
    ]


@pytest.mark.timeout(900)
def test_f4_no_column_can_be_set_from_outside(field: Field, saw: Saw) -> None:
    cases = extras(field, columns())[seed() % 4 :: 4]  # a quarter of all pairs, another one with another seed
    statuses = try_all(field, sample(cases, 50, "columns"))
    assert set(statuses) == {422}
    saw(f"{told(statuses)}, from {len(columns())} names of columns")


def test_f4_no_file_and_no_second_copy_gets_in_either(field: Field, saw: Saw) -> None:
    plain = [target for target in field.targets.values() if target.rule not in AS_SENT]
    cases = [(target, "a file", {"avatar": (io.BytesIO(b"x"), "x.png")}) for target in plain]
    cases += [(target, "two roles", {"role[]": ["owner", "admin"]}) for target in plain]
    cases += [(target, "nested", {"user[role]": "owner"}) for target in plain]
    statuses = try_all(field, sample(cases, 50, "copies"))
    assert set(statuses) == {422}
    saw(told(statuses))


def test_f2_no_price_comes_from_a_client(field: Field, saw: Saw) -> None:
    cases = [case for case in extras(field, list(PRICES)) if case[0].rule.endswith(MONEY)]
    assert len(cases) == len(PRICES) * len({case[0].rule for case in cases}) >= 5 * len(PRICES)
    statuses = try_all(field, sample(cases, 50, "prices"))
    assert set(statuses) == {422}
    saw(f"{told(statuses)}: amounts, prices, rates and currencies beside what is asked for")
