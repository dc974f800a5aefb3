"""The password field: never shown again, never cleaned of blanks, and the same password on every keyboard."""

import unicodedata
from typing import Any

from flask_babel import gettext
from wtforms import PasswordField
from wtforms.validators import StopValidation

from portal.identity.passwords import MAX_LENGTH


class Password(PasswordField):
    """A password; how long a new one must be is the domain's rule."""

    def __init__(self, label: Any = None, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.flags.required = True
        self.flags.maxlength = MAX_LENGTH

    def pre_validate(self, form: Any) -> None:
        """Bring composed letters into one form, as keyboards differ (RFC 8265 §4.2.2)."""
        if not self.data:
            raise StopValidation(gettext("Fill this in."))
        self.data = unicodedata.normalize("NFC", self.data)
