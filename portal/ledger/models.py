"""Tables of the ledger. Their triggers (migration 0004) keep the book balanced and append-only."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.db import Amount, Base, Key


class LedgerAccount(Base):
    """An account of one currency; a guarded one belongs to an owner and its balance never falls below zero."""

    __tablename__ = "ledger_accounts"

    id: Mapped[Key]
    code: Mapped[str]
    currency: Mapped[str]
    owner_id: Mapped[UUID | None]
    is_guarded: Mapped[bool] = mapped_column(default=False)
    balance: Mapped[Amount] = mapped_column(default=0)


class LedgerPosting(Base):
    """A balanced set of entries; its ``reference`` is unique, which makes every recipe safe to repeat."""

    __tablename__ = "ledger_postings"

    id: Mapped[Key]
    reference: Mapped[str]
    recipe: Mapped[str]
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class LedgerEntry(Base):
    """``amount`` minor units on one account; a debit is positive, a credit negative."""

    __tablename__ = "ledger_entries"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    posting_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_postings.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_accounts.id"))
    currency: Mapped[str]
    amount: Mapped[Amount]
