"""What networks, search engines and other programs find: card, Open Graph, JSON-LD, sitemap, Markdown, plain text."""

import json
import re
import shutil
from datetime import timedelta
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from app.column.settings import settings
from app.comments import moderation, pruning
from app.letters import feeds
from app.letters.card import Card, draw
from app.letters.models import Adviser, Letter, Topic

from ..cast import Cast
from ..conftest import NOON

PAGE = "/letters/2026-11-20/"
LISTS = ("/topics/money/", "/rubrics/fridays/")
BREAKOUT = "</script><script>alert(1)</script> <!-- & \u2028\u2029 ]]> \\"


@pytest.fixture
def letter(cast: Cast, at: object) -> Letter:
    topic, adviser = Topic(slug="money", name="Money"), Adviser(slug="ilya", name="Ilya")
    cast.session.add_all([topic, adviser])
    cast.session.flush()
    letter = cast.letter(
        "Is it mine to say “no”?", days_ago=3, rubric_id=cast.rubric().id, course_id=cast.course().id,
        topic_ids=[topic.id], adviser_id=adviser.id,
        question=f"Ilya! She wrote:\n\n> **She:** Change *it*.\n>\n> > I: Why?\n\n{BREAKOUT}\n\nWhat now?",
        answer="Vera!\n\n1. First.\n2. Second, ~~maybe~~ surely.\n\nSee [the rules](https://example.org/r).",
        postscript="Thanks to [Boris](/letters/).", course_note="I teach.",
    )  # fmt: skip
    cast.published(letter, f"> What now?\n\nA thought, {BREAKOUT}", name=f"Boris {BREAKOUT}"[:60], days_ago=2)
    cast.published(letter, "Another one.\nOn two lines.", days_ago=1)
    cast.comment(letter, "A pending secret.")
    return letter


class Page(HTMLParser):
    """The visible texts of a page by class, its JSON-LD, and its metas."""

    VOID = ("meta", "link", "br", "hr", "input", "img")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.path: list[tuple[str, set[str]]] = []
        self.texts: dict[str, list[str]] = {}
        self.metas: dict[str, str] = {}
        self.data: list[Any] = []
        self.scripts = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "meta":
            self.metas[values.get("property") or values.get("name") or ""] = values.get("content", "")
        if tag in ("p", "li", "br", "blockquote"):
            self.handle_data(" ")
        if tag not in self.VOID:
            classes = set(values.get("class", "").split())
            self.path.append((tag, classes))
            self.scripts += tag == "script" and values.get("type") != "application/ld+json" and "src" not in values
            for one in classes:
                self.texts.setdefault(one, []).append("")

    def handle_endtag(self, tag: str) -> None:
        while self.path and self.path.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.path and self.path[-1][0] == "script":
            if data.strip():
                self.data.append(json.loads(data))
            return
        for _, classes in self.path:
            for one in classes:
                self.texts[one][-1] += data

    def said(self, name: str) -> list[str]:
        return [flat(text) for text in self.texts.get(name, [])]


def flat(text: str) -> str:
    return re.sub(r"[ \n]+", " ", text).strip()


# JSON-LD


def test_json_ld_says_what_the_page_says(client: FlaskClient, letter: Letter) -> None:
    page = Page(client.get(PAGE).text)
    (article,) = page.data
    assert article["headline"] == page.said("letter-title")[0]
    assert (article["@type"], article["author"]["name"]) == ("Article", page.said("signature")[0])
    assert (article["datePublished"], article["inLanguage"]) == ("2026-11-20T12:00:00Z", "en")
    assert article["url"] == article["mainEntityOfPage"] == f"http://localhost{PAGE}"
    body = flat(article["articleBody"])
    for part in [page.said("question")[0], page.said("answer")[0].removesuffix(page.said("signature")[0]).strip()]:
        assert part in body
        body = body.replace(part, "")
    assert flat(body) == "Thanks to Boris. I\u00a0teach."
    assert all(part in " ".join(page.said("postscript")) for part in ("Thanks to Boris.", "I\u00a0teach."))

    comments = article["comment"]
    assert article["commentCount"] == len(comments) == 2
    assert [flat(comment["text"]) for comment in comments] == page.said("remark-text")[:2]
    assert [flat(comment["author"]["name"]) for comment in comments] == page.said("remark-name")
    assert [comment["datePublished"] for comment in comments] == ["2026-11-21T12:00:00Z", "2026-11-22T12:00:00Z"]
    for comment in comments:
        assert f'<li id="{comment["url"].split("#")[1]}">' in client.get(PAGE).text


