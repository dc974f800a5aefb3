"""Chinese readers read Chinese: the catalogue holds every text of today and no other, and no page speaks past it."""

import re
from collections.abc import Iterator
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from portal.sandbox import words as wallet
from tests.architecture.sources import ROOT

CATALOGUE = ROOT / "portal" / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
TEMPLATES = ROOT / "templates"
SPOKEN_ATTRIBUTES = {"alt", "aria-label", "placeholder", "title"}
NAMES = {"Stallholder", "English", "简体中文"}
"""Texts that are the same in every language; a language is called by its own name."""

_PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%")
_WORD = re.compile(r"[^\W\d_]+")
_HAN = r"[\u4e00-\u9fff]"
_HALF_WIDTH = re.compile(rf"{_HAN}[,.;:?!]|[,;:?!]{_HAN}")
_PHRASE = re.compile(r"[A-Z][a-z]+( |$)")
_ENDS = {".": "。", "?": "？", ":": "："}
_REST_OF_ADDRESS = re.compile(r"(?<!\w)(/\w+)+")
_TRANSLATED_BY = {"_", "gettext", "ngettext", "pgettext"}
_JINJA = Environment(extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True, autoescape=True)


@lru_cache
def catalogue() -> Catalog:
    """The Chinese catalogue as it lies in the repository."""
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh")


def messages() -> list[Message]:
    """Its entries; the first of a catalogue is its head."""
    return [message for message in catalogue() if message.id]


def texts(part: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """One text, or all forms of a plural."""
    return (part,) if isinstance(part, str) else tuple(part)


def words(text: str) -> list[str]:
    """The words of a text that are not put in at run time."""
    return _WORD.findall(_PLACEHOLDER.sub("", text))


class _Reader(HTMLParser):
    """Collects what a page says by itself: its text and the attributes that are read aloud."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def handle_data(self, data: str) -> None:
        if self.cdata_elem is None:  # styles and scripts are not read
            self.said.append(_REST_OF_ADDRESS.sub("", data))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.said += [value for name, value in attrs if value and name in SPOKEN_ATTRIBUTES]


def templates() -> list[Path]:
    """Every template of the product."""
    return sorted(file for file in TEMPLATES.rglob("*") if file.suffix in {".html", ".txt"})


def literal(node: nodes.Node) -> Iterator[str]:
    """The parts of a template that it sends as they stand; a block that names a class of the page says nothing."""
    if isinstance(node, nodes.TemplateData):
        yield node.data
    for child in node.iter_child_nodes():
        if not (isinstance(child, nodes.Block) and child.name.endswith("_class")):
            yield from literal(child)


def phrases(node: nodes.Node) -> Iterator[str]:
    """Words in the expressions of a template that nobody translates, such as ``button("Save")``."""
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in _TRANSLATED_BY:
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str) and _PHRASE.match(node.value):
        yield node.value
    for child in node.iter_child_nodes():
        yield from phrases(child)


def test_the_catalogue_holds_every_text_and_no_other(tmp_path: Path) -> None:
    fresh = tmp_path / "messages.pot"
    flags = ["--mapping-file", str(ROOT / "pyproject.toml"), "--keywords", "lazy_gettext N_ _", "--output-file"]
    CommandLineInterface().run(["pybabel", "--quiet", "extract", *flags, str(fresh), str(ROOT)])
    with fresh.open("rb") as file:
        wanted = {message.id for message in read_po(file) if message.id}

    assert {message.id for message in messages()} == wanted, "`make messages`, then translate what is new"
    assert not catalogue().obsolete


def test_every_text_is_translated() -> None:
    open_ends = [message.id for message in messages() if message.fuzzy or not all(texts(message.string))]

    assert catalogue().num_plurals == 1
    assert open_ends == []


def test_translations_fill_in_the_same_values() -> None:
    for message in messages():
        wanted = {name for text in texts(message.id) for name in _PLACEHOLDER.findall(text)}
        assert {name for text in texts(message.string) for name in _PLACEHOLDER.findall(text)} == wanted, message.id


def test_translations_are_chinese() -> None:
    untranslated = [
        message.id
        for message in messages()
        for text in texts(message.string)
        if not re.search(_HAN, text) and (words(text) or len(words(texts(message.id)[0])) > 1)
    ]

    assert untranslated == []


def test_translations_are_set_in_full_width() -> None:
    for message in messages():
        for text in texts(message.string):
            assert not _HALF_WIDTH.search(text), text
            end = _ENDS.get(texts(message.id)[0][-1])
            assert end is None or text.endswith(end), text


@pytest.mark.parametrize("template", templates(), ids=lambda file: file.relative_to(TEMPLATES).as_posix())
def test_a_template_says_nothing_untranslated(template: Path) -> None:
    tree = _JINJA.parse(template.read_text())
    reader = _Reader()
    reader.feed("".join(literal(tree)))
    reader.close()

    said = {text.strip(" \n·:,.()") for text in reader.said if words(text)}
    assert said - NAMES == set()
    assert list(phrases(tree)) == []


def test_the_wallet_speaks_both_languages() -> None:
    untranslated = {key for key, text in wallet.CHINESE.items() if key != "language" and not re.search(_HAN, text)}

    assert wallet.CHINESE.keys() == wallet.ENGLISH.keys()
    assert untranslated == set()
