"""Pictures from outside: decoded, turned upright, made smaller and written anew, so that nothing else comes along.

A file is kept under the hash of what we wrote. It refuses whatever Pillow does not read as JPEG, PNG or WebP.
"""

import hashlib
import io
import os
import re
import tempfile
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from portal.directory.errors import BadPicture
from portal.kit.errors import N_, Unavailable

MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 40_000_000
LOGO_SIZE = 512
PHOTO_SIZE = 1600
THUMB_SIZE = 400
_FORMATS = ("JPEG", "PNG", "WEBP")
_ORIENTATION = 0x0112  # Exif 2.3 §4.6.4
_PATIENCE = 10.0  # seconds
_ONE_AT_A_TIME = threading.Lock()
"""A large picture takes hundreds of megabytes for a moment; a process decodes one after the other."""
_NAME = re.compile(r"[0-9a-f]{40}\.webp", re.ASCII)


@dataclass(frozen=True, slots=True)
class Photo:
    """A stored picture: file names of it and of its thumbnail, and its size in pixels."""

    name: str
    thumb: str
    width: int
    height: int


def store_logo(data: bytes, folder: Path) -> str:
    """Store a logo of at most 512 pixels a side below ``folder`` and return its file name.

    :raises BadPicture: not a picture we take.
    """
    return _write(_encoded(_decoded(data), LOGO_SIZE), folder)


def store_photo(data: bytes, folder: Path) -> Photo:
    """Store a photo of at most 1600 pixels a side and its thumbnail of 400 below ``folder``.

    :raises BadPicture: not a picture we take.
    """
    picture = _shrunk(_decoded(data), PHOTO_SIZE)
    names = [_write(_encoded(picture, size), folder) for size in (PHOTO_SIZE, THUMB_SIZE)]
    return Photo(names[0], names[1], picture.width, picture.height)


def is_name(name: str) -> bool:
    """Whether ``name`` is one that we give to files."""
    return bool(_NAME.fullmatch(name))


def _decoded(data: bytes) -> Image.Image:
    """Return the picture upright and not much larger than needed, in RGB or RGBA."""
    if len(data) > MAX_BYTES:
        raise BadPicture(N_("This picture is larger than %(max)s MB."), max=MAX_BYTES // 1024 // 1024)
    if not _ONE_AT_A_TIME.acquire(timeout=_PATIENCE):
        raise Unavailable("busy", N_("Too much is going on at once. Nothing was changed; please try again."))
    try:
        return _upright(_opened(data))
    except BadPicture:
        raise
    except Exception as error:  # a decoder fed with hostile bytes may raise anything; all of it means the same
        raise BadPicture(N_("This is not a picture we can read. Use a JPEG, PNG or WebP file.")) from error
    finally:
        _ONE_AT_A_TIME.release()


def _opened(data: bytes) -> Image.Image:
    """Read the head of the picture; nothing is decoded yet."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is lower
        picture = Image.open(io.BytesIO(data), formats=_FORMATS)
    if picture.width * picture.height > MAX_PIXELS:
        raise BadPicture(N_("This picture has more than %(max)s megapixels."), max=MAX_PIXELS // 1_000_000)
    return picture


def _upright(picture: Image.Image) -> Image.Image:
    """Decode and make the picture small before anything else, so that few copies of its full size are ever held."""
    picture.draft("RGB", (PHOTO_SIZE, PHOTO_SIZE))  # a JPEG is decoded at a fraction of its size where that is enough
    orientation = picture.getexif()
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    full = picture if picture.mode == mode else picture.convert(mode)
    factor = max(full.size) // PHOTO_SIZE
    if factor > 1:  # channel by channel: Pillow would copy all of them at once to weigh them by transparency
        full = Image.merge(mode, [full.getchannel(band).reduce(factor) for band in mode])
    full.getexif()[_ORIENTATION] = orientation.get(_ORIENTATION, 1)
    return ImageOps.exif_transpose(full)


def _shrunk(picture: Image.Image, size: int) -> Image.Image:
    smaller = picture.copy()
    smaller.thumbnail((size, size), Image.Resampling.LANCZOS)
    return smaller


def _encoded(picture: Image.Image, size: int) -> bytes:
    out = io.BytesIO()
    _shrunk(picture, size).save(out, "WEBP", quality=82, method=4)
    return out.getvalue()


def _write(data: bytes, folder: Path) -> str:
    """Write under a name that tells the content, at once or not at all."""
    name = f"{hashlib.sha256(data).hexdigest()[:40]}.webp"
    if not (folder / name).exists():
        folder.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=folder, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(draft).replace(folder / name)
    return name
