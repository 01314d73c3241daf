"""Opening enrolment at the desk, through its pages."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import work
from app.column.models import Settings
from app.column.settings import settings
from app.courses import opening, openings_desk, waitlist
from app.courses.models import Course, NoticeDraft, Opening, Subscriber
from app.db import writing
from app.mail.models import Delivery

from ..cast import Cast
from ..conftest import NOON
from ..house_on_a_port import token

NOTICE = {"subject": "Come <now>", "text": "It **is** open.", "link": "https://courses.example/enrol"}


@pytest.fixture
def course(cast: Cast) -> Course:
    """With three who wait, and nothing else to send."""
    course = cast.course()
    for number in range(3):
        cast.subscriber(course, f"reader{number}@example.org")
    cast.session.execute(sa.delete(Delivery))
    cast.session.commit()
    return course


@pytest.fixture
def ada(client: FlaskClient, cast: Cast, at: object) -> FlaskClient:
    return cast.signed_in(client, cast.ada)


@pytest.fixture
def deliver(app: Flask) -> Callable[[], int]:
    """What the worker does; mails become files."""

    def run() -> int:
        with app.test_request_context(base_url="http://localhost"), writing():
            return work.deliver_due(app, app.extensions["config"])

    return run


def send(client: FlaskClient, address: str, page: str, **fields: str) -> Any:
    return client.post(address, data={**fields, "csrf_token": token(client.get(page).text)})


def written(ada: FlaskClient, course: Course, **more: str) -> str:
    """The notice, saved and looked at; returns the page."""
    page = f"/desk/courses/{course.id}/notice"
    assert send(ada, page, page, **{**NOTICE, **more}).status_code == 303
    return ada.get(page).text


def opened(ada: FlaskClient, course: Course, page: str) -> Any:
    """Press the button under what is seen on this page."""
    fields = {name: re.search(rf'name="{name}" type="hidden" value="([^"]*)"', page) for name in ("seen", "number")}
    values = {name: found.group(1) for name, found in fields.items() if found}
    return ada.post(f"/desk/courses/{course.id}/opening", data={**values, "csrf_token": token(page)})


def test_what_was_seen_is_what_is_sent(ada: FlaskClient, cast: Cast, course: Course, deliver: Any) -> None:
    page = written(ada, course)
    assert "Come &lt;now&gt;" in page
    frame = ada.get(f"/desk/courses/{course.id}/notice/as-it-arrives")
    assert "<strong>is</strong>" in frame.text
    assert "script" not in frame.headers["Content-Security-Policy"]
    assert deliver() == 0
    answer = opened(ada, course, page)
    one = cast.session.scalars(sa.select(Opening)).one()
    assert answer.location == f"/desk/courses/openings/{one.id}"
    assert (one.subject, one.text_source) == (NOTICE["subject"], NOTICE["text"])
    assert cast.session.scalar(sa.select(NoticeDraft.id)) is None
    cast.session.commit()
    assert "0 of 3 sent" in ada.get(answer.location).text
    assert deliver() == 3
    page = ada.get(answer.location).text
    assert "3 of 3 sent" in page
    assert "http-equiv" not in page


def test_a_trial_goes_to_who_asked_for_it_and_nobody_else(
    ada: FlaskClient, app: Flask, cast: Cast, course: Course, deliver: Any
) -> None:
    page = f"/desk/courses/{course.id}/notice"
    assert send(ada, page, page, **NOTICE, trial="1").status_code == 303
    assert deliver() == 1
    (mail,) = (app.extensions["config"].data / "mails").glob("*.eml")
    assert b"To: ada@example.org" in mail.read_bytes()
    assert b"Subject: Come <now>" in mail.read_bytes()
    assert cast.session.scalar(sa.select(sa.func.count()).select_from(Opening)) == 0


def test_pressed_twice_it_opens_once(ada: FlaskClient, cast: Cast, course: Course) -> None:
    page = written(ada, course)
    opened(ada, course, page)
    again = opened(ada, course, page)
    assert "was opened meanwhile" in ada.get(again.location).text
    assert cast.session.scalar(sa.select(sa.func.count()).where(Delivery.kind == "notice")) == 3


def test_a_page_of_yesterday_opens_nothing_after_enrolment_was_closed(
    ada: FlaskClient, cast: Cast, course: Course
) -> None:
    page = written(ada, course)
    opened(ada, course, page)
    opening.close(cast.session, cast.session.scalars(sa.select(Opening)).one(), now=NOON)
    cast.subscriber(course, "late@example.org")
    opened(ada, course, page)
    assert cast.session.scalar(sa.select(sa.func.count()).select_from(Opening)) == 1


def test_the_database_knows_a_number_of_an_opening_once(cast: Cast, session: Session, course: Course) -> None:
    opening.close(session, cast.opened(course), now=NOON)
    with pytest.raises(IntegrityError):
        session.execute(
            sa.text(
                "INSERT INTO openings (course_id, subject, text_source, text_html, link, opened_at, by_id, number)"
                " SELECT course_id, subject, text_source, text_html, link, opened_at, by_id, number FROM openings"
            )
        )


def test_a_later_opening_is_another_one_with_those_who_wait_then(ada: FlaskClient, cast: Cast, course: Course) -> None:
    opened(ada, course, written(ada, course))
    opening.close(cast.session, cast.session.scalars(sa.select(Opening)).one(), now=NOON)
    cast.subscriber(course, "late@example.org")
    opened(ada, course, written(ada, course, subject="Again"))
    told = sa.select(Subscriber.email).join(Subscriber.opening)
    assert cast.session.scalars(told.where(Opening.number == 2)).all() == ["late@example.org"]


def test_a_notice_changed_meanwhile_is_looked_at_once_more(
    ada: FlaskClient, cast: Cast, course: Course, at: Any
) -> None:
    page = written(ada, course)
    at(NOON + timedelta(seconds=1))
    written(ada, course, subject="Another")
    answer = opened(ada, course, page)
    assert "was changed since you saw it" in ada.get(answer.location).text
    assert cast.session.scalar(sa.select(sa.func.count()).select_from(Opening)) == 0


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("subject", ""),
        ("text", " "),
        ("link", "javascript:alert(1)"),
        ("link", "https://example.com/a b"),
        ("link", "http://x"),
    ],
)
def test_a_notice_that_cannot_be_comes_back_with_what_was_typed(
    ada: FlaskClient, cast: Cast, course: Course, field: str, typed: str
) -> None:
    page = f"/desk/courses/{course.id}/notice"
    answer = send(ada, page, page, **{**NOTICE, field: typed})
    assert answer.status_code == 422
    for name, kept in NOTICE.items():
        if name != field:
            assert kept.replace("<", "&lt;").replace(">", "&gt;") in answer.text
    assert cast.session.scalar(sa.select(NoticeDraft.id)) is None


def test_the_sender_of_a_notice_is_not_called_as_the_first_day_of_a_search_is(
    ada: FlaskClient, cast: Cast, course: Course
) -> None:
    settings(cast.session).language = "ru"
    cast.session.commit()
    page = f"/desk/courses/{course.id}/notice"
    send(ada, page, page, **NOTICE)
    assert "<dt>От</dt>" in ada.get(page).text
    assert '<label for="first">С</label>' in ada.get("/desk/memory").text


@pytest.fixture
def on_its_way(cast: Cast, course: Course) -> Opening:
    return cast.opened(course)


def press(ada: FlaskClient, one: Opening, what: str, **fields: str) -> str:
    """Press a button of the progress page; returns what the page says then."""
    page = f"/desk/courses/openings/{one.id}"
    answer = send(ada, f"{page}/{what}", page, **fields)
    assert answer.status_code == 303
    return ada.get(answer.location).text


def test_paused_it_sends_nothing_and_goes_on_with_those_who_wait(
    ada: FlaskClient, on_its_way: Opening, deliver: Any
) -> None:
    page = press(ada, on_its_way, "pause")
    assert "Paused. Nothing leaves" in page
    assert "http-equiv" not in page
    assert deliver() == 0
    assert 'http-equiv="refresh"' in press(ada, on_its_way, "going-on")
    assert deliver() == 3
    assert deliver() == 0


def test_paused_between_claim_and_hand_over_nothing_leaves_and_nothing_is_lost(
    cast: Cast, session: Session, app: Flask, on_its_way: Opening, deliver: Any, at: Any, monkeypatch: Any
) -> None:
    write = work.MAILS["notice"]

    def pauses_first(*given: Any) -> Any:
        work.db.session.rollback()
        opening.pause(session, session.get_one(Opening, on_its_way.id), now=NOON)
        session.commit()
        return write(*given)

    monkeypatch.setitem(work.MAILS, "notice", pauses_first)
    assert deliver() == 0
    session.rollback()
    assert session.scalars(sa.select(Delivery.state)).all() == ["waiting"] * 3
    opening.resume(session, session.get_one(Opening, on_its_way.id))
    session.commit()
    monkeypatch.setitem(work.MAILS, "notice", write)
    assert deliver() == 3


@pytest.mark.parametrize("column", ["paused_at", "stopped_at"])
def test_the_database_sends_nothing_of_an_opening_that_stands_still(
    session: Session, on_its_way: Opening, column: str
) -> None:
    session.execute(sa.text(f"UPDATE openings SET {column} = opened_at"))
    session.commit()
    with pytest.raises(IntegrityError):
        session.execute(sa.update(Delivery).values(state="sending"))


def test_stopped_for_the_rest_they_wait_for_the_next_opening(
    ada: FlaskClient, cast: Cast, session: Session, course: Course, on_its_way: Opening, deliver: Any
) -> None:
    first = session.scalars(sa.select(Delivery).order_by(Delivery.id)).first()
    assert first is not None
    for state in ("sending", "sent"):
        session.execute(sa.update(Delivery).where(Delivery.id == first.id).values(state=state))
    session.commit()
    assert "Stopped. Who has got no notice" in press(ada, on_its_way, "stop")
    assert sorted(session.scalars(sa.select(Delivery.state))) == ["dropped", "dropped", "sent"]
    assert waitlist.numbers(session, course)["confirmed"] == 2
    session.commit()
    for what in ("pause", "going-on", "stop", "retrial"):
        assert "stopped for good" in press(ada, on_its_way, what), what
    opening.close(session, session.get_one(Opening, on_its_way.id), now=NOON)
    session.commit()
    again = cast.opened(course)
    assert opening.progress(session, again) == {"waiting": 2}
    session.commit()
    assert deliver() == 2


def test_the_next_opening_tells_whom_a_stopped_one_has_left_also_before_the_worker_comes_to_them(
    cast: Cast, session: Session, course: Course, on_its_way: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "STOPPED_AT_ONCE", 2)
    opening.stop(session, on_its_way, now=NOON)
    opening.close(session, on_its_way, now=NOON)
    session.commit()
    assert opening.progress(session, cast.opened(course)) == {"waiting": 3}


def test_the_worker_frees_whom_the_press_did_not(
    ada: FlaskClient, app: Flask, session: Session, on_its_way: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "STOPPED_AT_ONCE", 1)
    monkeypatch.setattr(openings_desk, "AT_THE_PRESS", 1)
    press(ada, on_its_way, "stop")
    assert sorted(session.scalars(sa.select(Delivery.state))) == ["dropped", "waiting", "waiting"]
    session.rollback()
    with app.test_request_context(base_url="http://localhost"), writing():
        work.sweep(app, app.extensions["config"])
    assert set(session.scalars(sa.select(Delivery.state))) == {"dropped"}


def test_enrolment_is_not_closed_before_it_is_said_what_becomes_of_the_notices_that_have_not_left(
    ada: FlaskClient, session: Session, course: Course, on_its_way: Opening, deliver: Any
) -> None:
    assert 'name="rest"' in ada.get(f"/desk/courses/openings/{on_its_way.id}").text
    assert "#closing" in ada.get(f"/desk/courses/{course.id}").text
    assert "Say what becomes of them; nothing was closed." in press(ada, on_its_way, "closing")
    session.refresh(on_its_way)
    assert on_its_way.closed_at is None
    session.commit()
    assert "Enrolment is closed" in press(ada, on_its_way, "closing", rest="send")
    session.refresh(on_its_way)
    assert (on_its_way.closed_at is not None, on_its_way.stopped_at) == (True, None)
    session.commit()
    assert deliver() == 3


def test_enrolment_that_is_closed_for_the_rest_too_lets_them_wait_for_the_next(
    ada: FlaskClient, session: Session, course: Course, on_its_way: Opening, deliver: Any
) -> None:
    for _ in range(2):
        assert "Enrolment is closed" in press(ada, on_its_way, "closing", rest="stop")
    assert deliver() == 0
    assert waitlist.numbers(session, course)["confirmed"] == 3
    assert 'name="rest"' not in ada.get(f"/desk/courses/openings/{on_its_way.id}").text


def test_enrolment_whose_notices_have_left_is_closed_by_one_press(
    ada: FlaskClient, on_its_way: Opening, deliver: Any
) -> None:
    assert deliver() == 3
    assert "Enrolment is closed" in press(ada, on_its_way, "closing")


def test_who_left_the_address_anew_before_the_stop_waits_once(
    cast: Cast, session: Session, course: Course, on_its_way: Opening
) -> None:
    opening.close(session, on_its_way, now=NOON)
    cast.subscriber(course, "reader0@example.org")
    opening.stop(session, on_its_way, now=NOON)
    session.commit()
    assert opening.give_up_stopped(session, now=NOON) == 3
    waiting = sa.select(Subscriber.email).where(~Subscriber.is_told).order_by(Subscriber.email)
    assert session.scalars(waiting).all() == [f"reader{n}@example.org" for n in range(3)]
    assert waitlist.numbers(session, course)["confirmed"] == 3


def test_the_failed_ones_are_tried_again_and_no_other(
    ada: FlaskClient, session: Session, on_its_way: Opening, deliver: Any
) -> None:
    ids = list(session.scalars(sa.select(Delivery.id).order_by(Delivery.id)))
    session.execute(sa.update(Delivery).values(state="sending"))
    for one, state in zip(ids, ("sent", "failed", "in_doubt"), strict=True):
        session.execute(sa.update(Delivery).where(Delivery.id == one).values(state=state))
    session.commit()
    assert "1 notice is tried again" in press(ada, on_its_way, "retrial")
    assert session.scalars(sa.select(Delivery.state).order_by(Delivery.id)).all() == ["sent", "waiting", "in_doubt"]
    session.rollback()
    assert deliver() == 1


def test_an_editor_settles_what_is_in_doubt(
    ada: FlaskClient, cast: Cast, session: Session, on_its_way: Opening
) -> None:
    session.execute(sa.update(Delivery).values(state="sending"))
    session.execute(sa.update(Delivery).values(state="in_doubt"))
    session.commit()
    page = f"/desk/courses/openings/{on_its_way.id}"
    assert "reader0@example.org" in ada.get(page).text
    first, second, _ = session.scalars(sa.select(Delivery.id).order_by(Delivery.id)).all()
    session.rollback()
    for number, what in ((first, "arrival"), (second, "again")):
        address = f"/desk/courses/deliveries/{number}/{what}"
        assert send(ada, address, page).status_code == 303
        refused = ada.get(send(ada, address, page).location).text
        assert "can be settled by hand" in refused
    rows = session.execute(sa.select(Delivery.state, Delivery.settled_by_id).order_by(Delivery.id)).all()
    assert [tuple(row) for row in rows] == [("sent", cast.ada.id), ("waiting", cast.ada.id), ("in_doubt", None)]


def test_who_got_it_and_when_is_a_table_and_no_formula(
    ada: FlaskClient, cast: Cast, session: Session, course: Course, deliver: Any
) -> None:
    cast.subscriber(course, "=cmd|x@example.org")
    one = cast.opened(course)
    session.execute(sa.delete(Delivery).where(Delivery.kind == "confirmation"))
    session.commit()
    assert deliver() == 4
    page = f"/desk/courses/openings/{one.id}"
    answer = ada.post(f"{page}/notices.csv", data={"csrf_token": token(ada.get(page).text)})
    assert answer.mimetype == "text/csv"
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
    assert rows[0] == ["address", "state", "finished", "message-id", "reply"]
    assert sorted(row[:3] for row in rows[1:]) == [
        [address, "sent", "2026-11-23 12:00:00"]
        for address in ("'=cmd|x@example.org", "reader0@example.org", "reader1@example.org", "reader2@example.org")
    ]
    assert all(re.fullmatch(r"<notice\.\d+\.\d+@localhost>", row[3]) for row in rows[1:])


def test_the_table_is_read_a_few_rows_at_a_time(session: Session, on_its_way: Opening, monkeypatch: Any) -> None:
    monkeypatch.setattr(opening, "READ_AT_ONCE", 2)
    assert sorted(one.email for one in opening.told(session, on_its_way)) == [
        f"reader{n}@example.org" for n in range(3)
    ]


def test_the_speed_is_that_of_lately(session: Session, on_its_way: Opening) -> None:
    assert opening.per_second(session, on_its_way, now=NOON) == 0
    session.execute(sa.update(Delivery).values(state="sending"))
    for number, one in enumerate(session.scalars(sa.select(Delivery.id)).all()):
        when = NOON + timedelta(seconds=number / 2)
        session.execute(sa.update(Delivery).where(Delivery.id == one).values(state="sent", finished_at=when))
    assert opening.per_second(session, on_its_way, now=NOON + timedelta(seconds=2)) == pytest.approx(2)
    assert opening.per_second(session, on_its_way, now=NOON + timedelta(minutes=5)) == 0


def test_the_page_says_how_fast_it_goes_how_long_still_and_renews_itself(
    ada: FlaskClient, cast: Cast, session: Session, on_its_way: Opening, at: Any
) -> None:
    first, second, _ = session.scalars(sa.select(Delivery.id).order_by(Delivery.id)).all()
    for number, one in enumerate((first, second)):
        session.execute(sa.update(Delivery).where(Delivery.id == one).values(state="sending"))
        when = NOON + timedelta(seconds=60 * number)
        session.execute(sa.update(Delivery).where(Delivery.id == one).values(state="sent", finished_at=when))
    session.commit()
    at(NOON + timedelta(seconds=61))
    page = ada.get(f"/desk/courses/openings/{on_its_way.id}").text
    for part in ("2 of 3 sent", "Done in about 1 minute", 'max="3" value="2"', '<noscript><meta http-equiv="refresh"'):
        assert part in page, part


def test_what_mail_servers_put_off_is_told_with_its_next_try(
    ada: FlaskClient, session: Session, on_its_way: Opening
) -> None:
    first, second, third = session.scalars(sa.select(Delivery.id).order_by(Delivery.id)).all()
    later = NOON + timedelta(minutes=10)
    for one in (first, second):
        session.execute(sa.update(Delivery).where(Delivery.id == one).values(attempts=1, due_at=later))
    session.commit()
    page = f"/desk/courses/openings/{on_its_way.id}"
    assert opening.put_off_until(session, on_its_way, now=NOON) is None
    assert "The next try" not in ada.get(page).text
    session.execute(sa.update(Delivery).where(Delivery.id == third).values(state="sending"))
    session.commit()
    assert opening.put_off_until(session, on_its_way, now=NOON) == later
    assert f'The next try: <time datetime="{later:%Y-%m-%dT%H:%M}' in re.sub(r"\s+", " ", ada.get(page).text)
    assert opening.put_off_until(session, on_its_way, now=later) is None


def test_that_nothing_leaves_without_its_key_is_said(ada: FlaskClient, session: Session, on_its_way: Opening) -> None:
    session.execute(sa.update(Settings).values(dkim_selector="gone"))
    session.commit()
    page = ada.get(f"/desk/courses/openings/{on_its_way.id}").text
    assert "No mail leaves: the key is not on this server" in page
    assert "The worker will take them up" not in page
