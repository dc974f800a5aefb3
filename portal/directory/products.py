"""Products of a business: entering, changing, hiding, deleting them and their photos.

The database counts them. Going over the tier's limit is shown, never refused here (product.md, *Product counts*).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import ColumnElement, Function, Uuid, delete, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from portal.directory import counting
from portal.directory.errors import TooManyPhotos
from portal.directory.models import Business, Product, ProductPhoto
from portal.directory.uploads import Photo
from portal.kit import ids
from portal.kit.db import FRESH, db
from portal.kit.errors import NotFound
from portal.kit.money import Money
from portal.kit.pagination import PAGE_SIZE, Page

MAX_PHOTOS = 6


class ProductDetails(TypedDict):
    """What a vendor says of a product; texts are clean, ``attributes`` come from ``attributes.of_pairs``."""

    name: str
    description: str
    price: Money | None
    attributes: Mapping[str, Any]
    position: int
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A product in a list, with the thumbnail of its first photo."""

    product: Product
    thumb: str | None


def add(business_id: UUID, *, now: datetime, **details: Unpack[ProductDetails]) -> Product:
    """Enter a product."""
    product = Product(public_id=ids.public_id("prd"), business_id=business_id, created_at=now, **_columns(details))
    db.add(product)
    db.flush()
    counting.note(business_id, now)
    return product


def change(product: Product, *, now: datetime, **details: Unpack[ProductDetails]) -> None:
    """Replace what is said of a product."""
    for name, value in _columns(details).items():
        setattr(product, name, value)
    db.flush()
    counting.note(product.business_id, now)


def set_hidden(product: Product, is_hidden: bool, now: datetime) -> None:
    """Hide a product from the listing, where it no longer counts against the limit, or show it again."""
    product.is_hidden = is_hidden
    db.flush()
    counting.note(product.business_id, now)


def remove(product: Product, now: datetime) -> None:
    """Delete a product with its photos; files stay, as another product may use the same picture."""
    db.delete(product)
    db.flush()
    counting.note(product.business_id, now)


def get(business_id: UUID, public_id: str, *, is_locked: bool = False) -> Product:
    """Return a product of this business, locked where its photos are to be changed.

    :raises NotFound: there is none.
    """
    query = select(Product).where(Product.business_id == business_id, Product.public_id == public_id)
    if is_locked:
        query = query.with_for_update(key_share=True)
    product = db.scalars(query.execution_options(**FRESH)).one_or_none()
    if product is None:
        raise NotFound
    return product


def list_page(business: Business, number: int, search: str = "") -> Page[Listed]:
    """Return a page of the business's products, hidden ones too, in their order.

    :param search: part of a name; empty for all.
    """
    if not search:
        return _page(business, number, business.product_count + business.hidden_product_count, [])
    is_found = Product.name.icontains(search, autoescape=True)
    total = db.scalars(select(func.count()).where(Product.business_id == business.id, is_found)).one()
    return _page(business, number, total, [is_found])


def list_shown_page(business: Business, number: int, limit: int | None) -> Page[Listed]:
    """Return a page of the products that the public may see.

    :param limit: how many that are at most (``visibility.SHOWN_LIMIT``); the newest beyond it are left out.
    """
    shown = [Product.is_hidden.is_(False)]
    if limit is None:
        return _page(business, number, business.product_count, shown)
    oldest = Product.id <= select(_newest_shown(business.id, limit)).scalar_subquery()
    return _page(business, number, min(business.product_count, limit), [*shown, oldest])


def list_newest_page(business: Business, number: int) -> Page[Listed]:
    """Return a page of the products that are not hidden by hand, the newest first."""
    return _page(business, number, business.product_count, [Product.is_hidden.is_(False)], Product.id.desc())


def newest_shown(business_id: UUID, limit: int) -> UUID:
    """Return the newest product of the oldest ``limit`` ones that are not hidden by hand; where there are fewer, a key
    that none is newer than."""
    return db.execute(select(_newest_shown(business_id, limit))).scalar_one()


def hide_newest(business_id: UUID, keep: int, now: datetime) -> None:
    """Hide by hand all but the oldest ``keep`` products; doing it again hides nothing more."""
    _hide(business_id, Product.id > select(_newest_shown(business_id, keep)).scalar_subquery(), now)


def hide(business_id: UUID, public_ids: Collection[str], now: datetime) -> None:
    """Hide these products of the business by hand; what is not the business's is left alone."""
    _hide(business_id, Product.public_id.in_(public_ids), now)


def _hide(business_id: UUID, which: ColumnElement[bool], now: datetime) -> None:
    shown = (Product.business_id == business_id, Product.is_hidden.is_(False), which)
    db.execute(update(Product).where(*shown).values(is_hidden=True), execution_options={"synchronize_session": False})
    counting.note(business_id, now)


def _newest_shown(business_id: UUID, limit: int) -> Function[UUID]:
    return func.newest_shown_product(business_id, limit, type_=Uuid)


def list_photos(product_id: UUID) -> Sequence[ProductPhoto]:
    """Return the photos of a product in their order."""
    query = select(ProductPhoto).where(ProductPhoto.product_id == product_id)
    return db.scalars(query.order_by(ProductPhoto.position)).all()


def add_photo(product: Product, photo: Photo) -> None:
    """Put a picture into the first free place of a locked product; one that is there already stays where it is.

    :raises TooManyPhotos: all six places are taken.
    """
    present = list_photos(product.id)
    if any(other.photo == photo.name for other in present):
        return
    free = sorted(set(range(1, MAX_PHOTOS + 1)) - {other.position for other in present})
    if not free:
        raise TooManyPhotos(MAX_PHOTOS)
    values = {"photo": photo.name, "thumb": photo.thumb, "width": photo.width, "height": photo.height}
    db.add(ProductPhoto(product_id=product.id, position=free[0], **values))
    db.flush()


def remove_photo(product: Product, position: int) -> None:
    """Take a picture away; nothing happens where there is none."""
    db.execute(delete(ProductPhoto).where(ProductPhoto.product_id == product.id, ProductPhoto.position == position))


def _columns(details: ProductDetails) -> dict[str, Any]:
    columns: dict[str, Any] = dict(details)
    price: Money | None = columns.pop("price")
    columns["price_amount"] = None if price is None else price.amount
    columns["price_currency"] = None if price is None else price.currency
    return columns


def _page(business: Business, number: int, total: int, conditions: list[Any], *order: Any) -> Page[Listed]:
    query = select(Product).where(Product.business_id == business.id, *conditions)
    ordered = query.order_by(*(order or (Product.position, Product.id)))
    found = db.scalars(ordered.offset((number - 1) * PAGE_SIZE).limit(PAGE_SIZE)).all()
    thumbs = _first_thumbs([product.id for product in found])
    return Page([Listed(product, thumbs.get(product.id)) for product in found], number, total)


def _first_thumbs(product_ids: list[UUID]) -> dict[UUID, str]:
    query = select(ProductPhoto.product_id, ProductPhoto.thumb).where(ProductPhoto.product_id.in_(product_ids))
    first = query.ext(distinct_on(ProductPhoto.product_id)).order_by(ProductPhoto.product_id, ProductPhoto.position)
    return {row.product_id: row.thumb for row in db.execute(first)}
