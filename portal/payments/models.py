"""Tables of collecting money. Constraints of migration 0007 hold what code may get wrong."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.db import Amount, Base, Key
from portal.kit.money import Money


class PaymentSession(Base):
    """The collection of one amount: what is owed, what is asked for in the wallet's currency, and until when."""

    __tablename__ = "payment_sessions"

    id: Mapped[Key]
    public_id: Mapped[str]
    customer_id: Mapped[UUID]
    invoice_id: Mapped[UUID]
    subscription_id: Mapped[UUID]
    subscription_version: Mapped[int]
    provider: Mapped[str]
    method_id: Mapped[UUID | None]
    """The stored card that pays; None where a wallet does."""
    is_automatic: Mapped[bool] = mapped_column(default=False)
    """Charged without its holder."""
    status: Mapped[str] = mapped_column(default="created")
    amount: Mapped[Amount]
    arrears_amount: Mapped[Amount] = mapped_column(default=0)
    """The part of it that pays what was owed before."""
    currency: Mapped[str]
    settlement_amount: Mapped[Amount]
    settlement_currency: Mapped[str]
    rate: Mapped[Decimal | None]
    rate_on: Mapped[date | None]
    quoted_on: Mapped[date]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    watch_until: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    paid_late_at: Mapped[datetime | None]
    failure: Mapped[str | None]

    @property
    def owed(self) -> Money:
        """What the payment settles, in the customer's currency."""
        return Money(self.amount, self.currency)

    @property
    def arrears(self) -> Money:
        """What of that was owed before."""
        return Money(self.arrears_amount, self.currency)

    @property
    def bill(self) -> Money:
        """What of that its own invoice owes."""
        return self.owed - self.arrears

    @property
    def asked(self) -> Money:
        """What the wallet is asked for."""
        return Money(self.settlement_amount, self.settlement_currency)


class PaymentAttempt(Base):
    """One order at a provider, under our own number, and the money it caught (at most once)."""

    __tablename__ = "payment_attempts"

    id: Mapped[Key]
    session_id: Mapped[UUID] = mapped_column(ForeignKey("payment_sessions.id"))
    invoice_id: Mapped[UUID]
    provider: Mapped[str]
    order_number: Mapped[str]
    status: Mapped[str] = mapped_column(default="created")
    amount: Mapped[Amount]
    currency: Mapped[str]
    payable_until: Mapped[datetime]
    """Sent with every creation of this order: a provider takes a repetition only when it is identical."""
    code_url: Mapped[str | None]
    asks: Mapped[int] = mapped_column(default=0)
    """How often the provider was asked since the last definite answer."""
    created_at: Mapped[datetime]
    provider_transaction_id: Mapped[str | None]
    captured_amount: Mapped[int | None]
    captured_currency: Mapped[str | None]
    captured_at: Mapped[datetime | None]
    disposition: Mapped[str | None]
    """What became of the money: applied, credited, held (paid twice) or suspense (not what was asked for)."""
    refund_amount: Mapped[Amount] = mapped_column(default=0)

    @property
    def asked(self) -> Money:
        """What the provider was told to collect."""
        return Money(self.amount, self.currency)


class MembershipTransaction(Base):
    """The record of one purchase, as its customer sees it in the history."""

    __tablename__ = "membership_transactions"

    id: Mapped[Key]
    public_id: Mapped[str]
    order_id: Mapped[str]
    customer_id: Mapped[UUID]
    invoice_id: Mapped[UUID]
    session_id: Mapped[UUID | None]
    type: Mapped[str]
    amount: Mapped[Amount]
    cost_amount: Mapped[Amount]
    currency: Mapped[str]
    method: Mapped[str]
    status: Mapped[str] = mapped_column(default="pending")
    error_message: Mapped[str | None]
    facts: Mapped[dict[str, Any]] = mapped_column("metadata", default=dict)
    created_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]


class PaymentRefund(Base):
    """Money that must go back, under our own refund number; approved by somebody other than who asked."""

    __tablename__ = "payment_refunds"

    id: Mapped[Key]
    public_id: Mapped[str]
    customer_id: Mapped[UUID]
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("payment_attempts.id"))
    session_id: Mapped[UUID]
    refund_number: Mapped[str]
    amount: Mapped[Amount]
    currency: Mapped[str]
    reason: Mapped[str]
    status: Mapped[str] = mapped_column(default="requested")
    requested_by: Mapped[UUID | None]
    approved_by: Mapped[UUID | None]
    created_at: Mapped[datetime]


class PaymentMethod(Base):
    """A stored way to pay: its ids at the provider who keeps it, and what its holder knows it by. Never a number."""

    __tablename__ = "payment_methods"

    id: Mapped[Key]
    public_id: Mapped[str]
    customer_id: Mapped[UUID]
    provider: Mapped[str]
    status: Mapped[str] = mapped_column(default="created")
    provider_customer: Mapped[str | None]
    provider_setup: Mapped[str | None]
    provider_method: Mapped[str | None]
    setup_url: Mapped[str | None]
    """The provider's page, while a card can be typed there."""
    brand: Mapped[str | None]
    last4: Mapped[str | None]
    exp_month: Mapped[int | None]
    exp_year: Mapped[int | None]
    is_default: Mapped[bool] = mapped_column(default=False)
    asks: Mapped[int] = mapped_column(default=0)
    """How often the provider was asked since the last definite answer."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class PaymentEvent(Base):
    """A verified message of a provider, stored once before anything is done about it."""

    __tablename__ = "payment_events"

    id: Mapped[Key]
    provider: Mapped[str]
    event_id: Mapped[str]
    kind: Mapped[str]
    order_number: Mapped[str | None]
    body: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(default="received")
    outcome: Mapped[str | None]
    received_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    processed_at: Mapped[datetime | None]


class ProviderCall(Base):
    """One exchange with a provider about an attempt: what we asked, what came back, how long it took."""

    __tablename__ = "provider_calls"

    id: Mapped[Key]
    attempt_id: Mapped[UUID] = mapped_column(ForeignKey("payment_attempts.id"))
    operation: Mapped[str]
    result: Mapped[str]
    http_status: Mapped[int | None]
    detail: Mapped[str] = mapped_column(default="")
    milliseconds: Mapped[int]
    times: Mapped[int] = mapped_column(default=1)
    """How often in a row the same question got the same answer; ``milliseconds`` is the last one's."""
    called_at: Mapped[datetime]
    last_called_at: Mapped[datetime]
