"""The table of exchange rates."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.db import Base


class ExchangeRate(Base):
    """``per_euro`` units of ``currency`` were worth one euro on ``rate_on`` (ECB reference rate)."""

    __tablename__ = "exchange_rates"

    currency: Mapped[str] = mapped_column(primary_key=True)
    rate_on: Mapped[date] = mapped_column(primary_key=True)
    per_euro: Mapped[Decimal]
    source: Mapped[str]
    fetched_at: Mapped[datetime]
