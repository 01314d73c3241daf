"""What can be seen of a comment's text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text import signs
from app.text.likeness import said


def test_quoted_lines_are_what_their_originals_say() -> None:
    source = "> Change it … and send me\n>> the deepest line\n\nNo. He says «I will not pay for it»."
    found = signs.quotations(source)
    assert list(found.values()) == ["Change it", "and send me", "the deepest line", "I will not pay for it"]
    original = " ".join(said("Please CHANGE  it!"))
    assert f" {next(iter(found))} " in f" {original} "


@pytest.mark.parametrize("source", ["> Yes", ">", "> :)", "«a nice word»", ""])
def test_what_is_too_short_quotes_nobody(source: str) -> None:
    assert signs.quotations(source) == {}


def test_own_words_are_without_quotes_and_addresses() -> None:
    assert said(signs.own_words("> quoted\nMine, see https://example.org/a_(b).")) == said("Mine, see")


def test_links_are_their_hosts_once() -> None:
    source = "https://www.shop.example/a?b, http://shop.example/ and https://Other.example."
    assert signs.hosts(source) == ["shop.example", "other.example"]


def test_addresses_of_comments_are_known() -> None:
    assert signs.anchors("see /letters/2026-11-20/#c0123456789abcd!") == ["c0123456789abcd"]
    assert signs.anchors("#c12 #d0123456789abcd") == []


@pytest.mark.parametrize(
    ("text", "shouts"),
    [("ЭТО СОВСЕМ НИКУДА НЕ ГОДИТСЯ!", True), ("BUY NOW, MY FRIEND", True), ("Это не годится, ГОСТ нарушен", False),
     ("ООО", False), ("12345 67890 12345", False), ("", False)],
)  # fmt: skip
def test_capitals_are_shouting(text: str, shouts: bool) -> None:
    assert signs.shouts(text) is shouts


@pytest.mark.parametrize(
    ("text", "gives"),
    [("У меня был такой клиент: молчал.", True), ("Once I asked, and he paid.", True), ("It took 40 days.", True),
     ("Он пишет: «я заплачу за всё потом».", True), ("Согласен с советом, хорошо сказано.", False),
     ("> У меня был клиент\nДа.", False), ("Well said, thank you.", False)],
)  # fmt: skip
def test_an_example_is_guessed(text: str, gives: bool) -> None:
    assert signs.gives_example(text) is gives


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    signs.quotations(text), signs.hosts(text), signs.anchors(text), signs.shouts(text), signs.gives_example(text)
    own, quoted = signs.own_and_quoted(text)
    assert sum(map(len, [own, *quoted])) <= len(text)