def test_nothing_in_json_ld_ends_its_script(client: FlaskClient, letter: Letter) -> None:
    text = client.get(PAGE).text
    (script,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    assert not set("<>&\u2028\u2029") & set(script)
    page = Page(text)
    assert page.scripts == 0
    assert BREAKOUT.split(" ")[0] in page.data[0]["comment"][0]["text"]


def test_json_ld_loses_a_comment_with_the_page(client: FlaskClient, cast: Cast, letter: Letter) -> None:
    comment = cast.published(letter, "For a while.")
    assert Page(client.get(PAGE).text).data[0]["commentCount"] == 3
    pruning.prune(cast.session, comment, by=cast.mo, now=NOON)
    cast.session.commit()
    text = client.get(PAGE).text
    assert Page(text).data[0]["commentCount"] == 2
    assert "For a while." not in text
    assert "secret" not in text


def test_a_preview_is_told_to_nobody(client: FlaskClient, cast: Cast, at: object) -> None:
    draft = cast.draft()
    cast.signed_in(client, cast.ada)
    text = client.get(f"/desk/letters/{draft.id}/preview").text
    for what in ("ld+json", "og:", "canonical", "comments.xml", ".md"):
        assert what not in text, what


# Open Graph, canonical


def test_a_letter_says_what_it_is_where_its_address_is_passed_on(client: FlaskClient, letter: Letter) -> None:
    text = client.get(PAGE).text
    metas = Page(text).metas
    assert metas["og:title"] == metas["og:image:alt"] == "Is it mine to say “no”?"
    assert (metas["og:type"], metas["og:url"]) == ("article", f"http://localhost{PAGE}")
    assert metas["og:image"] == f"http://localhost{PAGE}card.png"
    assert metas["twitter:card"] == "summary_large_image"
    assert metas["description"] == metas["og:description"]
    assert metas["description"].startswith("Ilya! She wrote: She: Change it.")
    assert len(metas["description"]) <= 200
    assert metas["article:published_time"] == "2026-11-20T12:00:00Z"
    assert client.get(metas["og:image"].removeprefix("http://localhost")).mimetype == "image/png"
    home = Page(client.get("/").text).metas
    assert (home["og:type"], home["og:image"]) == ("website", "http://localhost/card.png")
    for path in ("/letters/", "/search/", "/ask/"):
        page = Page(client.get(path).text).metas
        assert page["og:url"] == f"http://localhost{path}"
        assert page["description"].strip()


@pytest.mark.parametrize(
    "page",
    ["/", "/letters/", "/letters/2026/", PAGE, "/topics/money/", "/rubrics/fridays/", "/ask/", "/courses/talks/"],
)
def test_every_public_page_says_its_one_address(page: str, client: FlaskClient, letter: Letter) -> None:
    for path in (page, f"{page}?utm_source=x"):
        assert re.findall(r'<link rel="canonical" href="([^"]+)">', client.get(path).text) == [
            f"http://localhost{page}"
        ]


def test_a_form_that_comes_back_says_the_address_of_its_page(client: FlaskClient, letter: Letter) -> None:
    for path, page in ((f"{PAGE}comments", PAGE), ("/courses/talks/waitlist", "/courses/talks/"), ("/ask/", "/ask/")):
        answer = client.post(path, data={})
        assert answer.status_code == 422
        assert f'<link rel="canonical" href="http://localhost{page}">' in answer.text


def test_an_error_page_has_no_address(client: FlaskClient, at: object) -> None:
    assert "canonical" not in client.get("/no/such/<page>").text


# The card


def test_a_card_is_drawn_once_and_kept(app: Flask, client: FlaskClient, letter: Letter, monkeypatch: Any) -> None:
    shutil.rmtree(app.extensions["config"].data / "cards", ignore_errors=True)
    drawn = []
    monkeypatch.setattr("app.letters.cards.draw", lambda card: drawn.append(card) or draw(card))
    first = client.get(f"{PAGE}card.png")
    assert (first.status_code, first.mimetype, first.headers["Cache-Control"]) == (200, "image/png", "public, no-cache")
    image = Image.open(BytesIO(first.data))
    assert (image.size, image.format) == ((1200, 630), "PNG")
    assert client.get(f"{PAGE}card.png").data == first.data
    again = client.get(f"{PAGE}card.png", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert len(drawn) == 1
    assert "Set-Cookie" not in first.headers
    assert len(first.data) < 60_000


def test_a_card_follows_its_title_and_only_the_last_one_is_kept(
    app: Flask, client: FlaskClient, cast: Cast, letter: Letter
) -> None:
    first = client.get(f"{PAGE}card.png")
    letter.title = "Another title"
    cast.session.commit()
    second = client.get(f"{PAGE}card.png", headers={"If-None-Match": first.headers["ETag"]})
    assert second.status_code == 200
    assert second.data != first.data
    assert len(list((app.extensions["config"].data / "cards" / letter.name).iterdir())) == 1  # type: ignore[operator]


def test_a_card_that_cannot_be_kept_is_shown_all_the_same(app: Flask, client: FlaskClient, letter: Letter) -> None:
    folder = app.extensions["config"].data / "cards"
    shutil.rmtree(folder, ignore_errors=True)
    folder.write_text("a file stands where the folder should be")
    try:
        assert client.get(f"{PAGE}card.png").status_code == 200
    finally:
        folder.unlink()


def ink(picture: bytes) -> tuple[int, int, int, int]:
    """Where the title's ink is."""
    image = Image.open(BytesIO(picture)).convert("L").point(lambda level: 255 if level < 90 else 0)
    return image.crop((40, 110, 1200, 520)).getbbox() or (0, 0, 0, 0)


@pytest.mark.parametrize(
    "title",
    [
        "Why?",
        "Как ответить клиенту, который просит «сделать логотип крупнее» и не говорит, зачем?",
        "How do I tell a friend that the favour has become a job? " * 5,
        "Слово" * 60,
        "а" * 300,
        "🎉🎉",
        "",
    ],
)
def test_a_card_holds_any_title(title: str) -> None:
    picture = draw(Card(title[:300], "Дорогая пятница", "Вера " * 30, "27 ноября 2026"))
    left, _, right, bottom = ink(picture)
    assert 40 + right <= 1200 - 80
    assert 110 + bottom <= 518
    assert (right - left) > 40


def test_russian_letters_are_drawn_and_not_boxes() -> None:
    pictures = {draw(Card(letter * 3, "x")) for letter in "ЖФЩяёъ№«»—"}
    assert len(pictures) == 10


# Sitemap, robots


def locations(xml: bytes) -> dict[str, str | None]:
    name = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    return {
        (one.findtext(f"{name}loc") or "").removeprefix("http://localhost"): one.findtext(f"{name}lastmod")
        for one in fromstring(xml)
    }


def test_the_sitemap_names_every_page_and_when_it_changed(client: FlaskClient, cast: Cast, letter: Letter) -> None:
    old = cast.letter(days_ago=400)
    late = cast.comment(old, "Sent long ago.", days_ago=9)
    moderation.decide(cast.session, late, "published", by=cast.mo, now=NOON - timedelta(hours=1))
    for one in (letter, old):
        one.updated_at = one.publish_at or NOON
    cast.session.commit()
    pages = locations(client.get("/sitemap.xml").data)
    latest = "2026-11-23T11:00:00Z"
    assert pages == {
        "/": latest, "/letters/": latest, "/letters/2025/": latest, "/letters/2025-10-19/": latest,
        **dict.fromkeys(("/letters/2026/", PAGE, "/advisers/ilya/", *LISTS), "2026-11-22T12:00:00Z"),
        "/courses/talks/": None, "/ask/": None,
    }  # fmt: skip
    for page in pages:
        assert client.get(page).status_code == 200, page


def test_what_waits_or_was_declined_or_pruned_changes_no_date_of_the_sitemap(
    client: FlaskClient, cast: Cast, at: object
) -> None:
    letter = cast.letter(days_ago=3)
    letter.updated_at = letter.publish_at or NOON
    cast.session.commit()
    before = client.get("/sitemap.xml").data
    cast.comment(letter)
    cast.declined(letter)
    cast.pruned(letter)
    assert client.get("/sitemap.xml").data == before


def test_a_large_sitemap_is_an_index_of_parts(
    client: FlaskClient, letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = locations(client.get("/sitemap.xml?whole").data)
    assert client.get("/sitemap-1.xml").status_code == 404
    monkeypatch.setattr(feeds, "PER_SITEMAP", 3)
    parts = locations(client.get("/sitemap.xml?parts").data)
    assert list(parts) == ["/sitemap-1.xml", "/sitemap-2.xml", "/sitemap-3.xml"]
    found: dict[str, str | None] = {}
    for part, changed in parts.items():
        pages = locations(client.get(part).data)
        assert 0 < len(pages) <= 3
        assert changed == max((moment for moment in pages.values() if moment), default=None)
        found |= pages
    assert found == whole
    assert [client.get(f"/sitemap-{number}.xml").status_code for number in (0, 4, 99)] == [404, 404, 404]


def test_robots_find_the_sitemap_and_not_the_desk(client: FlaskClient, at: object) -> None:
    answer = client.get("/robots.txt")
    assert answer.mimetype == "text/plain"
    assert "Sitemap: http://localhost/sitemap.xml\n" in answer.text
    assert "Disallow: /desk/\n" in answer.text


# Copies


def test_a_letter_has_its_source_as_markdown(client: FlaskClient, letter: Letter) -> None:
    answer = client.get("/letters/2026-11-20.md")
    assert answer.content_type == "text/markdown; charset=utf-8"
    head, _, body = answer.text.removeprefix("---\n").partition("\n---\n")
    values = {name: json.loads(value) for name, value in (line.split(": ", 1) for line in head.splitlines())}
    assert values == {
        "title": "Is it mine to say “no”?", "asker": "Vera", "date": "2026-11-20", "adviser": "Ilya",
        "rubric": "Clients", "topics": ["Money"], "language": "en", "url": f"http://localhost{PAGE}",
    }  # fmt: skip
    assert body.strip() == "\n\n".join([
        letter.question_source, "* * *", letter.answer_source, "*Ilya*", "P. S.", letter.postscript_source,
        "P. P. S.", letter.course_note_source,
    ])  # fmt: skip


def test_a_letter_has_a_plain_text_with_its_quotations_behind_marks(client: FlaskClient, letter: Letter) -> None:
    answer = client.get("/letters/2026-11-20.txt")
    assert answer.content_type == "text/plain; charset=utf-8"
    text = answer.text.replace("\u00a0", " ")
    for part in (
        f"Is it mine to say “no”?\nhttp://localhost{PAGE}\n\nVera, 20 November 2026\n\nIlya! She wrote:\n\n",
        "> She: Change it.\n>\n> > I: Why?\n\n</script>",
        "\n\n* * *\n\nVera!\n\n1. First.\n2. Second, ~~maybe~~ surely.\n\n",
        "See the rules <https://example.org/r>.", "P. S.\n\nThanks to Boris <http://localhost/letters/>.",
        "This was a Friday letter on clients <http://localhost/rubrics/fridays/>.", "P. P. S.\n\nI teach.",
    ):  # fmt: skip
        assert part in text, part
    assert "&lt;" not in text


def test_a_copy_names_its_page_and_the_page_its_copies(client: FlaskClient, letter: Letter) -> None:
    page = client.get(PAGE).text
    for end, kind in ((".md", "text/markdown"), (".txt", "text/plain")):
        answer = client.get(f"/letters/2026-11-20{end}")
        assert answer.headers["Link"] == f'<http://localhost{PAGE}>; rel="canonical"'
        assert answer.headers["X-Robots-Tag"] == "noindex"
        assert f'<link rel="alternate" type="{kind}" href="/letters/2026-11-20{end}">' in page
        again = client.get(f"/letters/2026-11-20{end}", headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304


def test_a_russian_column_has_its_text_in_russian(client: FlaskClient, cast: Cast, letter: Letter) -> None:
    settings(cast.session).language = "ru"
    cast.session.commit()
    text = client.get("/letters/2026-11-20.txt").text
    assert "Vera, 20 ноября 2026" in text.replace("\u00a0", " ")
    assert Page(client.get(PAGE).text).metas["og:locale"] == "en_GB"  # the letter's own
    assert Page(client.get("/").text).metas["og:locale"] == "ru_RU"
