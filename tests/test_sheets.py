"""Cells of CSV: no spreadsheet takes one for a formula, and each comes back as it was."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import sheets

DANGEROUS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\nx", "  =1", "'=1", '"=1', "a;=cmd|' /C calc'!A0", "a\t@x", "＝1",  # noqa: RUF001
]  # fmt: skip


@pytest.mark.parametrize("text", DANGEROUS)
def test_it_puts_an_apostrophe_before_a_formula(text: str) -> None:
    cell = sheets.neutral(text)
    assert cell != text
    assert all(not part.lstrip(" \"").startswith(("=", "+", "-", "@")) for part in cell.split(";"))
    assert sheets.plain(cell) == text


@pytest.mark.parametrize("text", ["", "Biology 101", "O'Neill", "'tis", "a-b", "1=1", "x; y", "2026-09-01", "é"])
def test_it_leaves_what_is_no_formula(text: str) -> None:
    assert sheets.neutral(text) == text
    assert sheets.plain(text) == text


@given(st.text(alphabet=st.sampled_from("='\"+-@;\t\r\n ab,＝"), max_size=12))  # noqa: RUF001
def test_every_text_comes_back(text: str) -> None:
    assert sheets.plain(sheets.neutral(text)) == text


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1, max_size=4))
def test_every_row_comes_back(cells: list[str]) -> None:
    assert list(sheets.rows(io.StringIO(sheets.line(cells), newline=""))) == [cells]


def test_numbers_are_no_formulas_and_none_is_an_empty_cell() -> None:
    assert sheets.line([-5, 1.5, None, "-5", "a,b"]) == "-5,1.5,,'-5,\"a,b\"\r\n"


def test_a_quote_that_never_ends_is_an_error() -> None:
    with pytest.raises(csv.Error):
        list(sheets.rows(io.StringIO('"a,b\r\n', newline="")))
