"""The search of the public directory, sent by GET so that a result has an address that can be shared."""

from typing import Any

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms.widgets import HiddenInput

from portal.directory.geography import Near
from portal.directory.search import MAX_TEXT
from portal.kit import sent_fields
from portal.web.forms import choices
from portal.web.forms.fields import CleanText, Coordinate, Form
from portal.web.forms.options import Choice


class SearchForm(Form):
    """Words, a category, a point; all may be absent. What others append to shared addresses is let be."""

    q = CleanText(_("What are you looking for?"), max_length=MAX_TEXT, is_optional=True)
    category = Choice(_("Category"), is_optional=True, default="")
    lat = Coordinate(_("Latitude"), limit=90, is_optional=True, widget=HiddenInput())
    lon = Coordinate(_("Longitude"), limit=180, is_optional=True, widget=HiddenInput())

    class Meta(Form.Meta):
        """Reads the address; it changes nothing, so it needs no token."""

        csrf = False

        def wrap_formdata(self, form: Form, formdata: Any) -> Any:
            """Read the query of the address."""
            return request.args

    def __init__(self) -> None:
        super().__init__()
        self.category.offer(choices.categories(gettext("All categories")))

    def near(self) -> Near | None:
        """Return the circle to search in, where a point was given."""
        if self.lat.data is None or self.lon.data is None:
            return None
        return Near(float(self.lat.data), float(self.lon.data))

    def is_browsing(self) -> bool:
        """Whether nothing is looked for; half a point is no place to search at, yet it goes into addresses."""
        return not self.q.data and self.lat.data is None and self.lon.data is None

    def asked(self) -> dict[str, str]:
        """Return what was asked for, as it goes into an address."""
        return {name: str(field.data) for name, field in self._fields.items() if field.data not in ("", None)}

    def _is_as_made(self) -> bool:
        repeated = sent_fields.repeated(self._fields, request.args)
        for name, said in repeated.items():
            self._refuse_field(name, said)
        return not repeated
