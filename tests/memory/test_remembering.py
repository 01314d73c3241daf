"""The desk remembers every decision, pruning and sign-in, for ever, and nobody outside sees it."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.comments import moderation, pruning
from app.courses import opening
from app.memory import remembering
from app.memory.models import Act
from app.memory.remembering import Search, acts, remember

from ..cast import PASSWORD, Cast
from ..conftest import NOON
from ..house_on_a_port import token
from ..web.test_markup import imported

ALL = Search()


def told(session: Session, search: Search = ALL, **more: Any) -> list[tuple[str, str, str | None]]:
    """(who, what, under which letter), newest first."""
    found = acts(session, search, UTC, **{"limit": 100, **more})
    rows = [(act.by.name, act.deed, act.letter and act.letter.title) for act in found]
    session.commit()
    return rows


def test_decisions_and_prunings_are_remembered_whoever_wrote_them(cast: Cast, session: Session) -> None:
    letter = cast.letter("A letter")
    cast.declined(letter)
    comment = cast.published(letter)
    pruning.prune(session, comment, by=cast.ada, now=NOON + timedelta(hours=1))
    by_hand = cast.comment(letter)
    moment = (NOON + timedelta(hours=2)).isoformat().removesuffix("+00:00")
    statement = (
        "INSERT INTO decisions (comment_id, verdict, by_id, decided_at, seen) VALUES (:c, 'declined', :by, {}, '')"
    )
    moment_sql = f"'{moment}'" if session.get_bind().dialect.name == "sqlite" else f"timestamptz '{moment}+00'"
    session.execute(sa.text(statement.format(moment_sql)), {"c": by_hand.id, "by": cast.ada.id})
    assert told(session) == [
        ("Ada", "declined", "A letter"),
        ("Ada", "pruned", "A letter"),
        ("Mo", "declined", "A letter"),
        ("Mo", "published", "A letter"),
    ]


def test_what_another_site_decided_is_not_the_desks(cast: Cast, session: Session) -> None:
    moderation.decide(session, cast.comment(cast.letter()), "published", by=None, now=NOON)
    assert told(session) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE acts SET by_id = by_id",
        "DELETE FROM acts",
        "INSERT OR REPLACE INTO acts SELECT * FROM acts",
        "TRUNCATE acts",
        "INSERT INTO acts (done_at, deed, by_id) SELECT done_at, 'forgave', by_id FROM acts",
        "INSERT INTO acts (done_at, deed, by_id) SELECT done_at, 'published', by_id FROM acts",
        "INSERT INTO acts (done_at, deed, by_id) SELECT done_at, 'imported', by_id FROM acts",
    ],
)
def test_no_statement_changes_or_removes_what_was_done(statement: str, cast: Cast, session: Session) -> None:
    sqlite = session.get_bind().dialect.name == "sqlite"
    if ("OR REPLACE" in statement and not sqlite) or ("TRUNCATE" in statement and sqlite):
        pytest.skip("the other database has no such statement")
    cast.declined(cast.letter())
    with pytest.raises(DBAPIError):
        session.execute(sa.text(statement))
    session.rollback()
    assert len(told(session)) == 1


def test_a_sign_in_is_remembered_and_a_failed_one_is_not(client: FlaskClient, cast: Cast, at: Any) -> None:
    cast.mo  # noqa: B018  # is there
    for password in ("another password", PASSWORD):
        page = client.get("/desk/login").text
        client.post("/desk/login", data={"email": "mo@example.org", "password": password, "csrf_token": token(page)})
    assert told(cast.session) == [("Mo", "signed_in", None)]


@pytest.fixture
def week(cast: Cast, session: Session) -> Session:
    """One thing a day, Monday to Wednesday."""
    letter = cast.letter("Ёлка & Co")
    for day, (person, comment) in enumerate([(cast.mo, cast.comment(letter)), (cast.ada, cast.comment(letter))]):
        moderation.decide(session, comment, "declined", by=person, now=NOON + timedelta(days=day))
    remember(session, "signed_in", by=cast.mo, now=NOON + timedelta(days=2))
    session.commit()
    return session


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (Search(), ["Mo", "Ada", "Mo"]),
        (Search(words="MO"), ["Mo", "Mo"]),
        (Search(words="ёлка"), ["Ada", "Mo"]),
        (Search(words="2026-11-20"), ["Ada", "Mo"]),
        (Search(words="nobody%_"), []),
        (Search(deed="signed_in"), ["Mo"]),
        (Search(first=NOON.date() + timedelta(days=1)), ["Mo", "Ada"]),
        (Search(last=NOON.date()), ["Mo"]),
        (Search(words="ada", deed="declined", first=NOON.date(), last=NOON.date() + timedelta(days=1)), ["Ada"]),
    ],
)
def test_it_is_searched_by_words_deed_and_days(search: Search, found: list[str], week: Session) -> None:
    assert [who for who, *_ in told(week, search)] == found


def test_days_are_those_of_the_desks_zone(cast: Cast, session: Session) -> None:
    remember(session, "signed_in", by=cast.mo, now=datetime(2026, 11, 23, 22, tzinfo=UTC))  # the 24th in Moscow
    only = Search(first=NOON.date() + timedelta(days=1))
    assert acts(session, only, UTC, limit=9) == []
    assert len(acts(session, only, ZoneInfo("Europe/Moscow"), limit=9)) == 1


def test_pages_of_it_leave_nothing_out_and_show_nothing_twice(cast: Cast, session: Session) -> None:
    for _ in range(5):
        remember(session, "signed_in", by=cast.mo, now=NOON)  # all at one moment
    seen: list[Act] = []
    while some := acts(session, Search(), UTC, limit=2, after=(seen[-1].done_at, seen[-1].id) if seen else None):
        seen += some
    assert [act.id for act in seen] == [5, 4, 3, 2, 1]


def test_the_table_says_it_all_and_is_no_formula(
    client: FlaskClient, cast: Cast, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "AT_ONCE", 2)
    letter = cast.letter('=HYPERLINK("http://evil.example"; "a")')
    comment = cast.declined(letter, name="A secret name", email="secret@example.org")
    for _ in range(2):
        cast.declined(letter, name="A secret name")
    cast.signed_in(client, cast.ada)
    page = client.get("/desk/memory").text
    answer = client.post("/desk/memory/table", data={"csrf_token": token(page)})
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("text/csv", "no-store")
    assert 'attachment; filename="memory-2026-11-23.csv"' in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0] == list(remembering.HEADINGS)
    assert [row[1:3] for row in rows[1:]] == [["Ada", "exported"], ["Ada", "signed_in"], *[["Mo", "declined"]] * 3]
    about = ["2026-11-20", "'" + letter.title, comment.public_id, ""]
    assert ["2026-11-23 12:00:00", "Mo", "declined", *about] in rows
    assert "secret" not in answer.text
    answer.close()


def test_a_broken_question_is_refused(client: FlaskClient, cast: Cast, at: Any) -> None:
    cast.signed_in(client, cast.ada)
    assert client.get("/desk/memory?first=yesterday").status_code == 422
    assert client.get("/desk/memory?deed=forgave").status_code == 422
    answer = client.get("/desk/memory?first=2026-11-24&last=2026-11-23")
    assert (answer.status_code, "The dates are the wrong way round" in answer.text) == (422, True)
    assert ('value="2026-11-24"' in answer.text, 'value="2026-11-23"' in answer.text) == (True, True)
    assert "Nothing found." not in answer.text
    assert client.get("/desk/memory?first=2026-11-23&last=2026-11-23").status_code == 200
    for place in ("x", "2026-11-23_1", "2026-11-23T12:00:00+00:00_x"):
        assert client.get("/desk/memory", query_string={"after": place}).status_code == 400


def test_the_page_shows_it_and_goes_on(
    client: FlaskClient, cast: Cast, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.memory.desk.PER_PAGE", 2)
    cast.signed_in(client, cast.ada)
    cast.declined(cast.letter("First"))
    cast.published(cast.letter("Second", days_ago=10))
    page = client.get("/desk/memory?words=letter&deed=").text
    assert "Nothing found." in page
    page = client.get("/desk/memory").text
    assert "First" in page
    assert "Second" not in page
    onward = page.split('">Earlier')[0].rsplit('href="', 1)[1].replace("&amp;", "&")
    assert "Second" in client.get(onward).text


def test_addresses_that_come_in_or_go_out_as_a_table_are_remembered_with_their_course(
    client: FlaskClient, cast: Cast, session: Session, at: Any
) -> None:
    course = cast.course(name="Hard talks & <deals>")
    cast.subscriber(course, "reader@example.org")
    opened = cast.opened(course)
    opening.close(session, opened, now=NOON)
    session.commit()
    cast.signed_in(client, cast.ada)
    own = {"csrf_token": token(client.get("/desk/courses/1").text)}
    table = {"table": (io.BytesIO(b"email,consent\nsecret@example.org,fair\n"), "list.csv")}
    client.post("/desk/courses/1/import", data={**own, **table, "take": "1"}, content_type="multipart/form-data")
    for address in ("/desk/courses/1/waitlist.csv", f"/desk/courses/openings/{opened.id}/notices.csv"):
        answer = client.post(address, data=own)
        assert "reader@example.org" in answer.text
        answer.close()
    found = acts(session, Search(words="hard talks"), UTC, limit=9)
    assert [(act.by.name, act.deed, act.course_id) for act in found] == [
        ("Ada", "took_along", 1), ("Ada", "took_along", 1), ("Ada", "imported", 1),
    ]  # fmt: skip
    session.rollback()
    page = client.get("/desk/memory?deed=imported").text
    assert "Imported addresses" in page
    assert '<a href="/desk/courses/1">Hard talks &amp; &lt;deals&gt;</a>' in page
    assert "secret" not in page


def test_looking_at_a_table_of_addresses_is_no_act(client: FlaskClient, cast: Cast, at: Any) -> None:
    cast.course()
    cast.signed_in(client, cast.ada)
    assert "Nothing has been done yet" in imported(client, "look").text
    assert [deed for _, deed, _ in told(cast.session)] == ["signed_in"]


@pytest.mark.parametrize("role", ["moderator", "writer"])
def test_only_editors_read_it(role: Any, client: FlaskClient, cast: Cast) -> None:
    cast.signed_in(client, cast.person("Somebody", role))
    assert client.get("/desk/memory").status_code == 403
