"""F5: a file is read row by row, or refused with the line that is wrong; nothing else ever happens."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.directory import import_files
from portal.directory.errors import BadFile
from portal.directory.import_rows import Judge

BAD = {
    "nothing": b"",
    "only a header": b"name,price\n",
    "only blank lines": b"name\n\n  \n",
    "a NUL": b"name\nA\nB\x00\n",
    "Latin-1": "name\nCafé\n".encode("latin-1"),
    "UTF-16": "name\nA\n".encode("utf-16"),
    "no name": b"price\n1\n",
    "a column twice": b"name,Price,price\nA,1,2\n",
    "an attribute twice": b"name,Size,size\nA,1,2\n",
    "a nameless column": b"name,,price\nA,1,2\n",
    "a column with a tab": b'name,"a\tb"\nA,1\n',
    "too many columns": ("name," + ",".join(f"c{n}" for n in range(60)) + "\nA\n").encode(),
    "an open quotation mark": b'name\n"A\n',
    "a huge cell": b"name\n" + b"x" * 200_000 + b"\n",
    "too many rows": b"name\n" + b"x\n" * 50_001,
    "too large": b"name\n" + b"x" * (5 * 1024 * 1024),
    "a JSON object": b'{"name": "A"}',
    "an endless list": b'[{"name": "A"}',
    "a comma too many": b'[{"name": "A"},]',
    "no comma": b'[{"name": "A"} {"name": "B"}]',
    "something behind": b'[{"name": "A"}] x',
    "an empty list": b"[]",
    "very deep": b"[" + b'{"a":' * 100_000,
    "half a word": b'[{"name": tru}]',
    "a bare key": b"[{name: 1}]",
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_what_cannot_be_read_is_refused_whole(content):
    with pytest.raises(BadFile) as refused:
        import_files.count_rows(content)
    assert str(refused.value)
    assert set(refused.value.fields) == {"file"}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_spreadsheets_write_csv_in_many_ways(separator, end, mark):
    text = mark + end.join([separator.join(["Name", "PRICE", "Size"]), separator.join(["A", "1.50", "big"]), ""])
    rows = list(import_files.read(text.encode()))

    assert [(row.line, row.cells) for row in rows] == [(2, {"name": "A", "price": "1.50", "Size": "big"})]


def test_rows_know_their_line():
    content = b'name,description\nA,"one\ntwo"\n\nB,x\n'

    assert [row.line for row in import_files.read(content)] == [2, 5]


def test_columns_may_be_named_in_chinese():
    (row,) = import_files.read("名称,价格\n咖啡,20\n".encode())

    assert row.cells == {"name": "咖啡", "price": "20"}


def test_json_rows_know_their_line():
    content = b'[\n {"name": "A",\n  "price": 1},\n {"name": "B"}]\n'

    assert [row.line for row in import_files.read(content)] == [2, 4]


@given(st.binary(max_size=400))
def test_any_bytes_are_rows_or_a_refusal(content):
    judge = Judge("GBP")
    try:
        rows = list(import_files.read(content))
    except BadFile:
        return
    for row in rows:
        judge.product(row)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(json_values, max_size=5), st.booleans())
def test_any_json_is_judged_and_can_be_stored(values, is_ascii):
    content = json.dumps(values, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    try:
        rows = list(import_files.read(content))
    except BadFile:
        return
    for row in rows:
        product, problems = Judge("GBP").product(row)
        told = [
            part for p in problems for part in (p.column, p.message % p.params, p.value, *map(str, p.params.values()))
        ]
        for text in (*told, "" if problems else json.dumps(product, ensure_ascii=False, allow_nan=False)):
            text.encode()
            assert "\x00" not in text
