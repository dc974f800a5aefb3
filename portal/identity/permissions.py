"""The table of roles and rights (product.md, *Who may do what*). It decides nothing else and reads nothing."""

from enum import StrEnum

USE_ACCOUNT = "account:use"
"""The right of everybody who is logged in: pages of their own, without a business."""


class Role(StrEnum):
    """What somebody is to a business."""

    OWNER = "owner"
    MANAGER = "manager"
    VIEWER = "viewer"


class OperatorRole(StrEnum):
    """What somebody is to the operator of the directory."""

    SUPPORT = "support"
    FINANCE = "finance"
    ADMIN = "admin"


_READ = frozenset({"business:view", "billing:view"})
_CATALOGUE = frozenset({"branches:edit", "products:edit"})
SPENDING = frozenset({"billing:pay", "billing:change"})
"""What costs money; a manager has it only when an owner allows it."""

RIGHTS = {
    Role.VIEWER: _READ,
    Role.MANAGER: _READ | _CATALOGUE,
    Role.OWNER: _READ | _CATALOGUE | SPENDING | {"business:edit", "team:manage", "methods:manage"},
}
OPERATOR_RIGHTS = {
    OperatorRole.SUPPORT: frozenset({"console:view"}),
    OperatorRole.FINANCE: frozenset({"console:view", "console:refunds", "console:jobs"}),
    OperatorRole.ADMIN: frozenset({"console:view", "console:jobs", "console:clock"}),
}
BUSINESS_RIGHTS = RIGHTS[Role.OWNER]
CONSOLE_RIGHTS = frozenset().union(*OPERATOR_RIGHTS.values())


def can(role: str, may_spend: bool, right: str) -> bool:
    """Whether a member of a business's team with ``role`` has ``right`` there.

    :param may_spend: an owner allowed this manager to pay and to change the tier.
    """
    return right in RIGHTS[Role(role)] or (may_spend and role == Role.MANAGER and right in SPENDING)


def operator_can(role: str, right: str) -> bool:
    """Whether an operator with ``role`` has ``right`` in the console."""
    return right in OPERATOR_RIGHTS[OperatorRole(role)]
