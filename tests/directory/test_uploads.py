"""F10: whatever is uploaded comes out as a small picture of ours, or is refused."""

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from portal.directory import uploads
from portal.directory.errors import BadPicture

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def picture(kind="PNG", size=(40, 20), mode="RGB", **how):
    out = io.BytesIO()
    Image.new(mode, size, 1 if mode == "P" else "red" if mode != "LA" else (1, 9)).save(out, kind, **how)
    return out.getvalue()


def opened(folder, name):
    return Image.open(folder / name)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bomb(width, height):
    """A PNG of a few bytes that claims to be large."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_f10_pictures_become_webp_under_their_hash(tmp_path, kind, mode):
    name = uploads.store_logo(picture(kind, (900, 300), mode), tmp_path)

    assert uploads.is_name(name)
    assert uploads.store_logo(picture(kind, (900, 300), mode), tmp_path) == name
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert (opened(tmp_path, name).format, opened(tmp_path, name).size) == ("WEBP", (512, 171))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "CMYK", "1", "I;16"])
def test_every_kind_of_colour_is_taken(tmp_path, mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    data = picture("PNG", mode="L") if mode == "I;16" else picture(kind, mode=mode if mode != "P" else "P")

    assert uploads.is_name(uploads.store_logo(data, tmp_path))


def test_photos_have_a_thumbnail(tmp_path):
    photo = uploads.store_photo(picture("JPEG", (4000, 2000)), tmp_path)

    assert (photo.width, photo.height) == (1600, 800)
    assert opened(tmp_path, photo.thumb).size == (400, 200)


def test_small_photos_are_not_blown_up(tmp_path):
    photo = uploads.store_photo(picture(size=(30, 20)), tmp_path)

    assert opened(tmp_path, photo.name).size == (30, 20)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(("size", "upright"), [((300, 100), (100, 300)), ((3600, 1800), (256, 512))])
def test_pictures_stand_upright_and_tell_nothing(tmp_path, kind, size, upright):
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "taken at home"
    name = uploads.store_logo(picture(kind, size, exif=exif.tobytes()), tmp_path)

    assert opened(tmp_path, name).size == upright
    assert not opened(tmp_path, name).getexif()
    assert b"taken at home" not in (tmp_path / name).read_bytes()


def test_f10_what_hangs_on_a_picture_is_left_behind(tmp_path, saw):
    name = uploads.store_logo(picture("JPEG") + b"<?php evil() ?>" + SVG, tmp_path)

    assert b"evil" not in (tmp_path / name).read_bytes()
    assert b"script" not in (tmp_path / name).read_bytes()
    saw("a JPEG with PHP and SVG hung on it: kept as WebP without a byte of either")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 100,
        SVG,
        b"<html>",
        b"GIF89a" + picture("GIF")[6:],
        b"\xff\xd8\xff\xe0" + SVG,
        picture("PNG")[:60],
        picture("JPEG")[:200],
        picture("WEBP")[:30],
        picture("BMP"),
        picture("TIFF"),
        picture("PDF"),
        bomb(30_000, 30_000),
        bomb(7000, 7000),
        b"x" * (uploads.MAX_BYTES + 1),
    ],
    ids=lambda data: f"{data[:8]!r}-{len(data)}",
)
def test_f10_everything_else_is_refused(tmp_path, data):
    for store in (uploads.store_logo, uploads.store_photo):
        with pytest.raises(BadPicture):
            store(data, tmp_path)
    assert list(tmp_path.iterdir()) == []


@given(st.binary(max_size=300), st.integers(0, 60))
def test_f10_damaged_pictures_are_refused_or_read(tmp_path_factory, noise, at):
    whole = picture("JPEG")
    data = whole[:at] + noise + whole[at + len(noise) :]
    try:
        uploads.store_logo(data, tmp_path_factory.mktemp("uploads"))
    except BadPicture:
        return


@pytest.mark.parametrize("name", ["../x.webp", "x.webp", "a" * 40 + ".svg", "A" * 40 + ".webp", "a" * 40 + ".webp\n"])
def test_only_our_names_are_names(name):
    assert not uploads.is_name(name)
