"""Words as search and likeness compare them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text.stems import fold, stem, stems, words


@pytest.mark.parametrize(
    "forms",
    [
        "клиент клиента клиенту клиентом клиенте клиенты клиентов клиентам клиентами Клиентах КЛИЕНТ",
        "ёлка елка Ёлки ёлкой ЕЛКУ",
        "договор договора договоры договорам",
        "letter letters Letters",
        "client clients client's CLIENTS",
        "negotiate negotiated negotiating negotiates",
        "café cafe",
        "за\u0301мок замок",
    ],
)
def test_all_forms_of_a_word_have_one_stem(forms: str) -> None:
    assert len(set(stems(forms))) == 1


def test_words_that_differ_keep_their_difference() -> None:
    assert fold("й") == "й"
    assert fold("Ё") == "е"
    assert len({stem("клиент"), stem("клиника"), stem("client"), stem("clinic")}) == 4


def test_words_know_where_they_stand() -> None:
    text = "«Ёлки-палки», — said don’t. 50 % _и_ т. д."
    found = [text[word.start : word.end] for word in words(text)]
    assert found == ["Ёлки", "палки", "said", "don’t", "50", "и", "т", "д"]


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    found = list(words(text))
    assert [word.stem for word in found] == stems(text)
    assert all(0 <= word.start < word.end <= len(text) for word in found)
    assert all(one.end <= next_.start for one, next_ in pairwise(found))


@given(st.text(alphabet="абвгдеёжзийклмнопрстуфхцчшщъыьэюя", min_size=1))
def test_capitals_and_the_dots_of_yo_make_no_difference(word: str) -> None:
    assert stem(word) == stem(word.upper()) == stem(word.replace("ё", "е"))


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
