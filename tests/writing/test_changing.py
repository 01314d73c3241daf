from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.letters import publishing
from app.letters.fridays import Slot
from app.letters.models import Change, Letter, Rubric
from app.text import letter as letter_text
from app.writing import changing, history
from app.writing.keeping import Window
from app.writing.models import Version
from app.writing.saving import save

from ..cast import Cast
from ..conftest import NOON
from ..house_on_a_port import token

FRIDAY = Slot(datetime(2026, 11, 27, 10, 0), "Europe/Moscow")
SECOND = timedelta(seconds=1)


def change_of(cast: Cast, letter: Letter, **more: object) -> Version:
    session = cast.session
    draft, base = history.working(session, letter, NOON)
    done = save(session, letter, replace(draft, **more), Window(base_id=base), by=cast.wanda, now=NOON)
    session.commit()
    return done.version  # type: ignore[union-attr]


def make_due(session: Session, now: datetime) -> int:
    return sum(changing.make(session, one, now=now) for one in changing.due(session, now))


@pytest.fixture
def letter(cast: Cast) -> Letter:
    return cast.letter("An aardvark", answer="About aardvarks.")


def test_readers_keep_the_old_text_until_an_editor_publishes_the_change(
    cast: Cast, session: Session, letter: Letter
) -> None:
    version = change_of(cast, letter, answer="About *zebras*.")
    assert letter.answer_source == "About aardvarks."
    changing.publish(session, letter, version, "UTC", by=cast.ada, now=NOON)
    assert (letter.answer_source, letter.answer_html) == ("About *zebras*.", "<p>About <em>zebras</em>.</p>\n")
    assert letter.updated_at == NOON
    assert history.change(session, letter, NOON) is None


