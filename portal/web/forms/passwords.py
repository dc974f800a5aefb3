"""The password field: never shown again and never cleaned, as every character of a password counts."""

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
        """Refuse an empty one and one that no account can have, before it costs a hash."""
        if not self.data:
            raise StopValidation(gettext("Fill this in."))
        if len(self.data) > MAX_LENGTH:
            raise StopValidation(gettext("A password has 10 to 200 characters."))
