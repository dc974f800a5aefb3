"""Tables of agreements: subscriptions, their periods and what these hold, and stored quotes."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.db import Amount, Base, Key
from portal.kit.money import Money


class Subscription(Base):
    """A customer's running agreement. ``version`` grows with every change, so that older quotes are recognised."""

    __tablename__ = "subscriptions"

    id: Mapped[Key]
    public_id: Mapped[str]
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id"))
    status: Mapped[str] = mapped_column(default="incomplete")
    mode: Mapped[str] = mapped_column(default="awake")
    tier_code: Mapped[str]
    extra_branches: Mapped[int] = mapped_column(default=0)
    price_version_id: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(default=1)
    renews_at: Mapped[datetime | None]
    """From when on its next period wants something done: announced, invoiced or waited for (``renewal_rules``)."""
    pending_tier_code: Mapped[str | None]
    """The tier that it becomes at its period's end."""
    cancels_at_end: Mapped[bool] = mapped_column(default=False)
    turns_on: Mapped[date | None]
    """The first day on which either of them is so."""
    anchor_on: Mapped[date | None]
    wakes_on: Mapped[date | None]
    can_shrink: Mapped[bool] = mapped_column(default=False)
    """Whether a lower tier that has held all products for a week is chosen for the period's end without asking."""
    can_grow: Mapped[bool] = mapped_column(default=True)
    """Whether a grace ends with the smallest tier that fits, where that can be paid; else the newest are hidden."""
    started_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class SubscriptionPeriod(Base):
    """Period ``number`` (from 0): half-open, cut at local midnight, never overlapping (the database refuses it)."""

    __tablename__ = "subscription_periods"

    id: Mapped[Key]
    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("subscriptions.id"))
    number: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    invoice_id: Mapped[UUID]
    """The invoice that the period began with."""
    rate_on: Mapped[date | None]
    """The day of the rate at which its prices were converted, for the whole of it; None where none had to be."""


class PeriodHolding(Base):
    """What a period's subscription took up (``quantity`` above zero) or gave up from a day on; append-only."""

    __tablename__ = "period_holdings"

    id: Mapped[Key]
    period_id: Mapped[UUID] = mapped_column(ForeignKey("subscription_periods.id"))
    code: Mapped[str]
    quantity: Mapped[int]
    unit_amount: Mapped[Amount]
    from_on: Mapped[date]


class ProductGrace(Base):
    """How long more products than the tier holds are all shown (``overage.Grace``); at most one of a subscription is
    not ``ended``: it is ``running``, or the newest products are ``hidden``."""

    __tablename__ = "product_graces"

    id: Mapped[Key]
    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("subscriptions.id"))
    status: Mapped[str] = mapped_column(default="running")
    started_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    under_since: Mapped[datetime | None]
    resting_since: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    """When it was told that the end is near."""
    told_tier_code: Mapped[str | None]
    told_amount: Mapped[Amount | None]
    """What the vendor was last told that the end may cost, in the customer's currency: never more is charged."""
    charged_at: Mapped[datetime | None]
    """When the stored card was charged for its end: that is tried once."""
    ended_at: Mapped[datetime | None]


class TierFit(Base):
    """A tier below the one there is that has held all products ``since``, and what was made of that."""

    __tablename__ = "tier_fits"

    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("subscriptions.id"), primary_key=True)
    tier_code: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    told_at: Mapped[datetime | None]
    """When it was suggested, or chosen without asking; None again once the vendor has decided for themselves."""
    is_chosen: Mapped[bool] = mapped_column(default=False)
    """It was chosen for the end of a period without asking, whatever has become of that."""


class Quote(Base):
    """A stored preview. ``terms`` is everything it rests on, as JSON; append-only."""

    __tablename__ = "quotes"

    id: Mapped[Key]
    public_id: Mapped[str]
    customer_id: Mapped[UUID]
    subscription_id: Mapped[UUID]
    subscription_version: Mapped[int]
    kind: Mapped[str]
    terms: Mapped[dict[str, Any]]
    total_amount: Mapped[Amount]
    credit_amount: Mapped[Amount]
    currency: Mapped[str]
    quoted_on: Mapped[date]
    created_at: Mapped[datetime]

    @property
    def total(self) -> Money:
        """What the lines come to; below zero it comes back as credit."""
        return Money(self.total_amount, self.currency)

    @property
    def credit(self) -> Money:
        """The part that the customer's credit pays."""
        return Money(self.credit_amount, self.currency)

    @property
    def due(self) -> Money:
        """What is left to pay of it, never below zero."""
        return max(self.total - self.credit, Money.zero(self.currency))

    @property
    def arrears(self) -> Money:
        """What was owed before and is paid along; it is none of the lines."""
        return Money(sum(one["amount"] for one in self.terms.get("arrears", ())), self.currency)

    @property
    def to_pay(self) -> Money:
        """All that is to be paid today."""
        return self.due + self.arrears


class DunningCase(Base):
    """An invoice that was not paid in time, from its first failure on; see ``dunning``."""

    __tablename__ = "dunning_cases"

    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("subscriptions.id"))
    status: Mapped[str] = mapped_column(default="running")
    started_at: Mapped[datetime]
    step: Mapped[int] = mapped_column(default=0)
    """The last one that was taken; 0 is the first failure."""
    is_charged: Mapped[bool]
    """Whether a stored card is tried on each step; else its customer is reminded."""
    is_awaited: Mapped[bool] = mapped_column(default=False)
    """Whether the next step's charge has been made and not been answered."""
    next_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
