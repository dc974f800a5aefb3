"""Reading a file of products, CSV or JSON, row by row with the line each began on.

A file that cannot be read as a whole is refused here; what is wrong in one row is said by ``import_rows``.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from portal.directory.errors import BadFile
from portal.kit import typed
from portal.kit.errors import N_

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 50_000
MAX_COLUMNS = 60
_KNOWN = ("name", "description", "price", "position", "hidden")
_ALIASES = {"名称": "name", "描述": "description", "价格": "price", "位置": "position", "隐藏": "hidden"}
_LONGEST_NUMBER = 18  # digits; more than any price or attribute may have
_BLANKS = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Row:
    """A row as read: ``cells`` by column, ``line`` on which it begins; ``extra`` counts cells without a column."""

    line: int
    cells: dict[str, Any]
    extra: int = 0


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands in for a JSON value that we do not take; ``reason`` is an English message id."""

    text: str
    reason: str

    def __str__(self) -> str:
        return self.text


def format_of(content: bytes) -> str:
    """Return ``json`` or ``csv``, by how the content begins."""
    return "json" if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{") else "csv"


def count_rows(content: bytes) -> int:
    """Read the whole file once and return how many rows it has.

    :raises BadFile: it is too large, empty, not text, or not what its form demands.
    """
    if len(content) > MAX_BYTES:
        raise BadFile(N_("This file is larger than %(max)s MB."), max=MAX_BYTES // 1024 // 1024)
    count = 0
    for count, _ in enumerate(read(content), 1):
        if count > MAX_ROWS:
            raise BadFile(N_("This file has more than %(max)s rows. Split it into several."), max=MAX_ROWS)
    if not count:
        raise BadFile(N_("This file has no rows."))
    return count


def read(content: bytes) -> Iterator[Row]:
    """Yield the rows of a file.

    :raises BadFile: at the point from which it cannot be read.
    """
    text = _text(content)
    return _json_rows(text) if format_of(content) == "json" else _csv_rows(text)


def _text(content: bytes) -> str:
    if b"\x00" in content:
        line = content[: content.index(b"\x00")].count(b"\n") + 1
        raise BadFile(N_("Line %(line)s holds a NUL character. Save the file as plain UTF-8 text."), line=line)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadFile(N_("Line %(line)s is not UTF-8. Save the file as “CSV UTF-8”."), line=line) from error


def _csv_rows(text: str) -> Iterator[Row]:
    first = text[: text.find("\n")] if "\n" in text else text
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    try:
        columns = _columns(next(reader, []))
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield Row(line, dict(zip(columns, cells, strict=False)), max(0, len(cells) - len(columns)))
            line = reader.line_num + 1
    except csv.Error as error:
        message = N_("Line %(line)s cannot be read as CSV. Look for a quotation mark that is not closed.")
        raise BadFile(message, line=reader.line_num) from error


def _columns(header: list[str]) -> list[str]:
    """Return the names of the columns: ours in small letters, others as they are written."""
    if len(header) > MAX_COLUMNS:
        raise BadFile(N_("Use at most %(max)s columns."), max=MAX_COLUMNS)
    try:
        written = [typed.line(name, 60) for name in header]
    except typed.Refused as refused:
        raise BadFile(N_("The first line names the columns; one of its names cannot be used.")) from refused
    columns = [column_of(name) for name in written]
    if "" in columns:
        raise BadFile(N_("Column %(number)s has no name in the first line."), number=columns.index("") + 1)
    twice = [name for name in columns if [other.casefold() for other in columns].count(name.casefold()) > 1]
    if twice:
        raise BadFile(N_("The column “%(name)s” is there twice."), name=twice[0])
    if "name" not in columns:
        raise BadFile(N_("The first line must name the columns, and one of them must be “name”."))
    return columns


def column_of(written: str) -> str:
    """Return our name of a column, in English or Chinese, capitals or not; else the name as written."""
    small = written.casefold()
    return small if small in _KNOWN else _ALIASES.get(small, written)


def _json_rows(text: str) -> Iterator[Row]:
    decoder = json.JSONDecoder(
        object_pairs_hook=_object,
        parse_float=_number,
        parse_int=_number,
        parse_constant=lambda word: Unreadable(word, N_("NaN and Infinity are not numbers.")),
    )
    at, line, counted = _past(text, 0, "["), 1, 0
    while text[at : at + 1] != "]":
        line, counted = line + text.count("\n", counted, at), at
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise BadFile(N_("The JSON is broken near line %(line)s."), line=line) from error
        yield Row(line, value if isinstance(value, dict) else {"name": _no_object(value)})
        at = _skip(text, at)
        is_last = text[at : at + 1] == "]"
        at = at if is_last else _past(text, at, ",")
        if not is_last and text[at : at + 1] == "]":
            raise BadFile(N_("The JSON is broken near line %(line)s."), line=line)
    if text[at + 1 :].strip(_BLANKS):
        raise BadFile(N_("There is something after the end of the JSON list."))


def _past(text: str, at: int, wanted: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] != wanted:
        raise BadFile(N_("The JSON must be a list of products: [{…}, {…}]."))
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in _BLANKS:
        at += 1
    return at


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | Unreadable:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Unreadable("{…}", N_("This object has a key twice."))


def _no_object(value: object) -> Unreadable:
    return value if isinstance(value, Unreadable) else Unreadable(str(value), N_("Each product must be an object {…}."))


def _number(digits: str) -> Decimal | int | Unreadable:
    value = Decimal(digits) if len(digits) <= _LONGEST_NUMBER else None
    if value is None or abs(value.adjusted()) > _LONGEST_NUMBER:
        return Unreadable(digits[:40], N_("This number is too long."))
    return int(digits) if digits.lstrip("-").isdigit() else value
