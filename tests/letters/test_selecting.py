"""Selections and advisers' pages: what an editor puts together, and what readers see of it."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.letters import reading, selecting
from app.letters.models import Adviser, Selection, Topic

from ..cast import Cast
from ..conftest import NOON


def selection(cast: Cast, *letters: object, **more: object) -> Selection:
    row = Selection(slug="best", title="The best", created_at=NOON, **more)  # type: ignore[arg-type]
    cast.session.add(row)
    cast.session.flush()
    assert selecting.put_together(cast.session, row, [letter.name for letter in letters]) == []  # type: ignore[attr-defined]
    cast.session.commit()
    return row


def test_letters_stand_in_the_editors_order_and_once(cast: Cast, session: Session) -> None:
    one, two = cast.letter(days_ago=9), cast.letter(days_ago=2)
    row = selection(cast, one, two, one)
    assert reading.selected(session, row, NOON) == [one, two]
    assert selecting.put_together(session, row, [str(two.name), "2001-01-01"]) == ["2001-01-01"]
    assert selecting.letters(session, row) == [two]


def test_a_coming_letter_shows_in_a_selection_at_its_moment(cast: Cast, session: Session) -> None:
    coming = cast.letter(days_ago=-1)
    row = selection(cast, coming)
    assert reading.selections(session, NOON) == reading.selected(session, row, NOON) == []
    assert coming.publish_at is not None
    assert reading.selections(session, coming.publish_at - timedelta(seconds=1)) == []
    assert reading.selections(session, coming.publish_at) == [(row, 1)]


def test_offered_are_the_advisers_letters_on_the_topic(cast: Cast, session: Session) -> None:
    topic, adviser = Topic(slug="law", name="Law"), Adviser(slug="ilya", name="Ilya")
    session.add_all([topic, adviser])
    session.commit()
    mine = {"topic_ids": [topic.id], "adviser_id": adviser.id}
    inside, offered = cast.letter(**mine), cast.letter(days_ago=5, **mine)
    cast.letter(adviser_id=adviser.id)
    cast.letter(topic_ids=[topic.id])
    cast.draft(**mine)
    row = selection(cast, inside, adviser_id=adviser.id, topic_id=topic.id)
    assert selecting.offered(session, row) == [offered]
    row.adviser_id = row.topic_id = None
    assert selecting.offered(session, row) == []


def test_readers_find_adviser_and_selection(client: FlaskClient, cast: Cast, at: object) -> None:
    adviser = Adviser(slug="ilya", name="Ilya", about_html="<p>Thirty years of talks.</p>")
    cast.session.add(adviser)
    cast.session.commit()
    assert client.get("/advisers/ilya/").status_code == 404
    letter = cast.letter("A letter", adviser_id=adviser.id)
    selection(cast, letter, adviser_id=adviser.id)
    page = client.get("/advisers/ilya/").get_data(as_text=True)
    assert "Thirty years of talks." in page
    assert f"/letters/{letter.name}/" in page
    assert "/selections/best/" in page
    assert 'rel="author" href="/advisers/ilya/"' in client.get(f"/letters/{letter.name}/").get_data(as_text=True)
    assert "/selections/best/" in client.get("/letters/").get_data(as_text=True)
    assert f"/letters/{letter.name}/" in client.get("/selections/best/").get_data(as_text=True)
    assert "/selections/best/" in client.get("/sitemap.xml").get_data(as_text=True)
    for missing in ("/advisers/nobody/", "/selections/none/", "/advisers/ilya/?page=2"):
        assert client.get(missing).status_code == 404


def test_a_kept_page_follows_a_change_of_the_selection(client: FlaskClient, cast: Cast, at: object) -> None:
    one, two = cast.letter(days_ago=9), cast.letter(days_ago=2)
    row = selection(cast, one)
    assert str(two.name) not in client.get("/selections/best/").get_data(as_text=True)
    selecting.put_together(cast.session, row, [str(one.name), str(two.name)])
    cast.session.commit()
    assert str(two.name) in client.get("/selections/best/").get_data(as_text=True)


def form(**more: object) -> dict[str, object]:
    return {"title": "The best", "slug": "best", "about": "", "adviser_id": "", "topic_id": "", "letters": "", **more}


@pytest.fixture
def uncrossed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forms without their tokens, which have their own tests."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)


@pytest.mark.usefixtures("uncrossed")
def test_an_editor_puts_a_selection_together(client: FlaskClient, cast: Cast, session: Session, at: object) -> None:
    adviser = Adviser(slug="ilya", name="Ilya")
    session.add(adviser)
    session.commit()
    one, two = cast.letter(days_ago=9), cast.letter(days_ago=2, adviser_id=adviser.id)
    editor = cast.signed_in(client, cast.ada)
    saved = editor.post(
        "/desk/selections/new", data=form(letters=f"{one.name} {one.title}", adviser_id=str(adviser.id))
    )
    assert saved.status_code == 303
    page = editor.get(saved.location).get_data(as_text=True)
    assert f'value="{two.name}"' in page, "the adviser's other letter is offered"
    assert editor.post(saved.location, data=form(letters=f"{one.name}", more=two.name)).status_code == 303
    (row,) = selecting.all_of_them(session)
    assert selecting.letters(session, row) == [one, two]
    session.commit()
    assert editor.post(f"/desk/selections/{row.id}/removal").status_code == 303
    session.expire_all()
    assert selecting.all_of_them(session) == []


@pytest.mark.usefixtures("uncrossed")
@pytest.mark.parametrize(
    "wrong", [{"letters": "2001-01-01 None"}, {"slug": "taken"}, {"slug": "Bad Slug"}, {"title": ""}]
)
def test_a_selection_with_a_mistake_comes_back_as_typed_and_nothing_is_saved(
    client: FlaskClient, cast: Cast, session: Session, at: object, wrong: dict[str, str]
) -> None:
    session.add(Selection(slug="taken", title="Taken", created_at=NOON))
    session.commit()
    editor = cast.signed_in(client, cast.ada)
    answer = editor.post("/desk/selections/new", data=form(about="What I typed.", **wrong))
    assert answer.status_code == 422
    assert "What I typed." in answer.get_data(as_text=True)
    assert [row.title for row in selecting.all_of_them(session)] == ["Taken"]
