from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.letters import drafting
from app.letters.drafting import Draft
from app.letters.models import Letter
from app.writing import history, keeping
from app.writing.keeping import Window, keep
from app.writing.models import Typed, Version

from ..cast import Cast
from ..conftest import NOON
from ..house_on_a_port import token

LATER = NOON + timedelta(hours=1)


def typed(cast: Cast, letter: Letter, answer: str, window: Window, **more: Any) -> Typed:
    draft = replace(drafting.draft_of(cast.session, letter), answer=answer)
    row = keep(cast.session, letter, draft, window, by=more.get("by", cast.wanda), now=more.get("now", NOON))
    cast.session.commit()
    return row


def said(row: Typed | None) -> str | None:
    return history.unpacked(row.content).answer if row is not None and row.content is not None else None


def asides(session: Session) -> list[str]:
    kept = session.scalars(sa.select(Version).where(Version.kind == "aside").order_by(Version.id))
    return [history.draft(version).answer for version in kept]


def test_what_is_typed_is_kept_with_the_version_that_it_was_based_on_and_the_letter_stays(
    cast: Cast, session: Session
) -> None:
    letter = cast.draft(answer="One.")
    row = typed(cast, letter, "One and a ha", Window("phone", 3, base_id=7))
    assert (said(row), row.base_id, row.sitting, row.seq) == ("One and a ha", 7, "phone", 3)
    assert session.get_one(Letter, letter.id, populate_existing=True).answer_source == "One."
    assert history.versions(session, letter) == []


def test_a_late_request_does_not_undo_a_newer_one(cast: Cast, session: Session) -> None:
    letter = cast.draft()
    typed(cast, letter, "newer", Window("w", 5))
    typed(cast, letter, "older", Window("w", 4))
    assert said(history.of_person(session, letter, cast.wanda)) == "newer"


def test_a_window_whose_answer_was_lost_goes_on_and_puts_nothing_aside(cast: Cast, session: Session) -> None:
    letter = cast.draft()
    typed(cast, letter, "one", Window("w", 1, count=0))
    typed(cast, letter, "one two", Window("w", 2, count=0))  # it never heard that the count is 1
    assert said(history.of_person(session, letter, cast.wanda)) == "one two"
    assert asides(session) == []


def test_when_two_windows_of_one_person_both_typed_the_later_stands_and_the_other_is_aside(
    cast: Cast, session: Session
) -> None:
    letter = cast.draft()
    typed(cast, letter, "at the desk", Window("desk", 1, count=0))
    typed(cast, letter, "on the phone", Window("phone", 1, count=0))
    assert said(history.of_person(session, letter, cast.wanda)) == "on the phone"
    assert asides(session) == ["at the desk"]


def test_a_window_that_followed_the_other_one_puts_nothing_aside(cast: Cast, session: Session) -> None:
    letter = cast.draft()
    row = typed(cast, letter, "at the desk", Window("desk", 1))
    typed(cast, letter, "at the desk and on the phone", Window("phone", 1, count=row.count))
    assert asides(session) == []


def test_what_two_people_type_is_kept_apart(cast: Cast, session: Session) -> None:
    letter = cast.draft()
    typed(cast, letter, "Wanda’s", Window("a", 1))
    typed(cast, letter, "Ada’s", Window("b", 1), by=cast.ada)
    assert said(history.of_person(session, letter, cast.wanda)) == "Wanda’s"
    assert said(history.of_person(session, letter, cast.ada)) == "Ada’s"


def test_going_back_to_the_saved_text_puts_aside_what_was_typed(cast: Cast, session: Session) -> None:
    letter = cast.draft(answer="One.")
    typed(cast, letter, "Two?", Window("w", 1))
    keeping.throw_away(session, letter, by=cast.wanda, now=LATER)
    assert said(history.of_person(session, letter, cast.wanda)) is None
    assert asides(session) == ["Two?"]
    keeping.throw_away(session, letter, by=cast.wanda, now=LATER)
    assert asides(session) == ["Two?"]


def test_the_same_window_begins_one_letter_however_often_it_asks(cast: Cast, session: Session) -> None:
    draft = Draft("A tit", "", "en", answer="Ve")
    letters = {keeping.begin(session, draft, Window("w", 1), by=cast.wanda, now=NOON).id for _ in range(3)}
    assert len(letters) == 1
    assert keeping.begin(session, draft, Window("another", 1), by=cast.wanda, now=NOON).id not in letters


def test_two_sessions_that_begin_for_one_window_begin_one_letter(cast: Cast, session: Session) -> None:
    wanda, draft = cast.wanda, Draft("T", "", "en")
    with Session(session.get_bind(), expire_on_commit=False) as other:
        them = other.merge(wanda)
        other.commit()
        mine = keeping.begin(session, draft, Window("w", 1), by=wanda, now=NOON)
        session.commit()
        assert keeping.begin(other, draft, Window("w", 1), by=them, now=NOON).id == mine.id
        other.commit()
    assert session.scalar(sa.select(sa.func.count()).select_from(Letter)) == 1


