"""What holds for every page that readers get."""

import re

import pytest
from flask.testing import FlaskClient

from ..cast import Cast

PAGES = [
    "/", "/letters/", "/letters/2026/", "/letters/2026-11-20/", "/topics/money/", "/rubrics/fridays/", "/ask/",
    "/courses/talks/", "/feed.xml", "/letters/2026-11-20/thanks", "/letters/2026-11-20/reported",
    "/ask/thanks", "/courses/talks/thanks", "/nothing",
]  # fmt: skip


@pytest.fixture
def full(cast: Cast, at: object) -> Cast:
    """A column with a bit of everything."""
    from app.letters.models import Topic

    topic = Topic(slug="money", name="Money")
    cast.session.add(topic)
    cast.session.flush()
    rubric, course = cast.rubric(), cast.course()
    letter = cast.letter(days_ago=3, rubric_id=rubric.id, course_id=course.id, topic_ids=[topic.id])
    cast.published(letter, "> What now?\n\nAsk why, as in https://example.org/why.")
    cast.comment(letter, "A pending secret.")
    cast.declined(letter, "A declined secret.")
    cast.pruned(letter, "A pruned secret.")
    return cast


@pytest.mark.parametrize("page", PAGES)
def test_it_sets_no_cookie_and_reads_no_session(page: str, client: FlaskClient, full: Cast) -> None:
    answer = client.get(page, headers={"Cookie": "desk=forged"})
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")


@pytest.mark.parametrize("page", PAGES)
def test_it_loads_nothing_from_elsewhere_and_holds_no_inline_code(page: str, client: FlaskClient, full: Cast) -> None:
    answer = client.get(page)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    if "html" in answer.content_type:
        assert not re.findall(r"<script(?![^>]*(?:src=|application/ld\+json))", answer.text)
        assert not re.findall(r'\s(?:style|on\w+)="', answer.text)
        loads = re.findall(r'<(?:script|img|link|iframe|source)[^>]*(?:src|href)="(?P<a>[^"]+)"', answer.text)
        assert not [a for a in loads if a.startswith(("http", "//")) and not a.startswith("http://localhost")]


@pytest.mark.parametrize("page", PAGES)
def test_it_tells_nothing_of_comments_that_are_not_published(page: str, client: FlaskClient, full: Cast) -> None:
    answer = client.get(page)
    assert "secret" not in answer.text
    assert not re.search(r"\b[2-9] comments", answer.text)


def test_a_published_comment_stands_under_its_letter_with_name_date_and_quote(client: FlaskClient, full: Cast) -> None:
    page = client.get("/letters/2026-11-20/").text
    assert "Boris" in page
    assert "22\u00a0November 2026" in page
    assert "<blockquote><p>What now?</p></blockquote>" in page
    assert '<a href="https://example.org/why" rel="nofollow ugc">' in page


def test_the_letter_has_all_its_parts(client: FlaskClient, full: Cast) -> None:
    page = client.get("/letters/2026-11-20/").text
    for part in (
        "Vera", "20\u00a0November 2026", "<strong>wrote</strong>", "<blockquote>", "<em>why</em>",
        'This was a Friday letter on <a href="/rubrics/fridays/">clients</a>.', 'href="/ask/"',
        "The date of the next one is not known yet.", "We will write when enrolment opens. No spam.",
        "about 20% of all comments", "decided once", "may be removed some time later", "Add a thought",
    ):  # fmt: skip
        assert part in page, part


def test_a_russian_column_speaks_russian(client: FlaskClient, full: Cast) -> None:
    from app.column.settings import settings

    settings(full.session).language = "ru"
    full.session.commit()
    page = client.get("/letters/2026-11-20/").text
    assert '<html lang="ru">' in page
    for part in ("20\u00a0ноября 2026", "Комментарии", "Присылайте вопросы", "около 20", "Дата следующего пока"):
        assert part in page, part


def test_an_imported_address_leads_to_its_letter_once_that_is_out(client: FlaskClient, cast: Cast, at: object) -> None:
    from app.letters.models import Redirect

    out, coming = cast.letter(days_ago=3), cast.letter(days_ago=-4)
    cast.session.add_all([
        Redirect(path="/2014/12/a-question", letter_id=out.id),
        Redirect(path="/2026/11/to-come", letter_id=coming.id),
    ])  # fmt: skip
    cast.session.commit()
    answer = client.get("/2014/12/a-question/")
    assert (answer.status_code, answer.location) == (301, f"/letters/{out.name}/")
    assert client.get("/2026/11/to-come/").status_code == 404


def test_the_address_of_a_comment_that_could_not_be_taken_leads_back_to_its_letter(
    client: FlaskClient, cast: Cast, at: object
) -> None:
    cast.letter(days_ago=3)
    answer = client.get("/letters/2026-11-20/comments")
    assert (answer.status_code, answer.headers["Location"]) == (301, "/letters/2026-11-20/")
    assert client.get("/letters/2027-01-01/comments").status_code == 404