def test_what_readers_get_is_the_html_that_was_made_when_it_was_saved(
    cast: Cast, session: Session, letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = change_of(cast, letter, answer="*Why?*")
    monkeypatch.setattr(letter_text, "render", lambda *_: pytest.fail("rendered again"))
    changing.publish(session, letter, version, "UTC", by=cast.ada, now=NOON)
    assert letter.answer_html == "<p><em>Why?</em></p>\n"


def test_a_scheduled_change_is_seen_at_its_moment_without_any_job_and_not_a_second_before(
    cast: Cast, session: Session, letter: Letter, client: FlaskClient, at
) -> None:  # type: ignore[no-untyped-def]
    version = change_of(cast, letter, title="A zebra", answer="About zebras.")
    for address in (f"/letters/{letter.name}/", "/"):
        client.get(address)  # kept, from before the change was scheduled
    changing.schedule(session, letter, version, FRIDAY, by=cast.ada, now=NOON)
    session.commit()
    pages = (f"/letters/{letter.name}/", "/", "/letters/", "/feed.xml", "/feed.json", f"/letters/{letter.name}.md")
    for moment in (NOON, FRIDAY.moment - SECOND):
        at(moment)
        for address in pages:
            said = client.get(address).text.lower()
            assert ("aardvark" in said, "zebra" in said) == (True, False), (moment, address)
        assert "aardvark" in client.get("/search/?q=aardvarks").text
        assert letter.name not in client.get("/search/?q=zebras").text
    at(FRIDAY.moment)
    for address in (*pages, f"/search/?q=zebras&year={str(letter.name)[:4]}"):
        said = client.get(address).text.lower()
        assert ("aardvark" in said, "zebra" in said) == (False, True), address
    assert f"/letters/{letter.name}/" not in client.get("/search/?q=aardvarks").text


def test_the_first_page_that_is_asked_for_after_the_moment_may_be_any(
    cast: Cast, session: Session, letter: Letter, client: FlaskClient, at
) -> None:  # type: ignore[no-untyped-def]
    version = change_of(cast, letter, answer="About zebras.")
    changing.schedule(session, letter, version, FRIDAY, by=cast.ada, now=NOON)
    session.commit()
    at(FRIDAY.moment + timedelta(days=30))
    assert str(letter.name) in client.get("/search/?q=zebras").text
    row = session.get_one(Letter, letter.id, populate_existing=True)
    assert row.updated_at == FRIDAY.moment  # when it came true, not when somebody looked


def test_a_change_is_made_once_whoever_is_at_it(cast: Cast, session: Session, letter: Letter) -> None:
    version = change_of(cast, letter, answer="About zebras.")
    changing.schedule(session, letter, version, FRIDAY, by=cast.ada, now=NOON)
    session.commit()
    with Session(session.get_bind(), expire_on_commit=False) as other:
        theirs = other.scalars(sa.select(Change)).all()
        other.commit()  # they have read that it is due
        assert make_due(session, FRIDAY.moment) == 1
        session.commit()
        assert [changing.make(other, change.id, now=FRIDAY.moment) for change in theirs] == [False]
        other.commit()
    assert make_due(session, FRIDAY.moment) == 0


def test_of_a_letter_one_change_waits_the_later_one(cast: Cast, session: Session, letter: Letter) -> None:
    first = change_of(cast, letter, answer="One.")
    changing.schedule(session, letter, first, FRIDAY, by=cast.ada, now=NOON)
    second = change_of(cast, letter, answer="Two.")
    later = Slot(FRIDAY.local + timedelta(hours=1), FRIDAY.zone)
    changing.schedule(session, letter, second, later, by=cast.ada, now=NOON)
    assert make_due(session, FRIDAY.moment) == 0
    assert make_due(session, later.moment) == 1
    assert letter.answer_source == "Two."


def test_a_change_that_is_withheld_in_time_does_not_come_out_and_stays_in_the_history(
    cast: Cast, session: Session, letter: Letter
) -> None:
    version = change_of(cast, letter, answer="One.")
    changing.schedule(session, letter, version, FRIDAY, by=cast.ada, now=NOON)
    assert changing.withhold(session, letter)
    assert make_due(session, FRIDAY.moment) == 0
    assert history.change(session, letter, NOON) is version


def test_what_was_saved_after_scheduling_is_not_in_the_change(cast: Cast, session: Session, letter: Letter) -> None:
    version = change_of(cast, letter, answer="One.")
    changing.schedule(session, letter, version, FRIDAY, by=cast.ada, now=NOON)
    later = change_of(cast, letter, answer="Two.")
    make_due(session, FRIDAY.moment)
    assert letter.answer_source == "One."
    assert history.change(session, letter, FRIDAY.moment) is later


def test_kept_pages_stand_until_the_change_at_the_longest(cast: Cast, session: Session, letter: Letter) -> None:
    version = change_of(cast, letter, answer="One.")
    assert publishing.next_slot_at(session, NOON) is None
    changing.schedule(session, letter, version, FRIDAY, by=cast.ada, now=NOON)
    assert publishing.next_slot_at(session, NOON) == FRIDAY.moment
    assert publishing.next_slot_at(session, FRIDAY.moment) is None


def test_a_page_kept_before_a_change_was_scheduled_does_not_outlive_its_moment(
    cast: Cast, session: Session, letter: Letter, client: FlaskClient, at
) -> None:  # type: ignore[no-untyped-def]
    version, address = change_of(cast, letter, answer="About zebras."), f"/letters/{letter.name}/"
    soon = NOON + timedelta(minutes=5)  # within the hour for which any page is kept
    at(NOON)
    assert "aardvarks" in client.get(address).text
    changing.schedule(session, letter, version, Slot(soon.replace(tzinfo=None), "UTC"), by=cast.ada, now=NOON)
    session.commit()
    assert "aardvarks" in client.get(address).text
    at(soon)
    assert "zebras" in client.get(address).text


def test_a_change_into_a_rubric_that_got_a_letter_at_that_moment_changes_all_but_the_rubric(
    cast: Cast, session: Session, letter: Letter
) -> None:
    rubric = cast.rubric("others")
    version = change_of(cast, letter, answer="One.", rubric_id=rubric.id)
    changing.schedule(session, letter, version, FRIDAY, by=cast.ada, now=NOON)
    cast.letter("Another", days_ago=3, rubric_id=rubric.id)
    assert make_due(session, FRIDAY.moment) == 1
    assert (letter.answer_source, letter.rubric_id) == ("One.", None)


def test_what_cannot_be_published_is_refused(cast: Cast, session: Session, letter: Letter) -> None:
    draft = cast.draft()
    before = history.begin(session, draft, NOON)
    with pytest.raises(changing.NotOutYet):
        changing.publish(session, draft, before, "UTC", by=cast.ada, now=NOON)
    version = change_of(cast, letter, answer="One.")
    with pytest.raises(publishing.SlotPassed):
        changing.schedule(session, letter, version, FRIDAY, by=cast.ada, now=FRIDAY.moment)
    changing.publish(session, letter, version, "UTC", by=cast.ada, now=NOON)
    with pytest.raises(changing.NothingToChange):
        changing.publish(session, letter, version, "UTC", by=cast.ada, now=NOON)


def test_the_database_lets_one_change_of_a_letter_wait(cast: Cast, session: Session, letter: Letter) -> None:
    version = change_of(cast, letter, answer="One.")
    changing.schedule(session, letter, version, FRIDAY, by=cast.ada, now=NOON)
    session.add(
        Change(letter_id=letter.id, version_id=version.id, slot_at=FRIDAY.local, slot_zone="UTC", due_at=FRIDAY.moment)
    )
    with pytest.raises(sa.exc.IntegrityError):
        session.flush()


def test_at_the_desk_an_editor_publishes_a_writers_change(
    app: Flask, client: FlaskClient, cast: Cast, letter: Letter, at: object
) -> None:
    wanda, ada = cast.signed_in(client, cast.wanda), cast.signed_in(app.test_client(), cast.ada)
    edit = f"/desk/letters/{letter.id}/edit"
    page = wanda.get(edit).text
    fields = {"title": "A zebra", "asker": "Vera", "language": "en", "answer": "A.", "rubric_id": "", "course_id": "",
              "adviser_id": "", "base": "0", "csrf_token": token(page)}  # fmt: skip
    assert wanda.post(edit, data=fields).status_code == 303
    assert "Readers get it when an editor publishes it" in wanda.get(edit).text
    assert "aardvark" in client.get("/").text
    assert wanda.get(f"/desk/letters/{letter.id}/change").status_code == 403
    page = ada.get(f"/desk/letters/{letter.id}/change").text
    assert "<del>" in page
    data = {"when": "2026-11-27T10:00:00", "csrf_token": token(page)}
    assert ada.post(f"/desk/letters/{letter.id}/change", data={**data, "when": "other"}).status_code == 422
    answer = ada.post(f"/desk/letters/{letter.id}/change", data={**data, "when": "now"})
    assert answer.status_code == 303
    assert "zebra" in client.get("/").text


def test_a_change_keeps_its_wall_time_when_clocks_are_moved(cast: Cast, session: Session, letter: Letter) -> None:
    version = change_of(cast, letter, answer="One.")
    change = changing.schedule(session, letter, version, FRIDAY, by=cast.ada, now=NOON)
    change.due_at = FRIDAY.moment + timedelta(hours=1)  # what the zone said when it was scheduled
    session.flush()
    changing.follow_zones(session, now=NOON)
    assert change.due_at == FRIDAY.moment == datetime(2026, 11, 27, 7, tzinfo=UTC)
    assert session.scalar(sa.select(sa.func.count()).select_from(Rubric)) == 0


def test_a_change_that_cannot_be_made_leaves_readers_the_old_text_and_keeps_no_page_with_it(
    cast: Cast, session: Session, letter: Letter, client: FlaskClient, at, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    other = cast.letter("A bison", answer="About bisons.", days_ago=5)
    for one in (letter, other):
        version = change_of(cast, one, answer="About zebras.")
        changing.schedule(session, one, version, FRIDAY, by=cast.ada, now=NOON)
    session.commit()
    fill, broken = changing.drafting.fill, letter.id

    def fails(session: Session, letter: Letter, *rest: object, **more: object) -> None:
        fill(session, letter, *rest, **more)  # type: ignore[arg-type]
        if letter.id == broken:
            raise RuntimeError("whatever it may be")

    monkeypatch.setattr(changing.drafting, "fill", fails)
    at(FRIDAY.moment)
    for _ in range(2):
        answer = client.get(f"/letters/{letter.name}/")
        assert answer.status_code == 200
        assert "aardvarks" in answer.text
        assert app.wsgi_app.shelf.get(f"/letters/{letter.name}/") is None  # type: ignore[attr-defined]
    assert "zebras" in client.get(f"/letters/{other.name}/").text  # which nothing stopped
    assert client.get("/search/?q=bisons").text.count("A bison") == 0
    monkeypatch.undo()
    at(FRIDAY.moment)
    assert "zebras" in client.get(f"/letters/{letter.name}/").text


def test_a_database_that_cannot_be_written_gives_the_old_text(
    cast: Cast, session: Session, letter: Letter, client: FlaskClient, at, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    version = change_of(cast, letter, answer="About zebras.")
    changing.schedule(session, letter, version, FRIDAY, by=cast.ada, now=NOON)
    session.commit()

    def full(*_: object, **__: object) -> bool:
        raise sa.exc.OperationalError("COMMIT", {}, Exception("database or disk is full"))

    monkeypatch.setattr(changing, "make", full)
    at(FRIDAY.moment)
    answer = client.get(f"/letters/{letter.name}/")
    assert (answer.status_code, "aardvarks" in answer.text) == (200, True)


def test_what_is_to_come_out_as_a_change_is_not_erased_before(cast: Cast, session: Session, letter: Letter) -> None:
    version = change_of(cast, letter, answer="About zebras.")
    changing.schedule(session, letter, version, FRIDAY, by=cast.ada, now=NOON)
    change_of(cast, letter, answer="Later.")
    history.forget(session, days=1, now=NOON + timedelta(days=3))
    session.expire_all()
    assert version.erased_at is None
    assert make_due(session, FRIDAY.moment) == 1
    history.forget(session, days=1, now=FRIDAY.moment + timedelta(days=3))
    session.expire_all()
    assert version.erased_at is not None
