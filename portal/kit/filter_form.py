"""The base of filters and searches, which come in the address, change nothing and may be bookmarked: no form token."""

from flask import request
from flask_wtf.i18n import Translations, translations
from wtforms import Form

from portal.kit import sent_fields


class FilterForm(Form):  # type: ignore[misc]
    """A form read from the address, told in the reader's language what is wrong with it."""

    class Meta(Form.Meta):  # type: ignore[misc]
        """Refuses in the reader's language, as forms with a token do."""

        def get_translations(self, form: Form) -> Translations:
            """Return the words of WTForms in the language of the page."""
            return translations

    def is_good(self) -> bool:
        """Check every field; one that comes more than once is refused rather than half of it believed."""
        is_valid = bool(self.validate())
        repeated = sent_fields.repeated(self._fields, request.args)
        for name, said in repeated.items():
            self[name].errors = [*self[name].errors, said]
        return is_valid and not repeated
