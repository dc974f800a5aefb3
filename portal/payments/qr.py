"""QR codes of what a wallet opens, drawn once for each text."""

from functools import lru_cache
from io import BytesIO

import qrcode
from qrcode.image.svg import SvgPathFillImage


@lru_cache(maxsize=512)
def svg(text: str) -> str:
    """Return an SVG that shows on light and dark pages (error correction M, border 4; providers.md §6)."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4)
    code.add_data(text)
    out = BytesIO()
    code.make_image(image_factory=SvgPathFillImage).save(out)
    drawing = out.getvalue().decode()
    return drawing[drawing.index("<svg") :]
