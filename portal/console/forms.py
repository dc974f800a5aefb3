"""What operators type: searches in the address, and how far the sandbox's clock shall go."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import Form, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, StopValidation

from portal.console.wording import SESSION_STATES
from portal.kit import sent_fields, typed
from portal.kit.filter_form import FilterForm

_SESSION_STATES = [SelectChoice(code, word) for code, word in SESSION_STATES.items()]


def _clean(form: Form, field: Any) -> None:
    """Take one clean line, as every form of the product does."""
    try:
        field.data = typed.line(field.data or "", 200)
    except typed.Refused as refused:
        raise StopValidation(gettext(refused.message) % refused.params) from refused


class SearchForm(FilterForm):
    """A search for one thing."""

    q = StringField(_("Search"), [_clean])


class SessionSearchForm(SearchForm):
    """Which payment sessions are wanted."""

    status = SelectField(_("State"), choices=[SelectChoice("", _("Any")), *_SESSION_STATES], default="")


class DeskForm(FlaskForm):
    """A form of the desk: each field is text and is sent once."""

    class Meta(FlaskForm.Meta):
        """Takes no files: they have no business in a field of text."""

        def wrap_formdata(self, form: "DeskForm", formdata: Any) -> Any:
            """Return the text fields that were sent."""
            return request.form if formdata is not None and form.is_submitted() else None

    def validate(self, extra_validators: Mapping[str, Sequence[Any]] | None = None) -> bool:
        """Check every field, and that none came twice."""
        is_valid = bool(super().validate(extra_validators))
        sent_fields.take(self._fields)
        repeated = sent_fields.repeated(self._fields, request.form)
        for name, said in repeated.items():
            self[name].errors = [*self[name].errors, said]
        return is_valid and not repeated


class AdvanceForm(DeskForm):
    """A step of business time such as "2 days"."""

    step = StringField(
        _("Move on by"), [Length(max=40)], description=_("For example 1 hour, 2 days or 1 month; at most a year.")
    )