def test_the_company_is_whoever_else_was_there_lately(cast: Cast, session: Session) -> None:
    letter = cast.draft()
    keeping.look_in(session, letter, by=cast.ada, now=NOON)
    keeping.look_in(session, letter, by=cast.wanda, now=NOON)
    here = keeping.company(session, letter, but=cast.wanda, now=NOON)
    assert [row.person.name for row in here] == ["Ada"]
    assert keeping.company(session, letter, but=cast.wanda, now=NOON + keeping.HERE) == []


# The route


FIELDS = {"title": "T", "asker": "Vera", "language": "en", "answer": "Vera! Ask", "sitting": "w", "seq": "1"}
JSON = {"Accept": "application/json"}


@pytest.fixture
def wanda(client: FlaskClient, cast: Cast, at: object) -> FlaskClient:
    return cast.signed_in(client, cast.wanda)


def test_what_was_typed_is_there_when_the_letter_is_opened_again(wanda: FlaskClient, cast: Cast) -> None:
    letter = cast.draft(answer="One.")
    edit = f"/desk/letters/{letter.id}/edit"
    sent = {**FIELDS, "csrf_token": token(wanda.get(edit).text)}
    answer = wanda.post(f"/desk/letters/{letter.id}/typed", data=sent, headers=JSON)
    assert (answer.status_code, answer.json["seq"]) == (200, 1)
    page = wanda.get(edit).text
    assert "Vera! Ask</textarea>" in page
    assert "have not saved it yet" in page
    assert 'data-sitting="w" data-seq="1"' in page


def test_a_letter_is_begun_at_the_first_pause_and_saved_once(wanda: FlaskClient, cast: Cast) -> None:
    sent = {**FIELDS, "csrf_token": token(wanda.get("/desk/letters/new").text)}
    one = wanda.post("/desk/letters/typed", data={**sent, "title": ""}, headers=JSON).json
    two = wanda.post("/desk/letters/typed", data={**sent, "seq": "2"}, headers=JSON).json
    assert one["letter"] == two["letter"]
    # A window that never heard of it saves as a new letter: it is that letter all the same.
    saved = wanda.post(
        "/desk/letters/new", data={**sent, "seq": "3", "rubric_id": "", "course_id": "", "adviser_id": ""}
    )
    assert saved.location == one["edit"]
    assert cast.session.scalar(sa.select(sa.func.count()).select_from(Letter)) == 1


def test_a_window_that_has_typed_nothing_begins_nothing(wanda: FlaskClient, cast: Cast) -> None:
    sent = {"sitting": "w", "csrf_token": token(wanda.get("/desk/letters/new").text)}
    assert wanda.post("/desk/letters/typed", data=sent, headers=JSON).status_code == 400
    assert cast.session.scalar(sa.select(sa.func.count()).select_from(Letter)) == 0


def test_a_script_whose_session_ended_is_told_so_and_gets_a_new_token_after_signing_in(
    app: Flask, wanda: FlaskClient, cast: Cast
) -> None:
    letter = cast.draft()
    address = f"/desk/letters/{letter.id}/typed"
    stranger = app.test_client()
    assert stranger.get(address, headers=JSON).status_code == 401
    assert stranger.post(address, data=FIELDS, headers=JSON).status_code in (401, 403)
    fresh = wanda.get(address, headers=JSON).json["token"]
    assert wanda.post(address, data={**FIELDS, "csrf_token": fresh}, headers=JSON).status_code == 200


def test_what_is_typed_need_not_be_valid_to_be_kept(wanda: FlaskClient, cast: Cast) -> None:
    letter = cast.draft()
    edit = f"/desk/letters/{letter.id}/edit"
    sent = {**FIELDS, "title": "", "asker": "ж" * 400, "language": "xx", "rubric_id": "999", "topic_ids": ["x", "77"]}
    sent["csrf_token"] = token(wanda.get(edit).text)
    assert wanda.post(f"/desk/letters/{letter.id}/typed", data=sent, headers=JSON).status_code == 200
    assert "ж" * 400 in wanda.get(edit).text


def test_a_window_hears_who_else_is_there_and_that_another_saved(app: Flask, wanda: FlaskClient, cast: Cast) -> None:
    letter = cast.draft()
    edit, address = f"/desk/letters/{letter.id}/edit", f"/desk/letters/{letter.id}/typed"
    ada = cast.signed_in(app.test_client(), cast.ada)
    more = {"rubric_id": "", "course_id": "", "adviser_id": "", "csrf_token": token(ada.get(edit).text)}
    assert ada.post(edit, data={**FIELDS, **more, "sitting": "a", "answer": "Ada’s"}).status_code == 303
    answer = wanda.post(
        address, data={"sitting": "w", "base": "0", "csrf_token": token(wanda.get(edit).text)}, headers=JSON
    )
    assert answer.json["company"] == [{"name": "Ada", "typed": ""}]
    assert answer.json["saved"]["by"] == "Ada"
