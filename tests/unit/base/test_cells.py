"""A cell shows what it holds; no spreadsheet computes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltline.base.cells import safe_cell, unsafe_text


@pytest.mark.parametrize(
    "text", ["=1+2", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "-"]
)
def test_text_that_a_spreadsheet_would_compute_is_defused(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-5", "+5.25", "-0.1", "1e3", "-5,2", "", "CP1", "a=b", "a-b", "0001"])
def test_text_that_is_a_number_or_harmless_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


@given(st.text() | st.text(alphabet="'=+-@ 1"))
def test_defusing_loses_nothing(text: str) -> None:
    assert unsafe_text(safe_cell(text)) == text
