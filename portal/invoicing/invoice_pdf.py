"""Receipts, invoices and credit notes as PDF files to keep (PDF/A-2b), made when asked for: of one the same bytes.

No font of the system is used, so that what we saw is what everybody gets.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import typst

from portal.invoicing.glyphs import drawable

FOLDER = Path(__file__).with_name("paper")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A document in its reader's words: amounts and days are text already. What is said of a party are its lines."""

    language: str
    title: str
    heading: str
    number: str
    issued_on: str
    """ISO 8601; the file bears it as its date, whenever it is made."""
    state: str | None
    labels: dict[str, str]
    """``seller``, ``buyer`` and ``related``."""
    seller: Sequence[str]
    buyer: Sequence[str]
    facts: Sequence[tuple[str, str]]
    lines: Sequence[tuple[str, str, str]]
    """Title, derivation and amount."""
    sums: Sequence[tuple[str, str, str]]
    """Label, note and amount; the total first."""
    remarks: Sequence[str]
    related: Sequence[tuple[str, str, str]]
    """Number, day and amount."""


def printed(paper: Paper) -> bytes:
    """Return the document as a PDF file."""
    said = json.dumps(_drawable(asdict(paper)))
    compiler = typst.Compiler(FOLDER / "document.typ", root=FOLDER, font_paths=_fonts(), sys_inputs={"paper": said})
    file = compiler.compile(format="pdf", pdf_standards="a-2b")
    if not isinstance(file, bytes):
        raise TypeError("a PDF is one file")
    return file


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FOLDER])


def _drawable(value: Any) -> Any:
    """Return a value with every text in it as our fonts can draw it."""
    if isinstance(value, str):
        return drawable(value, FOLDER)
    if isinstance(value, dict):
        return {key: _drawable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_drawable(part) for part in value]
    return value
