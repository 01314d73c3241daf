"""Enrolment opens: one moment, one text, one notice to each who had confirmed before (promise 6)."""

from datetime import datetime

from sqlalchemy import func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..mail.models import BULK, Delivery
from ..refusals import Refusal
from ..text import letter as letter_text
from .models import Course, Opening, Subscriber


class AlreadyOpen(Refusal):
    """Enrolment of this course is open already; its notices are on their way."""


def open_enrolment(
    session: Session, course: Course, *, subject: str, text: str, link: str, language: str, by: Person, now: datetime
) -> Opening:
    """Open enrolment: who is told is settled here, in this transaction, and each gets one delivery.

    text: Markdown. link: where people enrol. Raises AlreadyOpen, also when another session was first.
    """
    opening = Opening(
        course_id=course.id,
        subject=subject,
        text_source=text,
        text_html=letter_text.render(text, language),
        link=link,
        opened_at=now,
        by_id=by.id,
    )
    try:
        with session.begin_nested():
            session.add(opening)
    except IntegrityError:
        raise AlreadyOpen from None
    session.execute(
        update(Subscriber)
        .where(
            Subscriber.course_id == course.id,
            Subscriber.opening_id.is_(None),
            Subscriber.confirmed_at <= now,
            Subscriber.left_at.is_(None),
        )
        .values(opening_id=opening.id)
        .execution_options(synchronize_session=False)
    )
    moment = literal(now, Delivery.due_at.type)
    told = select(literal("notice"), Subscriber.id, literal(opening.id), literal(BULK), moment, moment).where(
        Subscriber.opening_id == opening.id
    )
    columns = ["kind", "subscriber_id", "opening_id", "urgency", "made_at", "due_at"]
    session.execute(insert(Delivery).from_select(columns, told))
    return opening


def close(session: Session, opening: Opening, *, now: datetime) -> None:
    """Enrolment has ended: the course page offers the waitlist for the next time. A second time changes nothing."""
    session.execute(update(Opening).where(Opening.id == opening.id, Opening.closed_at.is_(None)).values(closed_at=now))
    session.refresh(opening)


def of(session: Session, course: Course) -> list[Opening]:
    """The course's openings, the latest first."""
    return list(session.scalars(select(Opening).where(Opening.course_id == course.id).order_by(Opening.id.desc())))


def progress(session: Session, opening: Opening) -> dict[str, int]:
    """{state of a delivery: how many}, for the states that occur."""
    rows = session.execute(
        select(Delivery.state, func.count()).where(Delivery.opening_id == opening.id).group_by(Delivery.state)
    )
    return {state: number for state, number in rows}
