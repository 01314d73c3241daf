"""Nothing shows before its time, and at its time it shows (promise 1): a walk over every address that readers have.

The walk follows the application's own map of addresses, so a new one that is not covered here fails. No worker runs.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.letters import feeds, publishing, selecting
from app.letters.fridays import Slot
from app.letters.models import Adviser, Letter, Redirect, Related, Rubric, Selection, Topic

from ..cast import Cast

SLOT = datetime(2027, 1, 1, 10, 0, tzinfo=UTC)
"""A Friday, and the first letter of its year: the year itself may not show before."""
NAME = "2027-01-01"
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Surface:
    """One address, and what it does at the slot."""

    path: str
    at_slot: str = ""
    """"shows": the letter stands there; "appears": it was 404 before, too; "leads": it redirects there; "": nothing."""


def shows(*paths: str) -> list[Surface]:
    return [Surface(path, "shows") for path in paths]


def appears(*paths: str) -> list[Surface]:
    return [Surface(path, "appears") for path in paths]


def silent(*paths: str) -> list[Surface]:
    return [Surface(path) for path in paths]


WALK = {
    "/": shows("/", "/?page=1"),
    "/letters/": shows("/letters/", "/letters/?page=1") + silent("/letters/?page=2"),
    "/letters/<int(fixed_digits=4):year>/": appears("/letters/2027/") + silent("/letters/2026/"),
    "/letters/<name>/": [
        *appears(f"/letters/{NAME}/"),
        *shows("/letters/2026-12-25/"),
        *silent("/letters/2026-12-18/"),
    ],
    "/topics/<slug>/": appears("/topics/zebras/") + shows("/topics/money/"),
    "/rubrics/<slug>/": shows("/rubrics/fridays/"),
    "/search/": shows("/search/?q=imported", "/search/?year=2027", "/search/?topic=zebras", "/search/?adviser=zebra")
    + silent("/search/", "/search/?q=imported&page=2"),
    "/advisers/<slug>/": appears("/advisers/zebra/"),
    "/selections/<slug>/": appears("/selections/secrets/") + shows("/selections/chosen/"),
    "/feed.xml": shows("/feed.xml"),
    "/feed.json": shows("/feed.json"),
    "/topics/<slug>/feed.xml": appears("/topics/zebras/feed.xml") + shows("/topics/money/feed.xml"),
    "/topics/<slug>/feed.json": appears("/topics/zebras/feed.json") + shows("/topics/money/feed.json"),
    "/rubrics/<slug>/feed.xml": shows("/rubrics/fridays/feed.xml"),
    "/rubrics/<slug>/feed.json": shows("/rubrics/fridays/feed.json"),
    "/letters/<name>/comments": [Surface(f"/letters/{NAME}/comments", "leads")],
    "/letters/<name>/comments.xml": appears(f"/letters/{NAME}/comments.xml")
    + silent("/letters/2026-12-25/comments.xml"),
    "/letters/<name>.md": appears(f"/letters/{NAME}.md") + silent("/letters/2026-12-25.md"),
    "/letters/<name>.txt": appears(f"/letters/{NAME}.txt") + silent("/letters/2026-12-25.txt"),
    "/letters/<name>/card.png": appears(f"/letters/{NAME}/card.png") + silent("/letters/2026-12-25/card.png"),
    "/card.png": silent("/card.png"),
    "/sitemap.xml": shows("/sitemap.xml"),
    "/sitemap-<int:number>.xml": silent("/sitemap-1.xml"),  # and in its own test, where there are parts
    "/robots.txt": silent("/robots.txt"),
    "/letters/<name>/thanks": appears(f"/letters/{NAME}/thanks") + silent("/letters/2026-12-25/thanks"),
    "/courses/<slug>/": silent("/courses/talks/"),
    "/courses/<slug>/thanks": silent("/courses/talks/thanks"),
    "/ask/": silent("/ask/"),
    "/drafts/<token>": silent("/drafts/none"),  # with a link it shows a draft, as it should: tests/reviews
    "/ask/thanks": silent("/ask/thanks"),
    "/waitlist/confirm/<token>": silent("/waitlist/confirm/x"),
    "/waitlist/leave/<token>": silent("/waitlist/leave/x"),
    "/waitlist/erase/<token>": silent("/waitlist/erase/x"),
    "/erase/": silent("/erase/"),
    "/erase/sent": silent("/erase/sent"),
    "/erase/<token>": silent("/erase/x"),
    "/waitlist/next/<token>": silent("/waitlist/next/x"),
    "/letters/<name>/reported": appears(f"/letters/{NAME}/reported") + silent("/letters/2026-12-25/reported"),
    "/healthz": silent("/healthz"),
    "/readyz": silent("/readyz"),
    "/media/<key>/<name>": silent(f"/media/{'a' * 26}/600x400.jpg"),  # unguessable, and no list: tests/pictures
    "/static/<path:filename>": [],  # files of the code, the same for ever
    # What no route has: the 404 page, and an address of the site that the letter was imported from.
    "404": [*silent("/zebr", f"/letters/{NAME}-2/"), Surface("/2027/zebra/", "leads")],
}


@pytest.fixture
def coming(cast: Cast, at: object) -> Letter:
    """A letter whose every word, name and date is a secret until its slot: each has "zebra" in it, or its date."""
    session = cast.session
    topics = [Topic(slug="zebras", name="Zebras"), Topic(slug="money", name="Money")]
    adviser = Adviser(slug="zebra", name="Dr. Zebra")
    rubric = Rubric(slug="fridays", name="clients", title="Clients", weekday=4, time=time(10), zone="UTC")
    session.add_all([*topics, adviser, rubric])
    session.flush()
    course = cast.course()

    def letter(day: datetime, word: str, **more: object) -> Letter:
        texts = {part: f"{word} {part}" for part in ("title", "asker", "question", "answer", "postscript")}
        letter = cast.draft(**{**texts, "rubric_id": rubric.id, "course_id": course.id, **more})  # type: ignore[arg-type]
        slot = Slot(day.replace(tzinfo=None), "UTC")
        publishing.schedule(session, letter, slot, now=cast.now - timedelta(days=1000))
        session.commit()
        return letter

    money = [topics[1].id]
    letter(SLOT - timedelta(days=14), "plain", topic_ids=[])
    before = letter(SLOT - timedelta(days=7), "plain", topic_ids=money)
    secret = letter(SLOT, "zebra", topic_ids=[topic.id for topic in topics], adviser_id=adviser.id)
    session.add(Related(letter_id=before.id, related_id=secret.id, position=0))
    session.add(Redirect(path="/2027/zebra", letter_id=secret.id))
    for slug, letters in (("secrets", [secret]), ("chosen", [before, secret])):
        selection = Selection(slug=slug, title=slug, created_at=cast.now)
        session.add(selection)
        session.flush()
        selecting.put_together(session, selection, [str(one.name) for one in letters])
    session.commit()
    cast.published(secret, "A zebra comment, imported.", name="Zebra commenter", days_ago=0)
    return secret


def public_rules(app: Flask) -> set[str]:
    return {
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.rule.startswith("/desk")
    }


def surfaces(app: Flask) -> list[Surface]:
    rules = public_rules(app) | {"404"}
    return [surface for rule, some in WALK.items() if rule in rules for surface in some]


def test_every_public_address_is_walked(app: Flask) -> None:
    rules = public_rules(app)
    assert rules - set(WALK) == set(), "a new address for readers: say in WALK what it shows before the slot and at it"
    assert set(WALK) - rules == {"404"}


def tells(answer: TestResponse, path: str) -> bool:
    """Does an answer say anything of the letter (a word, its date, its year) but the path that was asked for."""
    said = f"{answer.headers}\n{'' if 'image' in answer.content_type else answer.text}"
    return bool(re.search(r"zebra|2027", said.replace(path, ""), re.IGNORECASE))


def test_one_second_before_its_slot_a_letter_is_nowhere_and_at_it_everywhere(
    app: Flask, client: FlaskClient, coming: Letter, at
) -> None:  # type: ignore[no-untyped-def]
    walk = surfaces(app)
    assert len(walk) > 35
    for moment in (SLOT - timedelta(days=3), SLOT - SECOND, SLOT - SECOND):  # the second time what is kept is given
        at(moment)
        for surface in walk:
            answer = client.get(surface.path)
            assert not tells(answer, surface.path), (moment, surface)
            if surface.at_slot in ("appears", "leads"):
                assert answer.status_code == 404, surface
                assert client.head(surface.path).status_code == 404
    at(SLOT)
    for surface in walk:
        answer = client.get(surface.path)
        if surface.at_slot == "leads":
            assert (answer.status_code, answer.location) == (301, f"/letters/{NAME}/")
        elif surface.at_slot:
            assert answer.status_code == 200, surface
            assert client.head(surface.path).status_code == 200
            assert answer.mimetype == "image/png" or tells(answer, surface.path), surface


@pytest.mark.parametrize("end", ["/", ".md", ".txt", "/card.png", "/comments.xml", "/thanks"])
def test_a_letter_to_come_is_missing_like_one_that_never_was(end: str, client: FlaskClient, coming: Letter, at) -> None:  # type: ignore[no-untyped-def]
    at(SLOT - SECOND)
    never = client.get(f"/letters/2027-02-05{end}")
    not_yet = client.get(f"/letters/{NAME}{end}")
    assert (not_yet.status_code, dict(not_yet.headers)) == (never.status_code, dict(never.headers))
    assert not_yet.text.replace(NAME, "") == never.text.replace("2027-02-05", "")


def test_nobody_can_comment_on_a_letter_to_come(client: FlaskClient, coming: Letter, at) -> None:  # type: ignore[no-untyped-def]
    sent = {"name": "Boris", "text": "First!"}
    for moment, statuses in ((SLOT - SECOND, (404, 404)), (SLOT, (303, 200))):
        at(moment)
        answers = [client.post(f"/letters/{NAME}/comments{end}", data=sent) for end in ("", "/preview")]
        assert tuple(answer.status_code for answer in answers) == statuses
        assert moment == SLOT or not any(re.search("zebra", answer.text, re.IGNORECASE) for answer in answers)


def test_who_has_the_page_of_before_gets_the_new_one_at_the_slot(
    app: Flask, client: FlaskClient, coming: Letter, at
) -> None:  # type: ignore[no-untyped-def]
    for surface in surfaces(app):
        if surface.at_slot == "shows":
            at(SLOT - SECOND)
            etag = client.get(surface.path).headers.get("ETag", '"none"')
            at(SLOT)
            assert client.get(surface.path, headers={"If-None-Match": etag}).status_code == 200, surface


def test_the_parts_of_a_large_sitemap_keep_quiet_too(
    client: FlaskClient, coming: Letter, at, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(feeds, "PER_SITEMAP", 2)

    def everything() -> str:
        index = client.get("/sitemap.xml").text
        parts = re.findall(r"<loc>http://localhost(/sitemap-\d+\.xml)</loc>", index)
        assert len(parts) > 3
        return index + "".join(client.get(part).text for part in parts)

    at(SLOT - SECOND)
    assert not re.search("zebra|2027", everything())
    at(SLOT)
    assert "/letters/2027-01-01/" in everything()
    assert "<lastmod>2027-01-01T10:00:00Z</lastmod>" in everything()
