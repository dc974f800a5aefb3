"""Reading PDF files back as a reader sees them; pypdf shares no line with what made them."""

import io
import re

from pypdf import PdfReader


def reader(file: bytes) -> PdfReader:
    """The file, opened."""
    return PdfReader(io.BytesIO(file), strict=True)


def text_of(file: bytes) -> str:
    """Everything that stands on its pages, without the white space that line breaks come and go with."""
    return squeezed("".join(page.extract_text() for page in reader(file).pages))


def squeezed(text: str) -> str:
    """A text without its white space."""
    return re.sub(r"\s", "", text)
