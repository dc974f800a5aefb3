"""The form of a branch."""

from typing import Any

from flask_babel import lazy_gettext as _

from portal.directory.branches import BranchDetails
from portal.web.forms import choices
from portal.web.forms.fields import CleanMultiline, CleanText, Coordinate, Form, Phone
from portal.web.forms.options import Choice


class BranchForm(Form):
    """Where a branch is and when it is open."""

    name = CleanText(_("Name of the branch"), max_length=120, description=_("Such as High Street."))
    address_line1 = CleanText(_("Address"), max_length=200)
    address_line2 = CleanText(_("Address, second line"), max_length=200, is_optional=True)
    city = CleanText(_("Town or city"), max_length=100)
    postcode = CleanText(_("Postcode"), max_length=20, is_optional=True)
    country = Choice(_("Country"))
    latitude = Coordinate(_("Latitude"), limit=90, is_optional=True)
    longitude = Coordinate(_("Longitude"), limit=180, is_optional=True)
    phone = Phone(_("Telephone"), is_optional=True)
    opening_hours = CleanMultiline(_("Opening hours"), max_length=500, is_optional=True)

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.country.offer(choices.countries())

    def details(self) -> BranchDetails:
        """Return what was typed."""
        return BranchDetails(
            name=self.name.data,
            address_line1=self.address_line1.data,
            address_line2=self.address_line2.data,
            city=self.city.data,
            postcode=self.postcode.data,
            country=self.country.data,
            latitude=self.latitude.data,
            longitude=self.longitude.data,
            phone=self.phone.data,
            opening_hours=self.opening_hours.data,
        )
