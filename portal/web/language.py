"""The language of a page, asked once a request however many words the page has.

Flask-Babel asks for it at each word, and reads the language's catalogue from its file in every request.
"""

from collections.abc import Callable
from typing import Any

import flask_babel
from babel.support import NullTranslations
from flask import g

from portal.kit import i18n


class _Texts(flask_babel.Domain):
    """The catalogues of this product, each read from its file once."""

    def get_translations(self) -> NullTranslations:
        return i18n.translations(language())


class Babel(flask_babel.Babel):
    """Flask-Babel with one set of catalogues for all requests."""

    _texts = _Texts()

    @property
    def domain_instance(self) -> flask_babel.Domain:
        """Return the catalogues."""
        return self._texts


def language() -> str:
    """Return the language of the page: ``en`` or ``zh``."""
    found: str | None = g.get("language")
    if found is None:
        found = g.language = str(flask_babel.get_locale() or "en")
    return found


def gettext(message: str, **values: Any) -> str:
    """Return a text in the reader's language, with each ``%(name)s`` filled in."""
    return speaker()(message, **values)


def speaker() -> Callable[..., str]:
    """Return ``gettext`` for the language of this page: what a template calls a hundred times."""
    return i18n.speaker(language())
