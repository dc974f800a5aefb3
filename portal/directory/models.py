"""Tables of the directory. Counters and the search row are kept by the database's triggers, never from here."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, Numeric, Text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.db import Amount, Base, Key
from portal.kit.money import Money

_Degrees = Numeric(9, 6)


class Business(Base):
    """What a vendor registers; ``product_count`` counts the products shown, ``hidden_product_count`` the others."""

    __tablename__ = "businesses"

    id: Mapped[Key]
    public_id: Mapped[str]
    slug: Mapped[str]
    name: Mapped[str]
    category: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    website: Mapped[str] = mapped_column(default="")
    country: Mapped[str]
    currency: Mapped[str]
    time_zone: Mapped[str]
    logo: Mapped[str | None]
    """Name of a file among the uploads."""
    product_count: Mapped[int] = mapped_column(default=0)
    hidden_product_count: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class Entitlement(Base):
    """What billing entitles a business to; written by ``visibility.set_entitlement`` alone."""

    __tablename__ = "business_entitlements"

    business_id: Mapped[UUID] = mapped_column(ForeignKey("businesses.id"), primary_key=True)
    is_listed: Mapped[bool]
    product_limit: Mapped[int | None]
    """Products that may be shown; None: no limit."""
    overage_policy: Mapped[str] = mapped_column(default="grace")
    tier_code: Mapped[str | None]
    changed_at: Mapped[datetime]


class Branch(Base):
    """A place of a business: shown since it is paid for, the main branch from its beginning.

    ``is_proposed`` by somebody who may not spend; ``leaving_since`` it is to go, and shown until that is settled.
    """

    __tablename__ = "branches"

    id: Mapped[Key]
    public_id: Mapped[str]
    business_id: Mapped[UUID] = mapped_column(ForeignKey("businesses.id"))
    name: Mapped[str]
    address_line1: Mapped[str]
    address_line2: Mapped[str] = mapped_column(default="")
    city: Mapped[str]
    postcode: Mapped[str] = mapped_column(default="")
    country: Mapped[str]
    latitude: Mapped[Decimal | None] = mapped_column(_Degrees)
    longitude: Mapped[Decimal | None] = mapped_column(_Degrees)
    phone: Mapped[str] = mapped_column(default="")
    opening_hours: Mapped[str] = mapped_column(default="")
    is_main: Mapped[bool] = mapped_column(default=False)
    is_proposed: Mapped[bool] = mapped_column(default=False)
    shown_since: Mapped[datetime | None]
    leaving_since: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Product(Base):
    """An entry of a catalogue; ``attributes`` are free pairs of a name and a text, number or yes/no."""

    __tablename__ = "products"

    id: Mapped[Key]
    public_id: Mapped[str]
    business_id: Mapped[UUID] = mapped_column(ForeignKey("businesses.id"))
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    price_amount: Mapped[Amount | None]
    price_currency: Mapped[str | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_hidden: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    """Place in the catalogue; equal places are in order of creation."""
    created_at: Mapped[datetime]

    @property
    def price(self) -> Money | None:
        """The price, where one is given."""
        if self.price_amount is None or self.price_currency is None:
            return None
        return Money(self.price_amount, self.price_currency)


class ProductPhoto(Base):
    """A picture of a product, ``position`` 1 to 6; ``photo`` and ``thumb`` are names of uploaded files."""

    __tablename__ = "product_photos"

    id: Mapped[Key]
    product_id: Mapped[UUID] = mapped_column(ForeignKey("products.id"))
    position: Mapped[int]
    photo: Mapped[str]
    thumb: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]


class ProductImport(Base):
    """A file of products on its way in: ``queued running done failed cancelled``; at most one alive a business."""

    __tablename__ = "product_imports"

    id: Mapped[Key]
    public_id: Mapped[str]
    business_id: Mapped[UUID] = mapped_column(ForeignKey("businesses.id"))
    format: Mapped[str]
    file_name: Mapped[str]
    file_hash: Mapped[str]
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """The file, until the import has ended."""
    state: Mapped[str]
    row_count: Mapped[int] = mapped_column(default=0)
    checked_count: Mapped[int] = mapped_column(default=0)
    error_count: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class ProductImportRow(Base):
    """A checked row that waits for the rest of its file."""

    __tablename__ = "product_import_rows"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("product_imports.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    product: Mapped[dict[str, Any]]


class ProductImportError(Base):
    """What is wrong in one line and column; ``message`` is an English message id filled by ``params``."""

    __tablename__ = "product_import_errors"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("product_imports.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    line: Mapped[int]
    column_name: Mapped[str]
    message: Mapped[str]
    params: Mapped[dict[str, Any]]
    value: Mapped[str]


class SearchRow(Base):
    """What a business is found by; the database keeps it (``refresh_directory_search``), nobody writes it."""

    __tablename__ = "directory_search"

    business_id: Mapped[UUID] = mapped_column(ForeignKey("businesses.id"), primary_key=True)
    words: Mapped[str]
    lexemes: Mapped[str] = mapped_column(TSVECTOR)
    cjk: Mapped[list[str]] = mapped_column(ARRAY(Text))
