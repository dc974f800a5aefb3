"""What operators type: searches in the address, and how far the sandbox's clock shall go."""

from typing import Any

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import Form, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, StopValidation

from portal.console.wording import SESSION_STATES
from portal.kit import typed

_SESSION_STATES = [SelectChoice(code, word) for code, word in SESSION_STATES.items()]


def _clean(form: Form, field: Any) -> None:
    """Take one clean line, as every form of the product does."""
    try:
        field.data = typed.line(field.data or "", 200)
    except typed.Refused as refused:
        raise StopValidation(gettext(refused.message) % refused.params) from refused


class SearchForm(Form):
    """A search; it comes in the address and changes nothing, hence no form token."""

    q = StringField(_("Search"), [_clean])

    def is_good(self) -> bool:
        """Check every field; one that comes more than once is refused rather than half of it believed."""
        is_valid = bool(self.validate())
        for name, field in self._fields.items():
            if len(request.args.getlist(name)) > 1:
                field.errors = [*field.errors, gettext("This was sent more than once; send it once.")]
                is_valid = False
        return is_valid


class SessionSearchForm(SearchForm):
    """Which payment sessions are wanted."""

    status = SelectField(_("State"), choices=[SelectChoice("", _("Any")), *_SESSION_STATES], default="")


class AdvanceForm(FlaskForm):
    """A step of business time such as "2 days"."""

    step = StringField(
        _("Move on by"), [Length(max=40)], description=_("For example 1 hour, 2 days or 1 month; at most a year.")
    )
