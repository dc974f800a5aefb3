"""Lists to choose from: what may be chosen, and how it is drawn: each option once, as that is much of a page's work."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from flask_babel import gettext
from markupsafe import Markup
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation, ValidationError
from wtforms.widgets import Select


@lru_cache(maxsize=4096)
def _option(value: str, label: str, is_chosen: bool) -> Markup:
    chosen = Markup(" selected") if is_chosen else Markup("")
    return Markup('<option{} value="{}">{}</option>').format(chosen, value, label)


class Options(Select):
    """A select whose options carry nothing but their code and their text."""

    @staticmethod
    def render_option(choice: Any) -> Markup:
        """Return an option as markup."""
        return _option(str(choice.value), str(choice.label or choice.value), bool(choice.selected))


class Choice(SelectField):
    """One of a list of (code, text); anything else is refused at the field, and so is "" unless ``is_optional``."""

    widget = Options()

    def __init__(
        self, label: Any = None, *, choices: Sequence[tuple[str, Any]] = (), is_optional: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(label, choices=[SelectChoice(*choice) for choice in choices], **kwargs)
        self.flags.required = not is_optional

    def offer(self, choices: Sequence[tuple[str, Any]]) -> None:
        """Let the reader choose among these (code, text)."""
        self.choices = [SelectChoice(*choice) for choice in choices]

    def pre_validate(self, form: Any) -> None:
        """Refuse what is not in the list."""
        try:
            super().pre_validate(form)
        except ValidationError as error:
            raise StopValidation(gettext("Choose one of the list.")) from error
        if not self.data and self.flags.required:
            raise StopValidation(gettext("Choose one of the list."))
