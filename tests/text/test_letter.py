import re
from html import unescape
from itertools import pairwise

import nh3
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.text import pictures
from app.text.letter import render
from app.text.sanitise import ATTRIBUTES, LETTER_TAGS, LINKS, safe_html

pieces = st.sampled_from(
    ["# ", "### ", "> ", "- ", "1. ", "7) ", "\n", "\n\n", "    ", "`", "```", "~~", "*", "**", "_", "[a](", ")", "](",
     "[", "<b>", "</p>", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<!--", "-->", "\\", "&#x6a;",
     f"![a](/media/{'k2' * 13}/700x350.jpg)", f"![](/media/{'k2' * 13}/1800x900.jpg 'a')", "![",
     "javascript:alert(1)", "https://example.org", "<https://example.org>", "![a](https://example.org/x.png)", "&lt;",
     "| a | b |\n|---|---|\n| c | d |", "«", "»", "Спроси", "---", "🦉", "\x00"]
)  # fmt: skip
texts = st.one_of(st.text(), st.lists(pieces | st.text(max_size=5)).map("".join))
languages = st.sampled_from(["en", "ru"])


def tags(html: str) -> set[str]:
    return set(re.findall(r"<([a-z0-9]+)", html))


def schemes(html: str) -> set[str]:
    """The schemes of all links, as a browser finds them (white space and control characters do not count)."""
    links = [re.sub(r"[\x00-\x20]", "", unescape(link)) for link in re.findall(r'href="([^"]*)"', html)]
    found = [re.match(r"([a-z][a-z0-9+.-]*):", link, re.IGNORECASE) for link in links]
    return {scheme.group(1).lower() for scheme in found if scheme}


@given(texts, languages)
def test_no_text_raises_and_only_the_tags_of_letters_come_out(source: str, language: str) -> None:
    assert tags(render(source, language)) <= LETTER_TAGS


@given(texts, languages)
def test_no_tag_has_an_attribute_that_acts(source: str, language: str) -> None:
    for tag, attributes in re.findall(r"<([a-z0-9]+)((?:\s[^>]*)?)>", render(source, language)):
        assert set(re.findall(r'\s([a-z-]+)="', attributes)) <= set(ATTRIBUTES.get(tag, []))


@given(texts, languages)
def test_every_link_leads_to_the_web_to_mail_or_to_this_site(source: str, language: str) -> None:
    assert schemes(render(source, language)) <= LINKS


@given(texts, languages)
def test_cleaning_once_more_changes_nothing(source: str, language: str) -> None:
    html = render(source, language)
    assert safe_html(html, LETTER_TAGS) == html


@given(texts, languages)
def test_another_sanitiser_keeps_every_tag(source: str, language: str) -> None:
    html = render(source, language)
    attributes = {tag: set(names) - {"rel"} for tag, names in ATTRIBUTES.items()}
    cleaned = nh3.clean(html, tags=set(LETTER_TAGS), attributes=attributes, link_rel=None, url_schemes=set(LINKS))
    assert re.findall(r"<([a-z0-9]+)", cleaned) == re.findall(r"<([a-z0-9]+)", html)


@pytest.mark.parametrize(
    "source",
    [
        "<b>bold</b>",
        "<script>alert(1)</script>",
        '<img src="x" onerror="alert(1)">',
        "<svg/onload=alert(1)>",
        "<!-- a comment -->",
        '<a href="https://example.org">a</a>',
    ],
)
def test_raw_html_is_printed_as_text(source: str) -> None:
    html = render(f"Look: {source}", "")
    assert tags(html) == {"p"}
    assert "&lt;" in html


@pytest.mark.parametrize(
    "source",
    [
        "[a](javascript:alert(1))",
        "[a](JAVASCRIPT:alert(1))",
        "[a](java\tscript:alert(1))",
        "[a](&#106;avascript:alert(1))",
        "[a](&#x6A&#x61;vascript:alert(1))",
        "[a](<java\\script:alert(1)>)",
        "<javascript:alert(1)>",
        "[a][1]\n\n[1]: javascript:alert(1)",
        "[a](vbscript:msgbox(1))",
        "[a](data:text/html;base64,PHNjcmlwdD4=)",
        "[a](file:///etc/passwd)",
    ],
)
def test_a_link_that_would_run_is_no_link(source: str) -> None:
    assert schemes(render(source, "en")) == set()


