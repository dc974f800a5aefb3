"""Filters of the history."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _
from wtforms import DateField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from portal.invoicing.documents import STATUSES as DOCUMENT_STATUSES
from portal.kit.filter_form import FilterForm
from portal.payments.history import STATUSES, TYPES
from portal.web.forms.options import Options
from portal.web.wording import TYPES as TYPE_TITLES

_STATES = {
    "pending": _("Not paid yet"),
    "completed": _("Completed"),
    "failed": _("Failed"),
    "cancelled": _("Cancelled"),
    "refunded": _("Refunded"),
    "open": _("To pay"),
    "paid": _("Paid"),
    "uncollectible": _("Written off"),
    "credited": _("Credited"),
}


def _choices(everything: str, words: Mapping[str, str]) -> list[SelectChoice]:
    return [SelectChoice("", everything), *(SelectChoice(code, word) for code, word in words.items())]


class _Filter(FilterForm):
    from_on = DateField(_("From"), validators=[Optional()])
    to_on = DateField(_("To"), validators=[Optional()])


class TransactionFilterForm(_Filter):
    """What of the payments is wanted."""

    type = SelectField(
        _("For"),
        choices=_choices(_("Everything"), {code: _(TYPE_TITLES[code]) for code in TYPES}),
        default="",
        widget=Options(),
    )
    status = SelectField(
        _("State"),
        choices=_choices(_("Any"), {code: _STATES[code] for code in STATUSES}),
        default="",
        widget=Options(),
    )


class DocumentFilterForm(_Filter):
    """What of the invoices and credit notes is wanted."""

    status = SelectField(
        _("State"),
        choices=_choices(_("Any"), {code: _STATES[code] for code in DOCUMENT_STATUSES}),
        default="",
        widget=Options(),
    )
