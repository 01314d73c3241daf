from collections.abc import Callable
from datetime import timedelta
from threading import Thread

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import Person
from app.courses import opening, waitlist
from app.courses.models import Course, Opening, Subscriber
from app.courses.opening import AlreadyOpen, close, open_enrolment
from app.db import db, writing
from app.mail.models import Delivery

from ..cast import Cast
from ..conftest import NOON

TICK = timedelta(microseconds=1)
LATER = NOON + timedelta(days=200)


def opened(session: Session, course: Course, by: Person, now=NOON) -> Opening:  # type: ignore[no-untyped-def]
    return open_enrolment(
        session, course, subject="It is open", text="*Now.*", link="https://courses.example/", language="en",
        by=by, now=now,
    )  # fmt: skip


def waits_for(session: Session, app: Flask, do: Callable[[Session], object]) -> None:
    """What another session does meanwhile waits for the end of this one's transaction, and is done then."""

    def in_another_session() -> None:
        with app.app_context(), writing():
            do(db.session())
            db.session.commit()

    other = Thread(target=in_another_session)
    other.start()
    other.join(0.5)
    assert other.is_alive()
    session.commit()
    other.join()


def told(session: Session, one: Opening) -> set[str]:
    query = sa.select(Subscriber.email).join(Delivery, Delivery.subscriber_id == Subscriber.id)
    return set(session.scalars(query.where(Delivery.kind == "notice", Delivery.opening_id == one.id)))


def test_exactly_those_are_told_who_had_confirmed_before(cast: Cast, session: Session) -> None:
    course, other_course = cast.course(), cast.course("law", "Law")
    for name, moment in (("early", NOON - TICK), ("just", NOON), ("late", NOON + TICK)):
        subscriber = cast.subscriber(course, f"{name}@example.org", confirmed=False)
        waitlist.confirm(session, subscriber, now=moment)
    cast.subscriber(course, "never@example.org", confirmed=False)
    left = cast.subscriber(course, "left@example.org")
    waitlist.leave(session, left, now=NOON)
    cast.subscriber(other_course, "other@example.org")
    first = opened(session, course, cast.ada)
    assert told(session, first) == {"early@example.org", "just@example.org"}
    assert not left.is_told
    close(session, first, now=NOON)
    assert told(session, opened(session, course, cast.ada, now=LATER)) == {"late@example.org"}


def test_each_of_them_gets_one_delivery(cast: Cast, session: Session) -> None:
    course = cast.course()
    for number in range(5):
        cast.subscriber(course, f"{number}@example.org")
    one = opened(session, course, cast.ada)
    assert opening.progress(session, one) == {"waiting": 5}
    assert set(session.scalars(sa.select(Delivery.due_at).where(Delivery.opening_id == one.id))) == {NOON}


def test_its_text_becomes_html_when_it_opens(cast: Cast, session: Session) -> None:
    one = opened(session, cast.course(), cast.ada)
    assert (one.text_source, one.text_html) == ("*Now.*", "<p><em>Now.</em></p>\n")
    assert (one.by_id, one.opened_at, one.closed_at) == (cast.ada.id, NOON, None)


def test_who_confirms_late_is_told_the_next_time(cast: Cast, session: Session) -> None:
    course = cast.course()
    cast.subscriber(course, "early@example.org")
    late = cast.subscriber(course, "late@example.org", confirmed=False)
    first = opened(session, course, cast.ada)
    waitlist.confirm(session, late, now=NOON + TICK)
    close(session, first, now=NOON + TICK)
    second = opened(session, course, cast.ada, now=LATER)
    assert (told(session, first), told(session, second)) == ({"early@example.org"}, {"late@example.org"})


def test_a_second_opening_tells_only_the_new_ones(cast: Cast, session: Session) -> None:
    course = cast.course()
    cast.subscriber(course, "old@example.org")
    close(session, opened(session, course, cast.ada), now=NOON)
    cast.subscriber(course, "new@example.org")
    again = waitlist.ask(session, course, "old@example.org", now=NOON)
    assert told(session, opened(session, course, cast.ada, now=LATER - TICK)) == {"new@example.org"}
    assert not again.is_told


