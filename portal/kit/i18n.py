"""Translations outside a request: e-mails and command lines in the locale of their reader.

Pages use Flask-Babel, which reads the same catalogues.
"""

from functools import lru_cache
from pathlib import Path

from babel.support import NullTranslations, Translations

LOCALES = ("en", "zh")
FOLDER = Path(__file__).parent.parent / "translations"


@lru_cache
def translations(locale: str) -> NullTranslations:
    """Return the catalogue of ``locale``; English is the language of the keys, so it needs none."""
    return Translations.load(str(FOLDER), [locale])


def known_locale(given: str | None) -> str:
    """Return ``given`` where it is a language of ours, else English."""
    return given if given in LOCALES else "en"
