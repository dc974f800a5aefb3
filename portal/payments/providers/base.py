"""What every provider can be asked and how it answers: definite, refused, or unknown, which is not failed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from portal.kit.money import Money


class Result(StrEnum):
    """How a call ended: done, refused for good, or nobody knows (a time-out, a 5xx, an answer we cannot trust)."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class OrderState(StrEnum):
    """What a provider knows of one of our order numbers."""

    PAID = "paid"
    UNPAID = "unpaid"
    CLOSED = "closed"
    ABSENT = "absent"


class SetupState(StrEnum):
    """How far the storing of a card is: its holder may still type it, has done so, or the page has ended."""

    OPEN = "open"
    DONE = "done"
    EXPIRED = "expired"


class ChargeOutcome(StrEnum):
    """What a bank said to the charge of a stored card; an answer that nobody knows of has none."""

    SUCCEEDED = "succeeded"
    SOFT_DECLINE = "soft_decline"
    HARD_DECLINE = "hard_decline"
    AUTHENTICATION = "authentication"
    """Only its holder can go on, at a page of the provider."""


@dataclass(frozen=True, slots=True)
class ChargeOrder:
    """An order to create; repeating it with the same values is safe."""

    order_number: str
    money: Money
    description: str
    payable_until: datetime


@dataclass(frozen=True, slots=True)
class PaymentEvidence:
    """What a provider says of a payment, verified as its word but not yet compared with ours.

    ``amount`` is minor units of ``currency`` as the provider names it; ``paid_at`` is the provider's time.
    """

    provider: str
    order_number: str
    transaction_id: str
    amount: int
    currency: str
    paid_at: datetime

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored with an event."""
        return {
            "provider": self.provider,
            "order_number": self.order_number,
            "transaction_id": self.transaction_id,
            "amount": self.amount,
            "currency": self.currency,
            "paid_at": self.paid_at.isoformat(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "PaymentEvidence":
        """Read it back as it was stored."""
        return cls(**{**stored, "paid_at": datetime.fromisoformat(stored["paid_at"])})


@dataclass(frozen=True, slots=True)
class SetupOrder:
    """A card to be stored at the provider's page; repeating it with the same values is safe.

    ``reference`` and ``customer_reference`` are our own public ids; ``customer`` is the provider's id of the customer,
    once it has one.
    """

    reference: str
    customer_reference: str
    customer: str | None
    name: str
    done_url: str
    cancel_url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class StoredCard:
    """A card as the provider keeps it: its id there, and what its holder knows it by."""

    method: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True, slots=True)
class Setup:
    """How far the storing of a card is. ``card`` is there once it is done, ``url`` while it is open."""

    setup: str
    reference: str
    customer: str
    state: SetupState
    url: str | None = None
    card: StoredCard | None = None


@dataclass(frozen=True, slots=True)
class StoredCharge:
    """A charge of a stored card under our own number; repeating it with the same values is safe.

    ``return_url`` is our page that its holder comes back to from their bank's; None where they are not there.
    """

    order_number: str
    money: Money
    description: str
    customer: str
    method: str
    return_url: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's answer to one call; which optional fields are there depends on the call.

    ``code_url`` is what leads a payer on: the text of a code, or the page on which a bank asks whether it is they.
    """

    operation: str
    result: Result
    http_status: int | None
    detail: str
    milliseconds: int
    code_url: str | None = None
    state: OrderState | None = None
    evidence: PaymentEvidence | None = None
    setup: Setup | None = None
    outcome: ChargeOutcome | None = None

    @property
    def is_decline(self) -> bool:
        """Whether a bank refused a card, also because it wants its holder, who is not there."""
        return self.outcome not in (None, ChargeOutcome.SUCCEEDED) and self.code_url is None


@dataclass(frozen=True, slots=True)
class Notification:
    """A message whose signature holds. ``evidence`` is None where it is signed but not for us, or not a payment."""

    event_id: str
    kind: str
    order_number: str | None
    evidence: PaymentEvidence | None
    quarantine: str | None = None
    body: dict[str, Any] = field(default_factory=dict)


class SignatureRejected(Exception):
    """The message does not prove that the provider sent it; nothing may happen because of it."""


class Headers(Protocol):
    """The headers of a request, whatever the case of their names."""

    def get(self, key: str, default: str, /) -> str: ...
    def __getitem__(self, key: str, /) -> str: ...


class Listened(Protocol):
    """Somebody who sends us messages."""

    name: str

    def read_notification(self, headers: Headers, body: bytes) -> Notification:
        """Verify a message on its raw bytes.

        :raises SignatureRejected: where anything about the proof is wrong.
        """


class Provider(Listened, Protocol):
    """A way to collect money. Calls may take seconds and are never made inside a transaction."""

    settles_in: str
    valid_until: datetime | None
    """When the proof of who we are runs out; None where that is not known."""

    def create_charge(self, order: ChargeOrder) -> Answer:
        """Create the order, or create it again identically; the answer carries ``code_url``."""

    def query(self, order_number: str) -> Answer:
        """Ask what became of an order; the answer carries ``state`` and, when paid, ``evidence``."""

    def close(self, order_number: str) -> Answer:
        """Close an unpaid order; a refusal must be followed by a query."""


class MethodKeeper(Listened, Protocol):
    """Who keeps cards for us and charges them without their holder. Calls are made as those of a provider are."""

    def begin_setup(self, order: SetupOrder) -> Answer:
        """Open the page where a card is typed; the answer carries ``setup``."""

    def query_setup(self, setup: str) -> Answer:
        """Ask how far it is; the answer carries ``setup``."""

    def forget_method(self, method: str) -> Answer:
        """Drop a stored card for good; one that is gone is dropped already."""

    def charge_stored(self, charge: StoredCharge) -> Answer:
        """Charge a stored card; a definite answer carries ``outcome`` and, where it succeeded, ``evidence``.

        Where its holder is there and their bank asks for them, it carries ``code_url``.
        """

    def query_charge(self, charge: StoredCharge, since: datetime) -> Answer:
        """Ask what became of a charge made after ``since``; ``state`` is absent where nobody heard of it."""

    def close_charge(self, charge: StoredCharge, since: datetime) -> Answer:
        """See to it that a charge made after ``since`` is never paid; a refusal must be followed by a query."""
