"""What people type: clean text or a refusal, exact amounts without floats."""

import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.kit import typed
from portal.kit.money import EXPONENTS
from portal.kit.typed import Refused

BAD = [
    "\x00",
    "\x07",
    "\t",
    "\x7f",
    "\x85",
    "\u2028",
    "\u200e",
    "\u200f",
    "\u202a",
    "\u202e",
    "\u2066",
    "\u2069",
    "\ud800",
]


@given(st.text(max_size=60))
def test_a_clean_line_is_clean(text):
    try:
        clean = typed.line(text, 50)
    except Refused:
        return
    assert clean == unicodedata.normalize("NFC", clean) == clean.strip()
    assert len(clean) <= 50
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in clean)
    assert typed.line(clean, 50) == clean


@pytest.mark.parametrize("bad", BAD)
def test_invisible_tricks_are_refused(bad):
    for read in (typed.line, typed.lines):
        for text in (bad, f"a{bad}b", f"{bad}a", f"a{bad}"):
            with pytest.raises(Refused):
                read(text, 50)


def test_lines_break_one_way_and_a_line_does_not():
    assert typed.lines("a\r\nb\n", 9) == "a\nb"
    with pytest.raises(Refused):
        typed.line("a\nb", 9)


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\u3000", "\u00a0\u200d"])
def test_nothing_visible_is_nothing(text):
    assert typed.line(text, 9) == ""


def test_length_is_counted_after_composing():
    assert typed.line("e\u0301" * 9, 9) == "é" * 9
    with pytest.raises(Refused) as refused:
        typed.line("x" * 10, 9)
    assert "at most 9" in str(refused.value)


@given(st.sampled_from(sorted(EXPONENTS)), st.integers(0, 10**9 - 1))
def test_amounts_are_read_as_they_are_written(currency, amount):
    assert typed.minor_units(typed.plain(amount, currency), currency) == amount


@pytest.mark.parametrize(
    ("text", "currency", "amount"), [("12.5", "GBP", 1250), ("007", "GBP", 700), ("12", "JPY", 12)]
)
def test_amounts(text, currency, amount):
    assert typed.minor_units(text, currency) == amount


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1\n",
        "-1",
        "+1",
        "1.",
        ".5",
        "1,5",
        "1.005",
        "1e3",
        "NaN",
        "1_0",
        "１",
        "١",
        "1 000",
        "1" * 10,
        "£1",
        "0x1",
    ],
)
def test_what_is_no_amount(text):
    with pytest.raises(Refused):
        typed.minor_units(text, "GBP")


def test_yen_have_no_decimals():
    with pytest.raises(Refused):
        typed.minor_units("1.0", "JPY")


@pytest.mark.parametrize(("text", "value"), [("51.50735091827", "51.507351"), ("-90", "-90"), ("0.0000004", "0")])
def test_decimals_are_rounded(text, value):
    assert typed.decimal(text, places=6, low=-90, high=90) == Decimal(value)


@pytest.mark.parametrize("text", ["", "90.0000001", "-91", "1e1", "nan", "５", "1.", "--1", "1" * 40, "0x1", "1\n"])
def test_what_is_no_decimal_in_range(text):
    with pytest.raises(Refused):
        typed.decimal(text, places=6, low=-90, high=90)


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111111", "4111 1111 1111 1111", "Visa 4111-1111-1111-1111, thanks", "378282246310005",
        "5555555555554444", "2223003122003222", "6212345678900000003", "3530 1113 3330 0000", "4111111111111111.0",
    ],
)  # fmt: skip
def test_g14_a_card_number_is_not_taken(text: str) -> None:
    with pytest.raises(typed.CardNumber):
        typed.line(text, 100)
    assert "1111" not in typed.without_cards(text)


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112", "+44 20 7946 0958", "EAN 5012345678900", "ISBN 978-0-306-40615-7", "20260101120000",
        "GB29 NWBK 6016 1331 9268 19", "1234567812345670", "41111111111111111111111", "IMEI 490154203237518",
    ],
)  # fmt: skip
def test_other_long_numbers_are(text: str) -> None:
    assert typed.line(text, 100) == text