KEY = "k2" * 13


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("![One *two*](https://example.org/x.png)", '<p><a href="https://example.org/x.png">One two</a></p>\n'),
        ("![](/static/x.png)", '<p><a href="/static/x.png">/static/x.png</a></p>\n'),
        ("[![a](/x.png)](/ask/)", '<p><a href="/ask/">a</a></p>\n'),
        (f"![a](https://column.example/media/{KEY}/600x400.jpg)", None),
        (f"![a](/media/{KEY}/../../600x400.jpg)", None),
        (f"![a](/media/{KEY}/600x400.avif)", None),
        (f"![a](/media/{KEY}/0x400.jpg)", None),
        (f"![a](/media/{KEY}/600x400.jpg?x)", None),
        ("![a](data:image/png;base64,AAAA)", None),
    ],
)
def test_no_picture_of_another_site_is_loaded(source: str, html: str | None) -> None:
    made = render(source, "xx")
    assert not {"img", "picture", "source"} & tags(made)
    assert html is None or made == html


def test_a_picture_of_the_site_comes_in_three_widths_and_keeps_its_place() -> None:
    html = render(f'One ![A "plan" <b>\n*of* it](/media/{KEY}/1800x1200.jpg "x") two.', "en")
    ladder = ("600x400", "1200x800", "1800x1200")
    sets = {
        kind: ", ".join(f"/media/{KEY}/{size}.{kind} {size.split('x')[0]}w" for size in ladder)
        for kind in ("avif", "webp", "jpg")
    }
    sizes = 'sizes="(min-width: 640px) 594px, calc(100vw - 38px)"'
    assert html == (
        f'<p>One <picture><source type="image/avif" srcset="{sets["avif"]}" {sizes}>'
        f'<source type="image/webp" srcset="{sets["webp"]}" {sizes}>'
        f'<img src="/media/{KEY}/1800x1200.jpg" srcset="{sets["jpg"]}" {sizes} '
        'alt="A &quot;plan&quot; &lt;b&gt; of it" width="1800" height="1200" loading="lazy" decoding="async">'
        "</picture> two.</p>\n"
    )
    assert render(f"[![a](/media/{KEY}/60x40.jpg)](/ask/)", "en").startswith('<p><a href="/ask/"><picture>')


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))))
@example("*a* [b](c) `d` <b> \\ ](x) ![e] &amp; \\*")
def test_the_words_of_a_picture_come_through_the_text_as_they_were_typed(words: str) -> None:
    html = render(pictures.markdown(f"/media/{KEY}/60x40.jpg", words), "xx")
    alt = unescape(re.search(r'alt="([^"]*)"', html)[1])  # type: ignore[index]
    assert alt == unescape(" ".join(words.split())) or "_" in words or "~" in words


@pytest.mark.parametrize(
    "html",
    [
        '<img src="https://example.org/x.png">',
        f'<img src="//evil.example/media/{KEY}/60x40.jpg">',
        '<img src="x" onerror="alert(1)">',
        f'<img srcset="/media/{KEY}/60x40.jpg 60w, https://example.org/x.png 2x">',
        f'<img src="/media/{KEY}/60x40.jpg\n">',
        f'<img src=" /media/{KEY}/60x40.jpg">',
        '<img sizes="100vw" width="100%" height="1e9" loading="eager" decoding="sync" style="a" class="b" id="c">',
        '<source type="text/html" src="https://example.org/x" media="all">',
        '<picture onclick="alert(1)" class="a"><source srcset="x"></picture>',
    ],
)
def test_nothing_but_our_own_pictures_passes_the_wall(html: str) -> None:
    cleaned = safe_html(html, LETTER_TAGS)
    assert re.sub("</?(img|source|picture)>", "", cleaned) == ""


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("One ~~two~~.", "<p>One <s>two</s>.</p>\n"),
        ("**One** *two*", "<p><strong>One</strong> <em>two</em></p>\n"),
        ("3. three", '<ol start="3">\n<li>three</li>\n</ol>\n'),
        ("> Why?", "<blockquote>\n<p>Why?</p>\n</blockquote>\n"),
        ("`a < b`", "<p><code>a &lt; b</code></p>\n"),
        ("", ""),
        ("[x]: https://example.org", ""),
    ],
)
def test_commonmark_with_what_is_struck_out(source: str, html: str) -> None:
    assert render(source, "") == html


