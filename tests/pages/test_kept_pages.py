"""The page store, in one process: what is kept, for how long, and what makes it old."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import brotli
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.column.settings import settings
from app.comments import moderation, presence, pruning
from app.db import db, writing
from app.letters.models import Letter
from app.pages.edition import WriteCount
from app.pages.keeping import Shelf, make, maker_of
from app.web import static

from ..cast import Cast
from ..conftest import NOON

LETTER = "/letters/2026-11-20/"


@pytest.fixture
def letter(cast: Cast, at: object) -> Letter:
    return cast.letter(days_ago=3)


@contextmanager
def queries(app: Flask) -> Iterator[list[str]]:
    """Every statement that is sent to the database meanwhile."""
    seen: list[str] = []
    with app.app_context():
        engine = db.engine

    def listen(connection, cursor, statement, parameters, context, many):  # type: ignore[no-untyped-def]
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", listen)


def test_a_kept_page_asks_the_database_nothing_or_only_for_the_edition(
    app: Flask, client: FlaskClient, letter: Letter
) -> None:
    first = client.get(LETTER)
    with queries(app) as seen:
        assert client.get(LETTER).data == first.data
    on_sqlite = app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
    assert [s for s in seen if "editions" not in s] == []
    assert len(seen) == (0 if on_sqlite else 1)


@pytest.mark.parametrize("change", ["publish", "prune", "erase", "edit", "settings", "topic", "letter"])
def test_a_change_of_what_readers_see_makes_every_page_old(
    change: str, client: FlaskClient, cast: Cast, letter: Letter, session: Session
) -> None:
    pending, published = cast.comment(letter, "A new thought."), cast.published(letter, "An old thought.")
    before = {page: client.get(page).text for page in (LETTER, "/", "/feed.xml")}
    if change == "publish":
        moderation.decide(session, pending, "published", by=cast.mo, now=NOON)
    elif change == "prune":
        pruning.prune(session, published, by=cast.mo, now=NOON)
    elif change == "erase":
        session.execute(sa.text("UPDATE comments SET name='', email='', text_source='', text_html='', erased_at=:now "
                                "WHERE standing = 'published'"), {"now": "2026-11-23 12:00:00"})  # fmt: skip
    elif change == "edit":
        letter.title = "Another title"
    elif change == "settings":
        settings(session).title = "Another column"
    elif change == "topic":
        from app.letters.models import Topic

        topic = Topic(slug="money", name="Money")
        session.add(topic)
        letter.topics.append(topic)
    elif change == "letter":
        cast.letter("One more letter", days_ago=2)
    session.commit()
    changed = [page for page in before if client.get(page).text != before[page]]
    expected = {"edit": [LETTER, "/", "/feed.xml"], "settings": [LETTER, "/", "/feed.xml"], "topic": ["/", "/feed.xml"],
                "letter": [LETTER, "/", "/feed.xml"]}.get(change, [LETTER, "/", "/feed.xml"])  # fmt: skip
    assert changed == expected


def test_what_readers_do_not_see_leaves_pages_standing(
    app: Flask, client: FlaskClient, cast: Cast, letter: Letter
) -> None:
    page = client.get(LETTER).data
    cast.declined(letter, "No thought.")
    cast.comment(letter, "It waits.")
    cast.draft("A draft")
    with queries(app) as seen:
        assert client.get(LETTER).data == page
    assert [s for s in seen if "editions" not in s] == []


def test_a_rolled_back_change_leaves_pages_standing(
    app: Flask, client: FlaskClient, letter: Letter, session: Session
) -> None:
    client.get(LETTER)
    letter.title = "Never"
    session.flush()
    session.rollback()
    with queries(app) as seen:
        assert "Never" not in client.get(LETTER).text
    assert [s for s in seen if "editions" not in s] == []


def test_a_page_is_old_at_the_next_slot_to_the_second(client: FlaskClient, cast: Cast, letter: Letter, at) -> None:  # type: ignore[no-untyped-def]
    slot = NOON + timedelta(minutes=30)
    cast.letter("Coming soon", days_ago=-30 / 24 / 60)

    def read_at(moment) -> str:  # type: ignore[no-untyped-def]
        at(moment)
        return client.get("/").text

    assert "Coming soon" not in read_at(NOON)
    assert "Coming soon" not in read_at(slot - timedelta(seconds=1))
    assert "Coming soon" in read_at(slot)


def test_a_page_that_tells_a_courses_day_is_old_when_that_day_has_passed(client: FlaskClient, cast: Cast, at) -> None:  # type: ignore[no-untyped-def]
    course = cast.course()
    course.starts_on = NOON.date()
    cast.session.commit()
    midnight = NOON.replace(hour=0) + timedelta(days=1)
    at(midnight - timedelta(minutes=1))
    assert "begins on" in client.get("/courses/talks/").text
    at(midnight)
    assert "begins on" not in client.get("/courses/talks/").text


def test_it_is_compressed_once_and_answers_304(client: FlaskClient, letter: Letter) -> None:
    plain = client.get(LETTER)
    packed = client.get(LETTER, headers={"Accept-Encoding": "gzip, deflate, br"})
    assert packed.headers["Content-Encoding"] == "br"
    assert brotli.decompress(packed.data) == plain.data
    zipped = client.get(LETTER, headers={"Accept-Encoding": "gzip, br;q=0"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.data) == plain.data
    assert plain.headers["Vary"] == "Accept-Encoding"
    same = client.get(LETTER, headers={"If-None-Match": plain.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    head = client.head(LETTER)
    assert (head.status_code, head.data, head.content_length) == (200, b"", len(plain.data))


@pytest.mark.parametrize("address", ["/desk/login", "/healthz", "/nothing", "/letters/2026-11-20/?x=1"])
def test_pages_that_are_no_function_of_published_state_are_not_kept(
    app: Flask, address: str, client: FlaskClient, letter: Letter
) -> None:
    client.get(address)
    assert app.wsgi_app.shelf.get(address.split("?")[0]) is None  # type: ignore[attr-defined]


def test_a_page_with_what_somebody_typed_is_not_kept(client: FlaskClient, letter: Letter) -> None:
    client.post(LETTER + "comments", data={"name": "Somebody", "text": ""})
    assert "Somebody" not in client.get(LETTER).text


def test_a_readers_request_cannot_write(app: Flask, cast: Cast) -> None:
    if not app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        pytest.skip("SQLite's writers are counted, PostgreSQL is asked")
    for statement in ("UPDATE settings SET title = 'x'", "DELETE FROM search_comments", "DELETE FROM presences"):
        cast.published(cast.letter())
        presence.reading(cast.session, cast.mo, 1, now=cast.now)
        cast.session.commit()
        with app.app_context(), writing(False):
            db.session.execute(sa.text(statement))
            with pytest.raises(sa.exc.OperationalError, match="begun as a reader"):
                db.session.commit()
    stands = "SELECT title, (SELECT count(*) FROM search_comments), (SELECT count(*) FROM presences) FROM settings"
    assert cast.session.execute(sa.text(stands)).one() == ("Dear Friday", 3, 1)


def test_the_count_is_odd_while_somebody_writes_and_after_a_crash(tmp_path: Path) -> None:
    count = WriteCount(tmp_path / "column.sqlite")
    other = WriteCount(tmp_path / "column.sqlite")
    assert count.read() == other.read() == 0
    count.begin()
    assert other.read() == 1
    count.end()
    assert other.read() == 2
    count.begin()  # and dies
    other.begin()
    assert count.read() == 5, "odd, and not what it was"
    other.end()
    assert count.read() == 6


def test_the_shelf_is_bounded_in_memory_and_on_disk(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, memory=50_000, disk=60_000)
    for n in range(300):
        page = make(bytes(str(n), "ascii") * 2000, [], edition=1, count=2, until=0)
        shelf.put(f"/{n}", page)
        shelf.write(f"/{n}", page)
    kept = [n for n in range(300) if shelf.get(f"/{n}")]
    assert kept
    assert kept == list(range(kept[0], 300)), "the newest ones"
    assert sum(shelf.get(f"/{n}").size for n in kept) <= 50_000  # type: ignore[union-attr]
    shelf.make_room()
    assert sum(file.stat().st_size for file in tmp_path.glob("*/*")) <= 60_000


def test_a_broken_file_on_disk_is_no_page(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.write("/", make(b"x" * 1000, [], edition=1, count=2, until=9e9))
    assert shelf.read("/") is not None
    (file,) = tmp_path.glob("*/*.page")
    file.write_bytes(file.read_bytes()[:-1])
    assert shelf.read("/") is None
    file.write_bytes(b"\x00nonsense")
    assert shelf.read("/") is None


def another(app: Flask, stage, base_url: str) -> Flask:  # type: ignore[no-untyped-def]
    """A second application on the same database and folder, as another worker has it."""
    from app import create_app
    from app.config import from_environment

    environ = {"DEARFRIDAY_DATA": str(stage.folder), "DEARFRIDAY_BASE_URL": base_url}
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    if not url.startswith("sqlite"):
        environ["DEARFRIDAY_DATABASE_URL"] = url.replace("+psycopg", "")
    return create_app(from_environment(environ))


def test_what_another_version_or_setting_left_on_disk_is_not_found(tmp_path: Path) -> None:
    code = tmp_path / "code"
    (code / "inner").mkdir(parents=True)
    (code / "inner" / "page.html").write_text("one")
    makers = [maker_of([code], "https://a.example"), maker_of([code], "https://b.example")]
    (code / "inner" / "page.html").write_text("two")
    makers.append(maker_of([code], "https://a.example"))
    (code / "page.html").write_text("")
    makers.append(maker_of([code], "https://a.example"))
    assert len(set(makers)) == 4
    assert makers[3] == maker_of([code], "https://a.example")
    pages = tmp_path / "pages"
    Shelf(pages, makers[0]).write("/", make(b"old", [], edition=1, count=2, until=9e9))
    assert [Shelf(pages, maker).read("/") is None for maker in makers] == [False, True, True, True]


def test_after_a_restart_with_another_address_no_page_names_the_old_one(
    client: FlaskClient, letter: Letter, stage
) -> None:  # type: ignore[no-untyped-def]
    client.get("/feed.xml")
    moved = another(client.application, stage, "https://moved.example")
    assert "https://moved.example/letters/" in moved.test_client().get("/feed.xml").text
    with moved.app_context():
        db.engine.dispose()


def test_a_write_by_another_process_is_seen(app: Flask, client: FlaskClient, letter: Letter, stage) -> None:  # type: ignore[no-untyped-def]
    other = another(app, stage, "http://localhost")
    assert "Changed elsewhere" not in client.get(LETTER).text
    with other.app_context(), writing():
        db.session.get_one(Letter, letter.id).title = "Changed elsewhere"
        db.session.commit()
    assert "Changed elsewhere" in client.get(LETTER).text
    assert "Changed elsewhere" in other.test_client().get(LETTER).text
    with other.app_context():
        db.engine.dispose()


def test_a_static_file_is_sent_compressed_and_never_again_to_who_has_it(app: Flask, client: FlaskClient) -> None:
    with app.test_request_context():
        address = static("css/base.css")
    whole = client.get(address)
    packed = client.get(address, headers={"Accept-Encoding": "br, gzip"})
    assert brotli.decompress(packed.data) == whole.data
    assert len(packed.data) < 0.5 * len(whole.data)
    assert (packed.mimetype, packed.headers["Vary"]) == ("text/css", "Accept-Encoding")
    assert packed.cache_control.max_age == 31536000
    assert "Content-Security-Policy" in packed.headers
    assert client.get(address, headers={"If-None-Match": packed.headers["ETag"]}).status_code == 304
    assert client.get(address, headers={"Range": "bytes=0-9"}).data == whole.data  # a whole answer is a good one
    assert client.get(address.replace("base", "nothing")).status_code == 404
    other = client.get(address[:-1] + "-", headers={"Accept-Encoding": "br"})
    assert (other.data, "Content-Encoding" in other.headers) == (whole.data, False)  # nobody fills memory with marks
    assert client.post(address).status_code == 405
