"""One harness a parser: takes what a fuzzer makes up and complains of anything but the parser's own kind of refusal.

It needs no fuzzer itself, so that the inputs kept in ``seeds`` are tried by any Python.
"""

# ruff: noqa: PT017, S101 (what does not hold is a finding)

import json
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path

from portal.directory import attributes, import_files, uploads
from portal.directory.errors import BadFile, BadPicture
from portal.directory.import_rows import Judge
from portal.kit import typed
from portal.kit.config import ConfigError, load_settings
from portal.kit.pagination import MAX_PAGE, page_number
from portal.payments.providers.wechat_pay import _evidence

_TEMPORARY = tempfile.TemporaryDirectory()  # gone when the program ends
_FOLDER = Path(_TEMPORARY.name)


def amounts(data: bytes) -> None:
    """A typed price is a small whole number of minor units that reads back as the same price."""
    text = data.decode("utf-8", "surrogateescape")
    for currency in ("GBP", "JPY"):
        try:
            amount = typed.minor_units(text, currency)
        except typed.Refused:
            continue
        assert type(amount) is int
        assert 0 <= amount < 10**11
        assert text.isascii()
        assert typed.minor_units(typed.plain(amount, currency), currency) == amount


def texts(data: bytes) -> None:
    """A clean line has nothing invisible in it, can be stored, and is clean already."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        clean = typed.line(text, 200)
    except typed.Refused:
        return
    clean.encode()
    assert len(clean) <= 200
    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in clean)
    assert typed.line(clean, 200) == clean


def imports(data: bytes) -> None:
    """A file of products is refused as a whole, or each row is a product that can be stored, or a list of problems."""
    judge = Judge("GBP")
    try:
        count = import_files.count_rows(data)
        rows = list(import_files.read(data))
    except BadFile:
        return
    assert count == len(rows)
    for row in rows:
        product, problems = judge.product(row)
        stored = json.dumps([product, [problem.value for problem in problems]], allow_nan=False, ensure_ascii=False)
        stored.encode()
        assert "\x00" not in stored


def facts(data: bytes) -> None:
    """Attributes are refused, or kept as JSON that is the same when it is read again."""
    names = data.decode("utf-8", "replace").split("\n")
    try:
        found = attributes.of_pairs(zip(names[::2], names[1::2], strict=False))
    except typed.Refused:
        return
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert attributes.of_pairs((name, attributes.as_text(value)) for name, value in found.items()) == found


def pictures(data: bytes) -> None:
    """A picture is refused or becomes a small one of ours."""
    try:
        name = uploads.store_logo(data, _FOLDER)
    except BadPicture:
        return
    stored = _FOLDER / name
    assert stored.read_bytes()[8:12] == b"WEBP"
    stored.unlink()


def evidence(data: bytes) -> None:
    """What the provider says of a payment is evidence that the books can take, or is not understood."""
    try:
        found = _evidence(json.loads(data))
    except (KeyError, TypeError, ValueError, RecursionError):
        return
    assert type(found.amount) is int
    assert found.amount > 0
    assert found.paid_at.tzinfo is not None


def settings(data: bytes) -> None:
    """Settings are refused together in words, or are settings."""
    lines = data.decode("utf-8", "replace").replace("\x00", "").splitlines()
    environ = dict(line.split("=", 1) for line in lines if "=" in line)
    try:
        load_settings(environ | {"PORTAL_STATE": str(_FOLDER), "SECRET_KEY": "x" * 32})
    except ConfigError as refused:
        assert str(refused)


def pages(data: bytes) -> None:
    """Whatever stands for a page number is one."""
    assert 1 <= page_number(data.decode("utf-8", "replace")) <= MAX_PAGE


PARSERS: dict[str, Callable[[bytes], None]] = {
    parser.__name__: parser for parser in (amounts, texts, imports, facts, pictures, evidence, settings, pages)
}
