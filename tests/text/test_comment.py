import re
from html import unescape
from html.parser import HTMLParser

import nh3
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.text.comment import DEEPEST_QUOTE, render
from app.text.sanitise import COMMENT_TAGS, safe_html

pieces = st.sampled_from(
    ["> ", ">", ">> ", "\n", "\n\n", " ", "https://example.org/a?b=1&c=2", "http://[", "javascript:alert(1)", "\u2028",
     "<script>", "</p>", "<!--", "&lt;", "&amp;", "&", '"', "'", "(", ")", ".", "«цитата»", "🦉", "\x00", "\x0c"]
)  # fmt: skip
texts = st.one_of(st.text(), st.lists(pieces | st.text(max_size=5)).map("".join))
printed = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.just("\n"), max_size=200)


class Page(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        if tag == "a":
            assert {name for name, _ in attrs} <= {"href", "rel"}
        else:
            assert attrs == []

    def handle_data(self, data: str) -> None:
        self.text += data


def words(text: str) -> str:
    return re.sub(r"\s+", "", text)


@given(texts)
def test_no_text_raises_and_nothing_but_four_tags_comes_out(source: str) -> None:
    assert set(Page(render(source)).tags) <= COMMENT_TAGS


@given(texts)
def test_every_link_leads_to_the_web(source: str) -> None:
    page = Page(render(source))
    assert all(re.match("https?://", link, re.IGNORECASE) for link in page.links)
    assert len(page.links) == page.tags.count("a")


@given(printed)
@example("1 > 0, 2 < 3 &amp; 4")
@example("> > > > > > six")
def test_every_character_that_prints_is_still_there_but_the_marks_of_quotes(source: str) -> None:
    marks = re.compile(r"^(?:\s{0,3}>\s?)+", re.MULTILINE)
    expected = "\n".join(marks.sub("", line) for line in source.split("\n"))
    assert words(Page(render(source)).text).replace(">", "") == words(expected).replace(">", "")


@given(st.text(st.characters(exclude_characters=">", exclude_categories=["Cc", "Cs"]) | st.just("\n")))
def test_without_quotes_the_visible_text_is_the_source(source: str) -> None:
    assert words(Page(render(source)).text) == words(source)


@given(texts)
def test_cleaning_once_more_changes_nothing(source: str) -> None:
    html = render(source)
    assert safe_html(html, COMMENT_TAGS) == html


@given(printed)
def test_another_sanitiser_finds_nothing_to_remove(source: str) -> None:
    def as_text(html: str) -> str:
        return re.sub(r"\s+", " ", unescape(html))

    html = render(source)
    attributes = {"a": {"href", "rel"}}
    cleaned = nh3.clean(
        html, tags=set(COMMENT_TAGS), attributes=attributes, link_rel=None, url_schemes={"http", "https"}
    )
    assert as_text(cleaned) == as_text(html)


@given(texts)
def test_the_same_text_always_gives_the_same_html(source: str) -> None:
    assert render(source) == render(source)
    assert render(source.replace("\n", "\r\n")) == render(source.replace("\n", "\r"))


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("", ""),
        (" \n\n ", ""),
        ("One.", "<p>One.</p>"),
        ("One,\ntwo.", "<p>One,<br>two.</p>"),
        ("One.\n\n\n\nTwo.", "<p>One.</p><p>Two.</p>"),
        ("> Why?\nBecause.", "<blockquote><p>Why?</p></blockquote><p>Because.</p>"),
        ("> One.\n>\n> Two.", "<blockquote><p>One.</p><p>Two.</p></blockquote>"),
        (
            "> > Deep.\n> Deeper in.\n\nOut.",
            "<blockquote><blockquote><p>Deep.</p></blockquote><p>Deeper in.</p></blockquote><p>Out.</p>",
        ),
        ("a > b", "<p>a &gt; b</p>"),
        ("<b>bold</b> & *star*", "<p>&lt;b&gt;bold&lt;/b&gt; &amp; *star*</p>"),
        ("    > four spaces in", "<p>&gt; four spaces in</p>"),
    ],
)
def test_paragraphs_lines_and_quotes(source: str, html: str) -> None:
    assert render(source) == html


@pytest.mark.parametrize("depth", range(1, 12))
def test_quotes_nest_only_so_deep_and_lose_no_word(depth: int) -> None:
    html = render("> " * depth + "word")
    assert html.count("<blockquote>") == html.count("</blockquote>") == min(depth, DEEPEST_QUOTE)
    assert Page(html).text == "word"


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("https://example.org", "https://example.org"),
        ("See https://example.org/a.", "https://example.org/a"),
        ("https://example.org/?a=1&b=2!", "https://example.org/?a=1&b=2"),
        ("(https://example.org/a)", "https://example.org/a"),
        ("(see https://example.org/a).", "https://example.org/a"),
        ("https://en.wikipedia.org/wiki/Friday_(novel)", "https://en.wikipedia.org/wiki/Friday_(novel)"),
        ("(https://en.wikipedia.org/wiki/Friday_(novel)),", "https://en.wikipedia.org/wiki/Friday_(novel)"),
        ("«https://example.org/a»", "https://example.org/a"),
        ('"https://example.org/a"', "https://example.org/a"),
        ("<https://example.org/a>", "https://example.org/a"),
        ("https://пример.рф/путь…", "https://пример.рф/путь"),
        ("HTTPS://EXAMPLE.ORG", "HTTPS://EXAMPLE.ORG"),
        ("https://example.org/a:", "https://example.org/a"),
        ("https://example.org:8000/a", "https://example.org:8000/a"),
    ],
)
def test_an_address_is_a_link_without_the_punctuation_of_its_sentence(source: str, address: str) -> None:
    page = Page(render(source))
    assert page.links == [address]
    assert page.text == source


def test_a_link_earns_its_author_nothing_with_search_engines() -> None:
    assert 'rel="nofollow ugc"' in render("https://example.org")


@pytest.mark.parametrize(
    "source",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "[click](javascript:alert(1))",
        '<a href="javascript:alert(1)">click</a>',
        "xhttps://example.org",
        "example.org",
        "www.example.org",
        "vera@example.org",
        "https://",
        "http://[",
        "https://.",
    ],
)
def test_what_is_no_web_address_is_no_link(source: str) -> None:
    page = Page(render(source))
    assert page.links == []
    assert "a" not in page.tags
    assert page.text == source


@pytest.mark.parametrize("tail", [".", ")", ".)", "!?", "(", "…"])
def test_no_length_of_punctuation_is_too_long(tail: str) -> None:
    source = "https://example.org/" + tail * 20_000 + "a"
    assert Page(render(source)).text == source


def test_a_quotation_in_another_language_than_the_comment_says_so() -> None:
    assert '<blockquote lang="en"><p>This is not the point.' in render("> This is not the point.\nНе согласна с этим.")
    assert "lang" not in render("> This is not the point.\nAnd yet it is a point.")
    assert "lang" not in render("> This is not the point.")