def test_two_openings_of_one_course_at_once_are_refused(cast: Cast, session: Session) -> None:
    course = cast.course()
    cast.subscriber(course, "vera@example.org")
    opened(session, course, cast.ada)
    session.commit()
    with pytest.raises(AlreadyOpen):
        opened(session, course, cast.ada)
    session.commit()
    assert session.scalar(sa.select(sa.func.count()).select_from(Opening)) == 1
    assert session.scalar(sa.select(sa.func.count()).where(Delivery.kind == "notice")) == 1


def test_two_courses_may_be_open_at_once(cast: Cast, session: Session) -> None:
    for course in (cast.course(), cast.course("law", "Law")):
        opened(session, course, cast.ada)


def test_of_two_sessions_that_both_found_it_closed_one_opens(cast: Cast, session: Session) -> None:
    course, ada = cast.course(), cast.ada
    cast.subscriber(course, "vera@example.org")
    with Session(session.get_bind(), expire_on_commit=False) as other:
        theirs = other.get_one(Course, course.id)
        assert waitlist.open_one(other, theirs) is None
        other.commit()
        opened(session, course, ada)
        session.commit()
        with pytest.raises(AlreadyOpen):
            opened(other, theirs, ada)


def test_closed_twice_the_first_time_stands(cast: Cast, session: Session) -> None:
    course = cast.course()
    one = opened(session, course, cast.ada)
    close(session, one, now=NOON + TICK)
    close(session, one, now=LATER)
    assert one.closed_at == NOON + TICK
    assert waitlist.open_one(session, course) is None


def test_openings_are_listed_latest_first(cast: Cast, session: Session) -> None:
    course = cast.course()
    first = opened(session, course, cast.ada)
    close(session, first, now=NOON)
    second = opened(session, course, cast.ada, now=LATER)
    assert opening.of(session, course) == [second, first]


NOTICE = """
    INSERT INTO deliveries (kind, subscriber_id, opening_id, made_at, due_at)
    SELECT 'notice', s.id, o.id, o.opened_at, o.opened_at FROM subscribers s, openings o WHERE s.email = :email
"""


@pytest.mark.parametrize("email", ["never@example.org", "late@example.org", "left@example.org", "told@example.org"])
def test_the_database_refuses_a_notice_to(cast: Cast, session: Session, email: str) -> None:
    course = cast.course()
    cast.subscriber(course, "told@example.org")
    cast.subscriber(course, "never@example.org", confirmed=False)
    late = cast.subscriber(course, "late@example.org", confirmed=False)
    waitlist.leave(session, cast.subscriber(course, "left@example.org"), now=NOON)
    cast.opened(course)
    waitlist.confirm(session, late, now=NOON + TICK)
    session.commit()
    with pytest.raises(IntegrityError):
        session.execute(sa.text(NOTICE), {"email": email})


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM openings",
        "UPDATE openings SET id = id + 1",
        "UPDATE openings SET number = 2",
        "UPDATE openings SET course_id = (SELECT max(id) FROM courses)",
        "UPDATE subscribers SET opening_number = 3",
        "UPDATE subscribers SET course_id = (SELECT max(id) FROM courses)",
        "INSERT INTO openings (course_id, number, subject, text_source, text_html, link, opened_at, by_id, closed_at)"
        " SELECT course_id, 3, subject, text_source, text_html, link, opened_at, by_id, opened_at FROM openings",
    ],
)
def test_the_database_refuses_to_take_a_notice_from_its_opening(cast: Cast, session: Session, attack: str) -> None:
    course = cast.course()
    cast.course("law", "Law")
    cast.subscriber(course, "vera@example.org")
    cast.opened(course)
    with pytest.raises(IntegrityError):
        session.execute(sa.text(attack))


