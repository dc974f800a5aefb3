"""Products of a business: entering, changing, hiding, deleting them and their photos.

The database counts them. Going over the tier's limit is shown, never refused here (product.md, *Product counts*).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import distinct_on

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
    return product


def change(product: Product, **details: Unpack[ProductDetails]) -> None:
    """Replace what is said of a product."""
    for name, value in _columns(details).items():
        setattr(product, name, value)
    db.flush()


def set_hidden(product: Product, is_hidden: bool) -> None:
    """Hide a product from the listing, where it no longer counts against the limit, or show it again."""
    product.is_hidden = is_hidden
    db.flush()


def remove(product: Product) -> None:
    """Delete a product with its photos; files stay, as another product may use the same picture."""
    db.delete(product)
    db.flush()


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


def list_shown_page(business: Business, number: int) -> Page[Listed]:
    """Return a page of the products that the public may see."""
    return _page(business, number, business.product_count, [Product.is_hidden.is_(False)])


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


def _page(business: Business, number: int, total: int, conditions: list[Any]) -> Page[Listed]:
    query = select(Product).where(Product.business_id == business.id, *conditions)
    ordered = query.order_by(Product.position, Product.id)
    found = db.scalars(ordered.offset((number - 1) * PAGE_SIZE).limit(PAGE_SIZE)).all()
    thumbs = _first_thumbs([product.id for product in found])
    return Page([Listed(product, thumbs.get(product.id)) for product in found], number, total)


def _first_thumbs(product_ids: list[UUID]) -> dict[UUID, str]:
    query = select(ProductPhoto.product_id, ProductPhoto.thumb).where(ProductPhoto.product_id.in_(product_ids))
    first = query.ext(distinct_on(ProductPhoto.product_id)).order_by(ProductPhoto.product_id, ProductPhoto.position)
    return {row.product_id: row.thumb for row in db.execute(first)}
