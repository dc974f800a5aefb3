"""How lists to choose from are drawn: each option once for all, as drawing them takes a good part of a page."""

from functools import lru_cache
from typing import Any

from markupsafe import Markup
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
