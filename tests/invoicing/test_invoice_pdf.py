"""Documents as PDF files: to be kept for long, the same each time, and whole whatever a shop is called."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.invoicing.glyphs import drawable
from portal.invoicing.invoice_pdf import FOLDER, Paper, printed
from tests.support.pdf import reader, squeezed, text_of

PAPER = Paper(
    language="en",
    title="Invoice INV-2026-000001",
    heading="Invoice",
    number="INV-2026-000001",
    issued_on="2026-11-22",
    state="To pay",
    labels={"seller": "Seller", "buyer": "Buyer", "related": "Credit notes"},
    seller=["Harbour Directory"],
    buyer=["Lantern Coffee", "shop@shop.example"],
    facts=[("Issued", "22 Nov 2026")],
    lines=[("Pro tier", "£3.00 × 1 month = £3.00", "£3.00")],
    sums=[("Total", "", "£3.00")],
    remarks=[],
    related=[],
)


def test_the_same_document_is_the_same_file() -> None:
    assert printed(PAPER) == printed(replace(PAPER))
    assert printed(PAPER) != printed(replace(PAPER, state="Paid"))


def test_many_are_made_at_once_without_mixing_them_up() -> None:
    papers = [replace(PAPER, number=f"INV-2026-{number:06}") for number in range(40)]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(printed, papers)) == [printed(paper) for paper in papers]


def test_it_is_made_to_be_kept() -> None:
    file = reader(printed(PAPER))
    marks = file.xmp_metadata
    assert marks is not None
    assert b"<pdfaid:part>2</pdfaid:part>" in printed(PAPER)
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in printed(PAPER)
    assert file.metadata is not None
    assert (file.metadata.title, file.metadata.author) == (PAPER.title, "Harbour Directory")
    assert f"{file.metadata.creation_date:%Y-%m-%d}" == PAPER.issued_on


def test_nothing_but_our_fonts_is_in_it() -> None:
    chinese = replace(PAPER, buyer=["灯笼咖啡"])
    fonts = {
        str(font.get_object()["/BaseFont"]).partition("+")[2].partition("-")[0]
        for page in reader(printed(chinese)).pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
    }
    assert fonts == {"NotoSans", "NotoSansSC"}


@pytest.mark.parametrize(
    "name",
    [
        "#strong[x] $a^2$ *b* _c_ `d` // e /* f */ = g @h <i> \\ j",
        '"}], "total": 0',
        "Łódź Dvořák ξένος Жуков",
        "咖啡",
        "한국 ☕ ไทย",
    ],
)
def test_a_name_is_a_text_and_nothing_else(name: str) -> None:
    assert squeezed(drawable(name, FOLDER)) in text_of(printed(replace(PAPER, buyer=[name])))


def test_what_no_font_can_draw_is_a_box() -> None:
    assert drawable("Café 咖啡 ☕!\x00", FOLDER) == "Café 咖啡 □! "


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_somebody_is_called_there_is_a_file(name: str, title: str) -> None:
    paper = replace(PAPER, buyer=[name], seller=[name], lines=[(title, name, "£3.00")], title=title)
    assert "£3.00" in text_of(printed(paper))


def test_a_long_document_goes_over_its_pages_and_loses_nothing() -> None:
    lines = [(f"Branch {number}", f"£1.00 × {number} of 365 days", f"£0.{number:03}") for number in range(200)]
    file = printed(replace(PAPER, lines=lines))
    assert len(reader(file).pages) > 3
    found = text_of(file)
    assert [part for line in lines for part in line if squeezed(part) not in found] == []