def levels(html: str) -> list[int]:
    return [int(level) for level in re.findall(r"<h(\d)>", html)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("# A", [2]),
        ("### A", [2]),
        ("# A\n## B\n# C", [2, 3, 2]),
        ("# A\n### B", [2, 3]),
        ("# A\n### B\n## C", [2, 3, 3]),
        ("### A\n# B\n### C", [2, 2, 3]),
        ("# A\n## B\n### C\n#### D\n##### E", [2, 3, 4, 4, 4]),
        ("A\n===\n\nB\n---", [2, 3]),
    ],
)
def test_headings_begin_at_h2_and_skip_no_level(source: str, expected: list[int]) -> None:
    assert levels(render(source, "en")) == expected


@given(st.lists(st.integers(1, 6), min_size=1))
@example([1, 3, 2])
def test_no_order_of_headings_leaves_a_gap(hashes: list[int]) -> None:
    found = levels(render("\n".join(f"{'#' * number} Heading" for number in hashes), "en"))
    assert len(found) == len(hashes)
    assert found[0] == 2
    assert all(after <= before + 1 for before, after in pairwise(found))


def test_a_quotation_in_another_language_says_so_and_is_set_in_its_own_way() -> None:
    html = render('Вот письмо:\n\n> He said "no" - and we left.\n>\n> > А я "за"!\n\nИ "всё".', "ru")
    assert '<blockquote lang="en">' in html
    assert "He said “no”" in html
    assert "«всё»" in html
    assert '<blockquote lang="ru">' in render('She wrote:\n\n> Что вы, я "за" и не спорю!', "en")
    assert "«за»" in render('She wrote:\n\n> Что вы, я "за" и не спорю!', "en")


def test_a_quotation_of_an_unknown_language_says_that_and_one_of_the_same_says_nothing() -> None:
    assert '<blockquote lang="">' in render("Пишут:\n\n> Quousque tandem abutere patientia nostra?", "ru")
    for quotation in ("Присмотрелись. Глубоко. Давайте третий.", "OK", "12:30, http"):
        assert "lang" not in render(f"Пишут:\n\n> {quotation}", "ru")


@pytest.mark.parametrize(
    ("source", "speakers"),
    [
        ("> **Gerald:** Hello.\n>\n>> **Anna:** Bear with her.\n>\n> **Gerald:** I liked it.", 3),
        ("> **Я:** Рады!", 1),
        ("> I **love:** it. **Not:** this.", 0),
        ("> **Gerald** is no speaker.", 0),
        ("**Gerald:** nobody quotes this.", 0),
    ],
)
def test_who_says_it_is_marked_wherever_a_quoted_paragraph_begins_with_a_name(source: str, speakers: int) -> None:
    assert render(source, "en").count('<strong class="speaker">') == speakers


@pytest.mark.parametrize(
    "address",
    ["javascript:123", "JavaScript:80", " javascript:1", "java\tscript:1", "\x01javascript:0", "vbscript:1", "data:1"],
)
def test_a_link_that_would_run_does_not_pass_the_second_wall_either(address: str) -> None:
    assert safe_html(f'<a href="{address}">x</a>', LETTER_TAGS) == "<a>x</a>"
    assert safe_html('<a href="/ask/">x</a>', LETTER_TAGS) == '<a href="/ask/">x</a>'
