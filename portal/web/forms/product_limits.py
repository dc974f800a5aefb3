"""Forms of the product limit: which products to hide, and what may happen without asking."""

import re

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, SelectMultipleField
from wtforms.validators import StopValidation

from portal.web.forms.fields import CleanText, Form

_PRODUCT = re.compile(r"prd_[0-9A-Za-z]{22}", re.ASCII)


class Ticked(SelectMultipleField):
    """Products that were ticked in a list; those of somebody else are found by nobody."""

    def pre_validate(self, form: object) -> None:
        """Refuse what is no product's name, and a list of none."""
        if not self.data or not all(_PRODUCT.fullmatch(given) for given in self.data):
            raise StopValidation(gettext("Tick the products that are to be hidden."))


class FitForm(Form):
    """The products that are to be hidden, and the tier that the rest is to fit; empty for the one there is."""

    product = Ticked(_("Products"), validate_choice=False)
    tier = CleanText(max_length=30, is_optional=True)


class LimitChoicesForm(Form):
    """What may happen to the tier by itself."""

    can_grow = BooleanField(_("Move up to the smallest tier that fits, where my credit or my stored card pays it"))
    can_shrink = BooleanField(_("Move down at the end of the period to a tier that has held everything for 7 days"))
