"""Which characters the fonts of our documents can draw. One that they cannot becomes a box: PDF/A forbids a gap."""

import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_BOX = "□"
_FORMAT_OF_ALL = 12
"""The table that maps all of Unicode (OpenType specification, cmap, *Format 12*); each of our fonts has one."""


def drawable(text: str, fonts: Path) -> str:
    """Return ``text`` with what no font of the folder can draw as boxes, and what is not to be seen as spaces."""
    known = _known(fonts)
    return "".join(_shown(character, known) for character in text)


def _shown(character: str, known: frozenset[int]) -> str:
    if not character.isprintable():
        return " "
    return character if ord(character) in known else _BOX


@cache
def _known(fonts: Path) -> frozenset[int]:
    return frozenset(point for font in fonts.glob("*.ttf") for point in _points(font.read_bytes()))


def _points(font: bytes) -> Iterator[int]:
    """Give each code point that a font maps to a glyph."""
    table = _table(font, b"cmap")
    (count,) = struct.unpack_from(">H", font, table + 2)
    for number in range(count):
        (offset,) = struct.unpack_from(">I", font, table + 8 + 8 * number)
        (format_,) = struct.unpack_from(">H", font, table + offset)
        if format_ == _FORMAT_OF_ALL:
            (groups,) = struct.unpack_from(">I", font, table + offset + 12)
            start = table + offset + 16
            for first, last, _ in struct.iter_unpack(">III", font[start : start + 12 * groups]):
                yield from range(first, last + 1)


def _table(font: bytes, name: bytes) -> int:
    """Return where a table of a font begins, as its head says."""
    (count,) = struct.unpack_from(">H", font, 4)
    for number in range(count):
        tag, _, offset, _ = struct.unpack_from(">4sIII", font, 12 + 16 * number)
        if tag == name:
            return int(offset)
    raise ValueError(f"a font without {name.decode()}")
