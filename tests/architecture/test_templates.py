"""Every template compiles, is shown somewhere, and keeps to the content security policy."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import meta

from tests.architecture.sources import ROOT, python_files, tree

TEMPLATES = ROOT / "templates"
NAMES = sorted(file.relative_to(TEMPLATES).as_posix() for file in TEMPLATES.rglob("*.*"))
_INLINE = re.compile(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)", re.IGNORECASE)

_JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)


def texts() -> Iterator[str]:
    """Every text constant in the code of the product."""
    for file in python_files("portal", "worker"):
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


@pytest.mark.parametrize("name", NAMES)
def test_it_compiles(app: Flask, name: str) -> None:
    app.jinja_env.get_template(name)


def test_every_template_is_used(app: Flask) -> None:
    environment = app.jinja_env
    used = set(texts())
    for name in NAMES:
        used |= {found for found in meta.find_referenced_templates(environment.parse(source(name))) if found}
    unused = [name for name in NAMES if name not in used and not (is_letter(name) and Path(name).stem in used)]

    assert unused == []


def test_every_template_asked_for_exists() -> None:
    asked = {text for text in texts() if re.fullmatch(r"(web|console|errors|layouts|components)/[\w/]+\.html", text)}

    assert asked - set(NAMES) == set()


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("emails/")])
def test_no_page_has_code_or_style_inline(name: str) -> None:
    assert _INLINE.findall(_JINJA.sub("", source(name))) == []


def source(name: str) -> str:
    """The text of a template."""
    return (TEMPLATES / name).read_text()


def is_letter(name: str) -> bool:
    """Mails, of which each has a text and an HTML half, and notices are asked for by their name without an ending."""
    return name.startswith(("emails/", "notices/"))