def test_who_comes_in_past_the_rules_waits_for_the_next_opening_or_not_at_all(cast: Cast, session: Session) -> None:
    course = cast.course()
    cast.opened(course)
    late = Subscriber(
        course_id=course.id, email="x@example.org", email_key="x@example.org", confirm_token="c", leave_token="l",
        asked_at=NOON, opening_number=1,
    )  # fmt: skip
    session.add(late)
    try:
        session.flush()
    except IntegrityError:
        return
    session.refresh(late)
    assert not late.is_told


def test_who_asks_while_enrolment_opens_waits_for_the_next_opening(app: Flask, cast: Cast, session: Session) -> None:
    course = cast.course()
    one = opened(session, course, cast.ada)  # not yet committed
    close(session, one, now=NOON)

    course_id = course.id
    waits_for(
        session, app, lambda other: waitlist.ask(other, other.get_one(Course, course_id), "vera@example.org", now=NOON)
    )
    vera = session.scalars(sa.select(Subscriber)).one()
    waitlist.confirm(session, vera, now=NOON + TICK)
    assert told(session, opened(session, course, cast.ada, now=LATER)) == {"vera@example.org"}


def test_an_opening_waits_for_who_asks_at_this_moment(app: Flask, cast: Cast, session: Session) -> None:
    course = cast.course()
    course_id, ada_id = course.id, cast.ada.id
    vera = waitlist.ask(session, course, "vera@example.org", now=NOON)  # not yet committed
    waits_for(
        session, app, lambda other: opened(other, other.get_one(Course, course_id), other.get_one(Person, ada_id))
    )
    session.refresh(vera)
    assert (vera.opening_number, vera.is_told) == (2, False)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE deliveries SET state = 'waiting'",
        "UPDATE deliveries SET state = 'sending'",
        "DELETE FROM deliveries",
        "UPDATE deliveries SET kind = 'confirmation'",
        "UPDATE deliveries SET opening_id = NULL",
        "UPDATE deliveries SET state = 'lost'",
        "DELETE FROM subscribers",
        "UPDATE subscribers SET confirmed_at = NULL",
    ],
)
def test_the_database_refuses_to_send_a_sent_notice_again(cast: Cast, session: Session, attack: str) -> None:
    course = cast.course()
    cast.subscriber(course, "vera@example.org")
    cast.opened(course)
    session.execute(sa.delete(Delivery).where(Delivery.kind == "confirmation"))
    for step in ("sending", "sent"):
        session.execute(sa.update(Delivery).values(state=step))
    session.commit()
    with pytest.raises(IntegrityError):
        session.execute(sa.text(attack))
    session.rollback()
    assert session.scalars(sa.select(Delivery.state)).all() == ["sent"]


def test_the_database_lets_no_mail_go_to_who_left(cast: Cast, session: Session) -> None:
    course = cast.course()
    subscriber = cast.subscriber(course, "vera@example.org")
    cast.opened(course)
    session.execute(sa.update(Subscriber).where(Subscriber.id == subscriber.id).values(left_at=NOON))
    with pytest.raises(IntegrityError):
        session.execute(sa.text("UPDATE deliveries SET state = 'sending' WHERE kind = 'notice'"))


def test_an_opening_waits_for_those_whom_the_worker_sets_free_at_this_moment(
    app: Flask, cast: Cast, session: Session
) -> None:
    course = cast.course()
    course_id, ada_id = course.id, cast.ada.id
    cast.subscriber(course, "vera@example.org")
    one = cast.opened(course)
    opening.stop(session, one, now=NOON)
    close(session, one, now=NOON)
    session.commit()
    assert opening.give_up_stopped(session, now=NOON) == 1  # not yet committed
    waits_for(
        session, app, lambda other: opened(other, other.get_one(Course, course_id), other.get_one(Person, ada_id))
    )
    assert session.scalars(sa.select(Delivery.state).where(Delivery.kind == "notice").order_by(Delivery.id)).all() == [
        "dropped",
        "waiting",
    ]
