"""What Hypothesis makes up for the parsers: each takes what it promises or refuses it by its own kind of refusal."""

import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from decimal import Decimal

import pytest
from flask import Flask
from hypothesis import example, given, settings
from hypothesis import strategies as st

from portal.directory import attributes, import_files
from portal.directory.errors import BadFile
from portal.directory.import_rows import Judge
from portal.kit import typed
from portal.kit.pagination import MAX_PAGE, page_number
from tests.support import rows
from tests.support.callers import client_of
from tests.support.everything import World
from tests.support.processes import ROOT
from tests.support.proving import times
from tests.web.hostile import NUMBERS

Saw = Callable[[str], None]
DIGITS = st.text(st.sampled_from("0123456789.,-+_eE １٣\n\t'\"NaInf"), max_size=14)
NO_AMOUNTS = [*NUMBERS, "5\n", " 5", "5 ", "+5", "1e3", "inf", "12.", ".5", "1 000", "½", "²", "5\x00", "", "0x5", "१"]
_PRICE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?", re.ASCII)


@pytest.mark.parametrize("text", NO_AMOUNTS)
def test_f1_no_amount_is_made_of_anything_but_digits(text: str) -> None:
    with pytest.raises(typed.Refused):
        typed.minor_units(text, "GBP")


@given(text=DIGITS | st.text(max_size=20))
@example("999999999.99")
@example("0")
def test_f1_an_amount_is_exactly_what_was_typed(text: str) -> None:
    try:
        amount = typed.minor_units(text, "GBP")
    except typed.Refused:
        assert not _PRICE.fullmatch(text)
        return
    assert _PRICE.fullmatch(text)
    assert amount == Decimal(text) * 100
    assert typed.minor_units(typed.plain(amount, "GBP"), "GBP") == amount


@given(text=DIGITS | st.text(max_size=20))
def test_f9_whatever_stands_for_a_page_is_one(text: str) -> None:
    assert 1 <= page_number(text) <= MAX_PAGE


VALUES = (
    st.text(max_size=30) | st.integers() | st.floats() | st.booleans() | st.none() | st.lists(st.integers(), max_size=2)
)


@given(pairs=st.lists(st.tuples(st.text(max_size=20), VALUES), max_size=8))
def test_f1_attributes_are_json_that_reads_back(pairs: list[tuple[str, object]]) -> None:
    try:
        found = attributes.of_pairs(pairs)
    except typed.Refused:
        return
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def check_file(content: bytes) -> None:
    """It is refused as a whole, or every row is a product that can be stored or a list of what is wrong."""
    judge = Judge("GBP")
    try:
        count = import_files.count_rows(content)
    except BadFile:
        return
    judged = [judge.product(row) for row in import_files.read(content)]
    assert len(judged) == count
    for product, problems in judged:
        stored = json.dumps([product, [[one.value, one.params] for one in problems]], allow_nan=False)
        assert "\\u0000" not in stored
        assert problems or (product["name"] and product["price"] is None) or type(product["price"]) is int


CELLS = st.text(st.sampled_from("aé咖\u202e\x00\"',;\t\r\n=+-@09.N１"), max_size=8)


@given(lines=st.lists(st.lists(CELLS, max_size=5).map(",".join), max_size=6))
def test_f5_any_csv_is_read_or_refused(lines: list[str]) -> None:
    check_file("\n".join(["name,price,hidden,Size", *lines]).encode())


@given(content=st.binary(max_size=300))
def test_f5_any_bytes_are_read_or_refused(content: bytes) -> None:
    check_file(content)
    check_file(b"name\n" + content)
    check_file(b'[{"name":' + content)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
PRODUCTS = st.lists(
    st.dictionaries(
        st.sampled_from(["name", "price", "position", "hidden", "attributes", "名称", "Size", "\x00"]),
        st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)),
    ),
    max_size=4,
)


@settings(max_examples=times(40, 200))
@given(products=PRODUCTS)
def test_f5_any_json_is_read_or_refused(products: list[dict[str, object]]) -> None:
    check_file(json.dumps(products).encode())
    check_file(json.dumps(products, ensure_ascii=False).encode("utf-8", "surrogatepass"))


HUGE = {
    "a million rows": 'b"name\\n" + b"a\\n" * 1_000_000',
    "one line of 5 MB": 'b"name\\n" + b"a" * (5 * 1024 * 1024 - 6)',
    "an open quote": 'b"name\\n" + bytes([34]) + b"a," * 2_500_000',
    "a million numbers": 'b"[" + b"1," * 1_000_000 + b"1]"',
    "brackets": 'b"[" * 5_000_000',
    "a million keys": 'b"[{" + b",".join(b\'"%d":1\' % n for n in range(400_000)) + b"}]"',
    "NUL at the end": 'b"name\\n" + b"aaaa\\n" * 900_000 + bytes([0])',
    "no UTF-8 at the end": 'b"name\\n" + b"aaaa\\n" * 900_000 + bytes([255])',
    "60 MB": 'b"name\\n" + b"aaaa\\n" * 12_000_000',
}
_MEASURED = r"""
import re
from portal.directory import import_files
from portal.directory.errors import BadFile
try:
    print("rows", import_files.count_rows({content}))
except BadFile as refused:
    print("refused", refused.message)
with open("/proc/self/status") as status:  # the kernel's other count begins with the parent's memory
    print(int(re.search(r"VmHWM:\s*([0-9]+) kB", status.read())[1]) // 1024)
"""


@pytest.mark.parametrize("name", HUGE)
def test_f5_a_huge_file_costs_less_than_200_mb(name: str, saw: Saw) -> None:
    """Measured in a process of its own, from its first import on."""
    program = textwrap.dedent(_MEASURED).format(content=HUGE[name])
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    said, megabytes = ran.stdout.split("\n")[:2]
    assert said.startswith("refused") or name == "a million keys"
    assert int(megabytes) < 200
    saw(f"{name}: {said.split()[0]}, {megabytes} MB at most")


def test_f5_a_body_of_a_gigabyte_is_refused_unread(
    app: Flask, whole_world: World, cookies: dict[str, str], saw: Saw
) -> None:
    before = rows.digests()
    address = f"/businesses/{whole_world.ids['business']}/products/import"
    sent = {"CONTENT_LENGTH": str(10**9), "CONTENT_TYPE": "multipart/form-data; boundary=x"}
    answer = client_of(app, cookies["own"]).post(address, environ_overrides=sent, data=b"--x\r\n")
    assert answer.status_code == 413
    assert rows.changed(before) == set()
    saw("a body that says it is a gigabyte: 413 before a byte of it is read, no row changed")
