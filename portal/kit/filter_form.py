"""The base of filters and searches, which come in the address, change nothing and may be bookmarked: no form token."""

from typing import Any

from flask import request
from flask_babel import get_locale
from flask_wtf.i18n import Translations, translations
from markupsafe import Markup
from wtforms import Field, Form

from portal.kit import sent_fields

_untouched: dict[object, Markup] = {}
"""As many as there are fields in our filters and languages to read them in; nobody's words are among them."""


class FilterForm(Form):  # type: ignore[misc]
    """A form read from the address, told in the reader's language what is wrong with it."""

    class Meta(Form.Meta):  # type: ignore[misc]
        """Refuses in the reader's language, as forms with a token do."""

        def get_translations(self, form: Form) -> Translations:
            """Return the words of WTForms in the language of the page."""
            return translations

        def render_field(self, field: Field, render_kw: dict[str, Any]) -> Markup:
            """Draw a field. Untouched it looks the same to everybody who reads a language, so it is drawn once."""
            if field.raw_data or field.errors or (field.data or "") != (field.default or ""):
                return Markup(super().render_field(field, render_kw))  # noqa: S704 - drawn by WTForms
            kind = (type(self), field.name, str(get_locale()), tuple(sorted(render_kw.items())))
            if kind not in _untouched:
                _untouched[kind] = super().render_field(field, render_kw)
            return _untouched[kind]

    def is_good(self) -> bool:
        """Check every field; one that comes more than once is refused rather than half of it believed."""
        is_valid = bool(self.validate())
        repeated = sent_fields.repeated(self._fields, request.args)
        for name, said in repeated.items():
            self[name].errors = [*self[name].errors, said]
        return is_valid and not repeated
