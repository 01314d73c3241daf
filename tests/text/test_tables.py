import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text.tables import as_written, harmless, line


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_begins_a_formula(start: str) -> None:
    assert harmless(f"{start}1+1") == f"'{start}1+1"
    assert harmless("a=1") == "a=1"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2))
def test_what_was_taken_along_comes_back_as_it_was(cells: list[str]) -> None:
    written = next(csv.reader(io.StringIO(line(cells), newline="")))
    assert [as_written(cell) for cell in written] == [as_written(cell) for cell in cells]


def test_an_apostrophe_of_ones_own_stays() -> None:
    assert as_written("'tis") == "'tis"
    assert as_written(harmless("-o'hara@example.org")) == "-o'hara@example.org"
