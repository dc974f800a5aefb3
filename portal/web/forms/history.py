"""Filters of the history. They come in the address, change nothing and may be bookmarked; hence no form token."""

from collections.abc import Mapping

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from flask_wtf.i18n import Translations, translations
from wtforms import DateField, Form, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from portal.invoicing.queries import STATUSES as INVOICE_STATUSES
from portal.payments.queries import STATUSES, TYPES
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
}


def _choices(everything: str, words: Mapping[str, str]) -> list[SelectChoice]:
    return [SelectChoice("", everything), *(SelectChoice(code, word) for code, word in words.items())]


class _Filter(Form):
    from_on = DateField(_("From"), validators=[Optional()])
    to_on = DateField(_("To"), validators=[Optional()])

    class Meta(Form.Meta):
        """Refuses in the reader's language, as forms with a token do."""

        def get_translations(self, form: Form) -> Translations:
            """Return the words of WTForms in the language of the page."""
            return translations

    def is_good(self) -> bool:
        """Check every field; one that comes more than once is refused rather than half of it believed."""
        is_valid = bool(self.validate())
        for name, field in self._fields.items():
            if len(request.args.getlist(name)) > 1:
                field.errors = [*field.errors, gettext("This was sent more than once; send it once.")]
                is_valid = False
        return is_valid


class TransactionFilterForm(_Filter):
    """What of the payments is wanted."""

    type = SelectField(
        _("For"),
        choices=_choices(_("Everything"), {code: TYPE_TITLES[code] for code in TYPES}),
        default="",
    )
    status = SelectField(_("State"), choices=_choices(_("Any"), {code: _STATES[code] for code in STATUSES}), default="")


class InvoiceFilterForm(_Filter):
    """What of the invoices is wanted."""

    status = SelectField(
        _("State"), choices=_choices(_("Any"), {code: _STATES[code] for code in INVOICE_STATUSES}), default=""
    )
