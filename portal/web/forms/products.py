"""Forms of the catalogue: a product with its free attributes, a photo, a file to import."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField
from wtforms.validators import StopValidation

from portal.directory import attributes
from portal.directory.products import ProductDetails
from portal.kit import typed
from portal.kit.money import Money
from portal.web.forms.fields import Amount, CleanMultiline, CleanText, Form, ImageFile, Rows, Upload

if TYPE_CHECKING:
    from portal.directory.models import Product

_ROW = re.compile(r"attributes-([0-9]{1,2})-(?:name|value)", re.ASCII)
_MORE_ROWS = 3


class Position(CleanText):
    """A whole number from 0 to 99999; nothing typed is 0."""

    def read(self, text: str) -> int:
        """Return the number."""
        if text and not (text.isascii() and text.isdigit() and len(text) <= 5):
            raise StopValidation(gettext("Write a whole number from 0 to 99999."))
        return int(text or 0)


class AttributeRows(Rows):
    """Pairs of a name and a value, one row each; ``data`` becomes the attributes, ``rows`` stay as typed."""

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        """Take the rows that were sent, else those of the product."""
        self.process_errors: list[str] = []
        self.raw_data = None
        if formdata is None:
            present = data if isinstance(data, dict) else {}
            self.rows = [(name, attributes.as_text(value)) for name, value in present.items()]
        else:
            indexes = sorted({int(found[1]) for found in map(_ROW.fullmatch, formdata) if found})
            self.rows = [tuple(formdata.get(f"{self.name}-{index}-{part}", "") for part in ("name", "value"))
                         for index in indexes]  # fmt: skip
        self.data: Any = None

    def pre_validate(self, form: Any) -> None:
        """Read the attributes, or say what is wrong with a row."""
        try:
            self.data = attributes.of_pairs(self.rows)
        except typed.Refused as refused:
            raise StopValidation(gettext(refused.message) % refused.params) from refused

    def owns(self, name: str) -> bool:
        """Whether the input is a cell of a row."""
        return bool(_ROW.fullmatch(name))

    def shown_rows(self, more: int = _MORE_ROWS) -> list[tuple[str, str]]:
        """Return the rows to show: those there are and ``more`` empty ones, as far as they may be filled."""
        filled: list[tuple[str, str]] = [row for row in self.rows if any(row)]
        return (filled + [("", "")] * more)[: max(len(filled), attributes.MAX_ATTRIBUTES)]


class ProductForm(Form):
    """What a vendor says of a product."""

    buttons = frozenset({"add_row"})

    name = CleanText(_("Name"), max_length=200)
    description = CleanMultiline(_("Description"), max_length=4000, is_optional=True)
    price = Amount(_("Price"), is_optional=True)
    attributes = AttributeRows(_("Attributes"))
    position = Position(_("Place in the catalogue"), max_length=5, is_optional=True)
    is_hidden = BooleanField(_("Hide from the listing"))

    def __init__(self, currency: str, product: Product | None = None, **given: Any) -> None:
        super().__init__(data=_shown(product) if product else {"position": 0}, **given)
        self.price.currency = (product.price_currency if product else None) or currency

    def details(self) -> ProductDetails:
        """Return what was typed."""
        amount = self.price.data
        return ProductDetails(
            name=self.name.data,
            description=self.description.data,
            price=None if amount is None else Money(amount, self.price.currency),
            attributes=self.attributes.data,
            position=self.position.data,
            is_hidden=self.is_hidden.data,
        )


def _shown(product: Product) -> dict[str, Any]:
    return {
        "name": product.name,
        "description": product.description,
        "price": product.price_amount,
        "attributes": product.attributes,
        "position": product.position,
        "is_hidden": product.is_hidden,
    }


class PhotoForm(Form):
    """A picture of a product."""

    picture = ImageFile(_("Photo"), description=_("JPEG, PNG or WebP, at most 5 MB."))


class ImportForm(Form):
    """A file of products."""

    file = Upload(_("File"), accept=".csv,.json,text/csv,application/json")

    def file_name(self) -> str:
        """Return the name of the file, as far as it can be shown."""
        try:
            return typed.line(self.file.data.filename or "", 200)
        except typed.Refused:
            return ""
