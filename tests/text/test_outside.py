"""Our HTML for other places: whole addresses, plain text, bare words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text import comment
from app.text.letter import render
from app.text.outside import fit_for_xml, opening_words, plain, with_whole_addresses, words

HERE = "https://column.example/letters/2026-11-27/"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("One.\n\nTwo\nlines.", "One.\n\nTwo lines."),
        ("Hard  \nbreak", "Hard\nbreak"),
        ("> She:\n>\n> > He.\n>\n> End.\n\nMine.", "> She:\n>\n> > He.\n>\n> End.\n\nMine."),
        ("- a\n- b\n  - c\n\n1. d\n2. e", "- a\n- b\n  - c\n\n1. d\n2. e"),
        ("3. c\n4. d", "3. c\n4. d"),
        ("> - a\n> - b", "> - a\n> - b"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a | b\n1 | 2"),
        ("```\n  code\n    deep\n```", "  code\n    deep"),
        ("A\n\n***\n\nB", "A\n\n* * *\n\nB"),
        ("~~bad~~ *good* **`x`**", "~~bad~~ good x"),
        ("[there](https://a.example/?a=1&b=2)", "there <https://a.example/?a=1&b=2>"),
        ("<https://a.example/>", "https://a.example/"),
        ("[me](mailto:a@b.example)", "me <a@b.example>"),
        ("&lt;b&gt; 1 < 2", "<b> 1 < 2"),
    ],
)
def test_a_text_keeps_its_shape_as_plain_text(source: str, text: str) -> None:
    assert plain(render(source, "xx")) == text


def test_a_picture_is_a_plain_one_elsewhere_and_its_words_in_a_text() -> None:
    key = "k2" * 13
    html = with_whole_addresses(render(f'![a > "b"](/media/{key}/700x350.jpg)', "xx"), HERE)
    address = f"https://column.example/media/{key}/700x350.jpg"
    assert html == f'<p><img src="{address}" alt="a &gt; &quot;b&quot;" width="700" height="350"></p>\n'
    assert plain(html) == f'[a > "b"] <{address}>'
    assert plain(with_whole_addresses(render(f"![](/media/{key}/700x350.jpg)", "xx"), HERE)) == f"<{address}>"
    assert words(html) == ""


def test_words_are_what_one_sees() -> None:
    html = render(
        "Hello,\nyou.\n\n> - one\n> - two [there](https://a.example/)\n\n| a | b |\n|---|---|\n| 1 | 2 |", "xx"
    )
    assert words(html) == "Hello, you.\none\ntwo there\na b\n1 2"
    assert words(comment.render("> q\n\na\nb & <c>")) == "q\na\nb & <c>"


def test_a_description_is_cut_between_words() -> None:
    html = "<p>One two, three four</p><p>five</p>"
    assert opening_words(html) == "One two, three four five"
    assert opening_words(html, 10) == "One two…"
    assert opening_words("<p>" + "a" * 50 + "</p>", 10) == "a" * 9 + "…"


@pytest.mark.parametrize(
    ("link", "whole"),
    [
        ("/ask/", "https://column.example/ask/"),
        ("#comments", f"{HERE}#comments"),
        ("2", f"{HERE}2"),
        ("https://a.example/?a=1&amp;b=2", "https://a.example/?a=1&amp;b=2"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("//[", "//["),
    ],
)
def test_a_link_is_made_whole(link: str, whole: str) -> None:
    assert with_whole_addresses(f'<a href="{link}">x</a>', HERE) == f'<a href="{whole}">x</a>'


@given(st.text())
def test_any_comment_has_its_words_and_its_plain_text(source: str) -> None:
    html = comment.render(source)
    assert plain(html).replace(">", "").split() == words(html).replace(">", "").split()


@given(st.text())
def test_what_is_fit_for_xml_is_read_by_a_parser(text: str) -> None:
    from html import escape

    from defusedxml.ElementTree import fromstring

    fit = fit_for_xml(text)
    assert fromstring(f"<a>{escape(fit)}</a>".encode()).text == (fit.replace("\r\n", "\n").replace("\r", "\n") or None)
