"""Where a text says what was looked for."""

import re
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from app.letters.search import parse
from app.text.snippets import AROUND, marked, opening, snippet

LONG = "Сначала ничего. " * 60 + "Клиенты молчат, а ёлка стоит. " + "Потом ничего. " * 60


def test_forms_of_a_word_are_marked_and_the_rest_is_escaped() -> None:
    assert marked("<b>Клиенту</b> & клиенты", parse("клиент").terms) == (
        "&lt;b&gt;<mark>Клиенту</mark>&lt;/b&gt; &amp; <mark>клиенты</mark>"
    )


def test_a_phrase_is_marked_as_a_whole_and_only_as_a_whole() -> None:
    text = "A nervous client. The client was nervous clients say."
    assert marked(text, parse('"nervous client"').terms) == (
        "A <mark>nervous client</mark>. The client was <mark>nervous clients</mark> say."
    )


def test_a_snippet_is_cut_around_what_was_found() -> None:
    found = snippet(LONG, parse("елки клиент").terms)
    assert "<mark>Клиенты</mark> молчат, а <mark>ёлка</mark> стоит." in found
    assert found.startswith("…")
    assert found.endswith("…")
    assert len(found) < AROUND * 3


def test_a_snippet_shows_the_place_that_says_most() -> None:
    text = "Клиент. " + "Ничего. " * 80 + "Клиент и договор." + " Ничего." * 80
    assert "<mark>договор</mark>" in snippet(text, parse("клиент договор").terms)


def test_a_text_that_says_nothing_of_it_has_no_snippet_but_an_opening() -> None:
    assert snippet(LONG, parse("весна").terms) == ""
    assert opening("Коротко & ясно.") == "Коротко &amp; ясно."
    assert opening(LONG).endswith("Сначала…")
    assert opening("Ничего. " * 60).endswith("Ничего. …")


@given(st.text(alphabet='аб вё<&>"ёa', max_size=400), st.text(alphabet="абвё a", min_size=1, max_size=8))
def test_marks_change_no_character_of_the_text(text: str, asked: str) -> None:
    terms = parse(asked).terms
    assert unescape(re.sub("</?mark>", "", marked(text, terms))) == text
    bare = unescape(re.sub("</?mark>", "", snippet(text, terms))).strip(" …")
    assert bare.strip() in text
