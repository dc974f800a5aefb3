"""The table of roles and rights says what product.md says."""

import pytest

from portal.identity.permissions import BUSINESS_RIGHTS, can, operator_can

READS = {"business:view", "billing:view"}
CATALOGUE = READS | {"branches:edit", "products:edit"}
SPENDING = {"billing:pay", "billing:change"}
EVERYTHING = CATALOGUE | SPENDING | {"business:edit", "team:manage", "methods:manage"}


@pytest.mark.parametrize(
    ("role", "may_spend", "rights"),
    [
        ("owner", False, EVERYTHING),
        ("manager", False, CATALOGUE),
        ("manager", True, CATALOGUE | SPENDING),
        ("viewer", False, READS),
        ("viewer", True, READS),
    ],
)
def test_each_role_has_its_rights_and_no_other(role, may_spend, rights):
    assert {right for right in BUSINESS_RIGHTS if can(role, may_spend, right)} == rights
    assert not can(role, may_spend, "console:view")


@pytest.mark.parametrize(("role", "may_refund"), [("support", False), ("finance", True), ("admin", False)])
def test_only_finance_sends_money_back(role, may_refund):
    assert operator_can(role, "console:view")
    assert operator_can(role, "console:refunds") is may_refund
