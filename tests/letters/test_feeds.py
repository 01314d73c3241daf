"""Atom and JSON Feed: valid, right in their dates, and silent about what is not out."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element

import pytest
import sqlalchemy as sa
from defusedxml.ElementTree import fromstring
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.column.settings import name_feeds, settings
from app.comments import pruning
from app.letters import drafting
from app.letters.models import Adviser, Letter, Topic
from app.letters.naming import host_of, worth_keeping

from ..cast import Cast
from ..conftest import NOON
from .feed_checker import ATOM, THR, XML, wrong_in_atom, wrong_in_json_feed

SITE = "http://localhost"
ATOMS = ["/feed.xml", "/rubrics/fridays/feed.xml", "/topics/money/feed.xml", "/letters/2026-11-20/comments.xml"]
JSONS = ["/feed.json", "/rubrics/fridays/feed.json", "/topics/money/feed.json"]


@pytest.fixture
def letter(cast: Cast, at: object) -> Letter:
    """A letter with everything that a feed says, and with everything that a feed must bear."""
    topic, adviser = Topic(slug="money", name="Money & < law"), Adviser(slug="ilya", name="Ilya <b>")
    cast.session.add_all([topic, adviser])
    cast.session.flush()
    letter = cast.letter(
        "May I say “no” & <b>go</b>?\x0b", days_ago=3, rubric_id=cast.rubric().id, course_id=cast.course().id,
        topic_ids=[topic.id], adviser_id=adviser.id,
        question="Ilya! See [how](/ask/), [below](#comments) and <https://a.example/?a=1&b=2>.\n\n> > <i>Raw</i> ]]>",
        postscript="Thanks\x0b.",
    )  # fmt: skip
    cast.letter("Письмо", days_ago=10, language="ru", question="")
    cast.letter("To come", days_ago=-4, topic_ids=[topic.id])
    cast.published(letter, "> <script>\n\nSee https://example.org/why.\x0b", name="Бо & <рис>")
    cast.comment(letter, "A pending secret.")
    cast.declined(letter, "A declined secret.")
    cast.pruned(letter, "A pruned secret.")
    return letter


def entries(client: FlaskClient, path: str = "/feed.xml") -> Iterator[Element]:
    return fromstring(client.get(path).data).iter(f"{ATOM}entry")


@pytest.mark.parametrize("path", ATOMS)
def test_an_atom_feed_is_valid(path: str, client: FlaskClient, letter: Letter) -> None:
    answer = client.get(path)
    assert answer.content_type == "application/atom+xml; charset=utf-8"
    assert wrong_in_atom(answer.data, today=NOON.date(), self_address=SITE + path) == []
    assert len(list(entries(client, path))) >= 1


@pytest.mark.parametrize("path", JSONS)
def test_a_json_feed_is_valid(path: str, client: FlaskClient, letter: Letter) -> None:
    answer = client.get(path)
    assert answer.content_type == "application/feed+json"
    assert wrong_in_json_feed(answer.text, today=NOON.date(), self_address=SITE + path) == []
    assert answer.json["items"]


@pytest.mark.parametrize("path", ["/feed.xml", "/feed.json"])
def test_the_feed_of_an_empty_column_is_valid_and_stands_still(path: str, client: FlaskClient, at) -> None:  # type: ignore[no-untyped-def]
    at(NOON)
    first = client.get(path)
    wrong = wrong_in_atom if path.endswith("xml") else wrong_in_json_feed
    text = first.data if path.endswith("xml") else first.text
    assert wrong(text, today=NOON.date(), self_address=SITE + path) == []  # type: ignore[operator]
    at(NOON + timedelta(hours=5))
    assert client.get(path).data == first.data


def test_the_checker_sees_what_is_wrong(client: FlaskClient, letter: Letter) -> None:
    good = client.get("/feed.xml").text
    for old, new in (
        ("<updated>2026", "<updated>26"),
        ("<id>tag:localhost,2026:feed</id>", ""),
        ("tag:localhost,2026-11-20", "tag:localhost,2027-01-01"),
        ('rel="replies" type="application/atom+xml"', 'rel="alternate" type="text/html"'),
        ('href="http://localhost/letters', 'href="/letters'),
        ("<title>", "<title/><title>"),
        ('type="html">', 'type="html">&lt;script&gt;'),
        ('type="html">', 'type="html">&lt;p&gt;'),
        ('type="html">', 'type="html">&lt;a href="javascript:x"&gt;x&lt;/a&gt;'),
        ("<author><name>Dear", "<author><name/><name>Dear"),
        ('thr:count="', 'thr:count="-'),
        ('rel="self"', 'rel="me"'),
        ("<published>2026-11-20", "<published>2026-12-20"),
    ):
        assert old in good, old
        bad = good.replace(old, new, 1).encode()
        assert wrong_in_atom(bad, today=NOON.date(), self_address=f"{SITE}/feed.xml") != [], (old, new)


@pytest.mark.parametrize("path", ATOMS + JSONS)
def test_a_feed_is_not_sent_twice_to_who_has_it(path: str, client: FlaskClient, letter: Letter) -> None:
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", ATOMS + JSONS)
def test_a_feed_tells_nothing_of_what_is_not_published(path: str, client: FlaskClient, letter: Letter) -> None:
    text = client.get(path).text
    assert "secret" not in text
    assert "To come" not in text


def test_the_feed_of_comments_is_the_same_whatever_waits_was_declined_or_pruned(
    client: FlaskClient, cast: Cast, at: object
) -> None:
    letter = cast.letter(days_ago=3)
    cast.published(letter, "The first.", days_ago=2)
    before = client.get(f"/letters/{letter.name}/comments.xml").data
    cast.comment(letter, "It waits.", days_ago=0)
    cast.declined(letter, "It was declined.", days_ago=0)
    cast.pruned(letter, "It was pruned.", days_ago=0)
    assert client.get(f"/letters/{letter.name}/comments.xml").data == before
    (count,) = {link.get(f"{THR}count") for link in next(entries(client)).iter(f"{ATOM}link")} - {None}
    assert count == "1"


def test_a_comment_in_its_feed_answers_its_letter_and_bears_the_date_that_the_page_shows(
    client: FlaskClient, cast: Cast, letter: Letter
) -> None:
    sent = cast.comment(letter, "Sent early, published late.", days_ago=2)
    from app.comments import moderation

    moderation.decide(cast.session, sent, "published", by=cast.mo, now=NOON)
    cast.session.commit()
    path = f"/letters/{letter.name}/comments.xml"
    newer, older = entries(client, path)
    assert older.findtext(f"{ATOM}content") == "<p>Sent early, published late.</p>"
    for name in ("published", "updated"):
        assert older.findtext(f"{ATOM}{name}") == "2026-11-21T12:00:00Z"
        assert newer.findtext(f"{ATOM}{name}") == "2026-11-22T12:00:00Z"
    reply = older.find(f"{THR}in-reply-to")
    assert reply is not None
    assert reply.get("ref") in [entry.findtext(f"{ATOM}id") for entry in entries(client)]
    assert reply.get("href") == f"{SITE}/letters/{letter.name}/"
    assert fromstring(client.get(path).data).findtext(f"{ATOM}updated") == "2026-11-22T12:00:00Z"


def test_a_pruned_comment_leaves_its_feed_at_once(client: FlaskClient, cast: Cast, letter: Letter) -> None:
    comment = cast.published(letter, "For a while.")
    path = f"/letters/{letter.name}/comments.xml"
    assert "For a while." in client.get(path).text
    pruning.prune(cast.session, comment, by=cast.mo, now=NOON)
    cast.session.commit()
    assert "For a while." not in client.get(path).text


def test_updated_is_the_slot_until_the_letter_is_saved_again(client: FlaskClient, cast: Cast, at: object) -> None:
    letter = cast.letter(days_ago=3)  # written at noon, which is later than its slot only in this test

    def saved(moment: datetime) -> tuple[str | None, str]:
        letter.updated_at = moment
        cast.session.commit()
        item = client.get("/feed.json").json["items"][0]
        (entry,) = entries(client)
        assert entry.findtext(f"{ATOM}updated") == item["date_modified"]
        assert entry.findtext(f"{ATOM}published") == item["date_published"] == "2026-11-20T12:00:00Z"
        return fromstring(client.get("/feed.xml").data).findtext(f"{ATOM}updated"), item["date_modified"]

    before = NOON - timedelta(days=9)
    assert saved(before) == ("2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z")
    after = NOON - timedelta(days=1)
    assert saved(after) == ("2026-11-22T12:00:00Z", "2026-11-22T12:00:00Z")
    draft = drafting.Draft(title="Mended", asker="Vera", language="en", answer="Yes.")
    drafting.save(cast.session, letter, draft, version=letter.version, now=NOON)
    cast.session.commit()
    assert client.get("/feed.json").json["items"][0]["date_modified"] == "2026-11-23T12:00:00Z"


def test_each_letter_says_its_language_and_its_own_links_are_whole(client: FlaskClient, letter: Letter) -> None:
    english, russian = entries(client)
    assert (english.get(f"{XML}lang"), russian.get(f"{XML}lang")) == ("en", "ru")
    content = english.findtext(f"{ATOM}content") or ""
    for part in (
        'href="http://localhost/ask/"', f'href="http://localhost/letters/{letter.name}/#comments"',
        'href="https://a.example/?a=1&amp;b=2"', 'href="http://localhost/rubrics/fridays/"',
        'href="http://localhost/courses/talks/"', "&lt;i&gt;Raw&lt;/i&gt; ]]&gt;",
        "<strong>Vera</strong>, 20\u00a0November 2026",
        "<em>why</em>.</p>", "P.&nbsp;S.", "This was a Friday letter on", "P.&nbsp;P.&nbsp;S.",
    ):  # fmt: skip
        assert part in content, part


def test_a_feed_of_a_rubric_or_a_topic_has_its_letters_only(client: FlaskClient, letter: Letter) -> None:
    for path in ATOMS[1:3]:
        titles = [entry.findtext(f"{ATOM}title") for entry in entries(client, path)]
        assert titles == ["May I\u00a0say “no” & <b>go</b>?\ufffd"]
    assert len(list(entries(client))) == 2


def test_a_topic_or_rubric_that_is_not_there_has_no_feed(client: FlaskClient, cast: Cast, at: object) -> None:
    cast.session.add(Topic(slug="empty", name="Empty"))
    cast.session.commit()
    for thing in (
        "topics/empty/feed.xml",
        "topics/none/feed.json",
        "rubrics/none/feed.xml",
        "letters/2026-01-01/comments.xml",
    ):
        assert client.get(f"/{thing}").status_code == 404


def test_a_page_leads_to_its_feeds(client: FlaskClient, letter: Letter) -> None:
    def feeds(page: str) -> set[str]:

        links = re.findall(
            r'<link rel="alternate" type="application/(?:atom\+xml|feed\+json)"[^>]* href="([^"]+)"', page
        )
        assert all(client.get(link).status_code == 200 for link in links)
        return set(links)

    def both(folder: str) -> set[str]:
        return {f"{folder}feed.xml", f"{folder}feed.json"}

    assert feeds(client.get("/").text) == feeds(client.get("/letters/2026/").text) == both("/")
    assert feeds(client.get("/rubrics/fridays/").text) == both("/") | both("/rubrics/fridays/")
    assert feeds(client.get("/topics/money/").text) == both("/") | both("/topics/money/")
    assert feeds(client.get(f"/letters/{letter.name}/").text) == both("/") | {f"/letters/{letter.name}/comments.xml"}


def test_names_stay_when_the_site_moves(client: FlaskClient, letter: Letter, session: Session) -> None:
    def ids() -> list[str | None]:
        return [one.text for one in fromstring(client.get("/feed.xml").data).iter(f"{ATOM}id")]

    assert ids()[1] == f"tag:localhost,2026-11-20:letter/{letter.name}"
    assert name_feeds(session, "old.example")
    assert not name_feeds(session, "new.example")  # the site has moved; its letters are known already
    session.commit()
    assert ids() == [
        "tag:old.example,2026:feed",
        f"tag:old.example,2026-11-20:letter/{letter.name}",
        "tag:old.example,2026-11-13:letter/2026-11-13",
    ]
    assert [item["id"] for item in json.loads(client.get("/feed.json").text)["items"]] == ids()[1:]
    session.refresh(settings(session))
    assert settings(session).feeds_host == "old.example"


def test_a_name_is_of_the_letters_day_in_utc_so_that_it_is_never_of_a_day_to_come(
    client: FlaskClient, cast: Cast, at: object, session: Session
) -> None:
    letter = cast.letter(days_ago=3)
    slot = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)  # Monday at 5 in Tokyo
    session.execute(
        sa.update(Letter).values(
            publish_at=slot, slot_at=datetime(2026, 11, 23, 5), slot_zone="Asia/Tokyo", name="2026-11-23"
        )
    )
    session.commit()
    assert next(entries(client)).findtext(f"{ATOM}id") == "tag:localhost,2026-11-22:letter/2026-11-23"
    assert letter.id


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://column.example", "column.example"),
        ("https://Column.Example:8443", "column.example"),
        ("http://127.0.0.1:8000", "127.0.0.1"),
        ("http://[::1]:8000", "localhost"),
        ("https://пятница.example", "xn--80apohp0a3d.example"),
    ],
)
def test_a_host_is_written_as_tags_want_it(address: str, host: str) -> None:
    assert host_of(address) == host


def test_only_a_host_that_the_world_knows_is_kept() -> None:
    assert worth_keeping("column.example")
    for host in ("localhost", "127.0.0.1", "10.0.0.7", "column", "column.local", "x.test"):
        assert not worth_keeping(host)
