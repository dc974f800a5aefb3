"""What a notice says, made of its kind and facts when somebody reads it: nothing of it is stored as text.

Each kind has one description (``templates/notices``), which pages and mails share, in every language.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from portal.invoicing import line_words
from portal.invoicing.line_words import ShownLine
from portal.kit import i18n
from portal.kit.money import Money
from portal.notifications import kinds

_TEMPLATES = Path(__file__).parent.parent.parent / "templates"


_SINCE: dict[str, Any] = {"carried": 0, "credited": [], "is_further": False, "dropped": None, "last_on": None}
"""Facts that notices of earlier versions do not have, as they were then."""


@dataclass(frozen=True, slots=True)
class Words:
    """A notice as it is read: ``rows`` are its figures, ``lines`` explain its amount, ``action`` names its page."""

    title: str
    text: str
    rows: Sequence[tuple[str, str]]
    lines: Sequence[ShownLine]
    action: str
    path: str
    links: Sequence[tuple[str, str]]
    """Further pages that the reader may open, each with what its link says."""


def words(kind: str, facts: dict[str, Any], locale: str, may: Callable[[str], bool] = lambda right: True) -> Words:
    """Return what a notice says to a reader of this language.

    :param may: whether the reader has a right in the business that it is about; each further page wants one.
    :raises jinja2.UndefinedError: the description wants a fact that is not there.
    """
    said = environment(locale).get_template(f"notices/{kind}.txt").make_module(_SINCE | facts)
    return Words(
        title=said.title,  # type: ignore[attr-defined]
        text=said.text.strip(),  # type: ignore[attr-defined]
        rows=said.rows,  # type: ignore[attr-defined]
        lines=[_shown(line, facts["currency"], locale) for line in facts.get("lines", ())],
        action=said.action,  # type: ignore[attr-defined]
        path=kinds.path_of(kind, facts),
        links=[(label, path) for label, path, right in getattr(said, "links", ()) if may(right)],
    )


def _shown(line: dict[str, Any], currency: str, locale: str) -> ShownLine:
    unit, amount = Money(line["unit_amount"], currency), Money(line["amount"], currency)
    return line_words.shown_line(line["code"], line["quantity"], unit, amount, line["derivation"], locale)


@lru_cache
def environment(locale: str) -> Environment:
    """Return what renders texts outside a request, in a language of ours; plain ones are not escaped."""
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_translations(i18n.translations(locale), newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(
        locale=locale,
        money=lambda amount, currency: i18n.money_text(amount, currency, locale),
        gap=lambda: i18n.gap(locale),
        day=lambda value: i18n.day_text(date.fromisoformat(value), locale),
        tier_name=lambda code: line_words.tier_name(code, locale),
    )
    return made
