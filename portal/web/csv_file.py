"""Answers that are CSV files: streamed, readable by spreadsheets, and harmless when opened in one."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO

from flask import Response

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def answer(name: str, header: list[str], rows: Iterable[list[str]]) -> Response:
    """Return a download called ``name``; text that a spreadsheet would take for a formula is quoted."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(_lines(header, rows), content_type="text/csv; charset=utf-8", headers=headers)


def _lines(header: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield "\ufeff"  # spreadsheets take a file without it for the wrong encoding
    for row in (header, *rows):
        line = StringIO()
        csv.writer(line).writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row])
        yield line.getvalue()
