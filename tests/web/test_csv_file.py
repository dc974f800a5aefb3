"""Files for spreadsheets: what would be taken for a formula is quoted, and an amount stays an amount."""

import csv
import io

import pytest

from portal.web import csv_file


def read_back(cell: str) -> str:
    file = csv_file.answer("x.csv", ["head"], [[cell]]).get_data(as_text=True)
    return list(csv.reader(io.StringIO(file)))[1][0]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "@A1", "-A1", "-1+A1", "-", "-1.", "-1.2.3", "-１", "\t=1", "-1\n=2"])
def test_a_formula_is_quoted(cell: str) -> None:
    assert read_back(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["1.20", "-1.20", "-120", "INV-2026-000001", "Café, “Łódź”", ""])
def test_anything_else_is_left_as_it_is(cell: str) -> None:
    assert read_back(cell) == cell
