"""Answers that are CSV files: streamed, readable by spreadsheets, and harmless when opened in one."""

import csv
import re
from collections.abc import Iterable, Iterator
from io import StringIO

from flask import Response

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"-[0-9]+(\.[0-9]+)?")
"""An amount below zero, which a spreadsheet takes for what it is."""


def answer(name: str, header: list[str], rows: Iterable[list[str]]) -> Response:
    """Return a download called ``name``; text that a spreadsheet would take for a formula is quoted."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(_lines(header, rows), content_type="text/csv; charset=utf-8", headers=headers)


def _lines(header: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield "\ufeff"  # spreadsheets take a file without it for the wrong encoding
    for row in (header, *rows):
        line = StringIO()
        csv.writer(line).writerow([_harmless(cell) for cell in row])
        yield line.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell
