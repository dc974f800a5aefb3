"""Free attributes: what goes in comes out the same, and nothing else goes in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.directory import attributes
from portal.kit.typed import Refused

values = st.one_of(st.booleans(), st.integers(-(10**14), 10**14), st.text(max_size=40))


@given(values)
def test_what_is_shown_is_read_back(value):
    try:
        stored = attributes.of_pairs([("x", value)])["x"] if value != "" else ""
    except (Refused, KeyError):
        return
    assert attributes.of_text(attributes.as_text(stored)) == stored
    assert type(attributes.of_text(attributes.as_text(stored))) is type(stored)


@given(st.text(max_size=60))
def test_a_typed_value_keeps_its_looks(text):
    assert attributes.as_text(attributes.of_text(text)) == text


@pytest.mark.parametrize(
    "text", ["007", "1e5", "12.50", "-0", "+1", "١٢", "1_000", "NaN", "Infinity", "9" * 30, "True"]
)
def test_what_only_looks_like_a_number_stays_a_text(text):
    assert attributes.of_text(text) == text
    assert isinstance(attributes.of_text(text), str)


@pytest.mark.parametrize(
    "pairs",
    [
        [("a", "1"), ("A", "2")],
        [("", "1")],
        [("n" * 61, "1")],
        [("a", "v" * 501)],
        [("a", None)],
        [("a", [1])],
        [("a", float("nan"))],
        [("a", float("inf"))],
        [("a", 10**16)],
        [("a\x00", "1")],
        [("a", "x\u202ey")],
        [(f"n{number}", "1") for number in range(31)],
    ],
)
def test_what_is_refused(pairs):
    with pytest.raises(Refused):
        attributes.of_pairs(pairs)


def test_empty_rows_are_left_out():
    assert attributes.of_pairs([("", ""), (" a ", "1"), ("", " "), ("b", "")]) == {"a": 1, "b": ""}
