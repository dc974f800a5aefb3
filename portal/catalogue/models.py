"""Tables of the price book."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.db import Amount, Base, Key


class PriceVersion(Base):
    """A version of the whole price book, in force from ``starts_at`` until a newer one is."""

    __tablename__ = "price_versions"

    id: Mapped[Key]
    number: Mapped[int]
    starts_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(default="")


class Price(Base):
    """The monthly price of ``code`` in one version and currency; append-only."""

    __tablename__ = "prices"

    version_id: Mapped[UUID] = mapped_column(ForeignKey("price_versions.id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    audience: Mapped[str] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[Amount]
    is_tier: Mapped[bool]
    product_limit: Mapped[int | None]
    receives: Mapped[int | None]
    position: Mapped[int]
