"""Enrolment opens: one moment, one text, one notice to each who had confirmed before (promise 6).

The notices are on their way then; an opening can be paused and taken up again, and stopped for good.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from ..accounts.models import Person
from ..mail.messages import message_name
from ..mail.models import BULK, STATES, Delivery
from ..refusals import Refusal
from ..text import letter as letter_text
from .models import Course, NoticeDraft, Opening, Subscriber, next_opening_of

STOPPED_AT_ONCE = 2000
"""Notices of a stopped opening that are given up in one transaction, so that nobody waits long for the database."""
READ_AT_ONCE = 1000
LATELY = timedelta(minutes=2)
"""The speed of sending is that of this time."""
SAMPLE = 500
"""Notices by which the speed is told."""


class AlreadyOpen(Refusal):
    """Enrolment of this course was opened meanwhile; its notices are on their way."""


class NoticeChanged(Refusal):
    """The notice was changed since you saw it. Look at it once more; nothing was opened or sent."""


class Stopped(Refusal):
    """This opening was stopped for good. Who had got no notice by then waits for the next opening."""


def open_enrolment(
    session: Session,
    course: Course,
    *,
    subject: str,
    text: str,
    link: str,
    language: str,
    by: Person,
    now: datetime,
    number: int | None = None,
) -> Opening:
    """Open enrolment: who is told is settled here, in this transaction, and each gets one delivery.

    Whom a stopped opening left joins the line first, if the worker has not come to it. Those who have not confirmed by
    `now`, or have left, wait for the next opening: the database moves them there with the opening's row. All others are
    told, and their rows stay as they are, however many there are.

    text: Markdown. link: where people enrol. number: which opening of the course it was meant to be, so that a form
    sent twice opens once. Raises AlreadyOpen, also when another session was first.
    """
    session.execute(select(Course.id).where(Course.id == course.id).with_for_update())  # as give_up_stopped
    while give_up_stopped(session, course, now=now):
        pass
    opening = Opening(
        course_id=course.id,
        subject=subject,
        text_source=text,
        text_html=letter_text.render(text, language),
        link=link,
        opened_at=now,
        by_id=by.id,
        number=number or next_number(session, course),
    )
    try:
        with session.begin_nested():
            session.add(opening)
    except IntegrityError:
        raise AlreadyOpen from None
    session.expire_all()  # the database has counted on and moved the line
    moment = literal(now, Delivery.due_at.type)
    told = select(literal("notice"), Subscriber.id, literal(opening.id), literal(BULK), moment, moment).where(
        Subscriber.course_id == course.id,
        Subscriber.opening_number == opening.number,
        Subscriber.confirmed_at <= now,
        Subscriber.left_at.is_(None),
    )
    columns = ["kind", "subscriber_id", "opening_id", "urgency", "made_at", "due_at"]
    session.execute(insert(Delivery).from_select(columns, told))
    return opening


def next_number(session: Session, course: Course) -> int:
    """Which opening of the course the next one will be."""
    return session.scalars(next_opening_of(course.id)).one()


def draft(session: Session, course: Course) -> NoticeDraft | None:
    """The notice of the next opening, as far as it is written."""
    return session.scalar(select(NoticeDraft).where(NoticeDraft.course_id == course.id))


def save_draft(
    session: Session, course: Course, *, subject: str, text: str, link: str, by: Person, now: datetime
) -> NoticeDraft:
    """Keep what was written so far."""
    kept = draft(session, course)
    if kept is None:
        kept = NoticeDraft(course_id=course.id)
        session.add(kept)
    kept.subject, kept.text_source, kept.link, kept.by_id, kept.saved_at = subject, text, link, by.id, now
    session.flush()
    session.refresh(kept)
    return kept


def open_as_written(
    session: Session, course: Course, *, seen: str, number: int, language: str, by: Person, now: datetime
) -> Opening:
    """Open enrolment with the notice as it is kept. seen: when that was saved which the editor saw.

    Raises AlreadyOpen, and NoticeChanged when it was saved again meanwhile.
    """
    if number != next_number(session, course):
        raise AlreadyOpen
    kept = draft(session, course)
    if kept is None or kept.saved_at.isoformat() != seen:
        raise NoticeChanged
    opening = open_enrolment(
        session,
        course,
        subject=kept.subject,
        text=kept.text_source,
        link=kept.link,
        language=language,
        by=by,
        now=now,
        number=number,
    )
    session.delete(kept)
    session.flush()
    return opening


def close(session: Session, opening: Opening, *, now: datetime) -> None:
    """Enrolment has ended: the course page offers the waitlist for the next time. A second time changes nothing."""
    session.execute(update(Opening).where(Opening.id == opening.id, Opening.closed_at.is_(None)).values(closed_at=now))
    session.refresh(opening)


def pause(session: Session, opening: Opening, *, now: datetime) -> None:
    """No notice leaves until `resume`; those in a server's hands at this moment do. Raises Stopped."""
    _change(session, opening, Opening.paused_at.is_(None), paused_at=now)


def resume(session: Session, opening: Opening) -> None:
    """The notices that wait leave again, and no other. Raises Stopped."""
    _change(session, opening, Opening.paused_at.is_not(None), paused_at=None)


def _change(session: Session, opening: Opening, when: object, **values: object) -> None:
    session.execute(
        update(Opening).where(Opening.id == opening.id, Opening.stopped_at.is_(None), when).values(**values)  # type: ignore[arg-type]
    )
    session.refresh(opening)
    if opening.stopped_at is not None:
        raise Stopped


def stop(session: Session, opening: Opening, *, now: datetime) -> None:
    """For good: who has got no notice by now waits for the next opening of the course. Raises Stopped the second time.

    The rows follow some at a time (`give_up_stopped`); from this moment on none of them is sent.
    """
    stopped = session.execute(
        update(Opening).where(Opening.id == opening.id, Opening.stopped_at.is_(None)).values(stopped_at=now)
    )
    session.refresh(opening)
    if stopped.rowcount != 1:  # type: ignore[attr-defined]
        raise Stopped


def give_up_stopped(session: Session, course: Course | None = None, *, now: datetime) -> int:
    """Some of the notices that stopped openings have left; their subscribers wait again. Returns how many.

    course: of its openings only.
    """
    theirs = select(Opening.course_id).where(
        Opening.stopped_at.is_not(None),
        exists().where(Delivery.opening_id == Opening.id, Delivery.state == "waiting"),
        *([Opening.course_id == course.id] if course else []),
    )
    # An opening that begins now waits until they have joined the line, or they join the line after it.
    held = select(Course.id).where(Course.id.in_(theirs)).order_by(Course.id).with_for_update(read=True)
    courses = session.scalars(held).all()
    if not courses:
        return 0
    some = (
        select(Delivery.id, Delivery.subscriber_id)
        .join(Opening, Opening.id == Delivery.opening_id)
        .where(Opening.stopped_at.is_not(None), Opening.course_id.in_(courses), Delivery.state == "waiting")
        .limit(STOPPED_AT_ONCE)
        .with_for_update(of=Delivery.__table__, skip_locked=True)
    )
    rows = session.execute(some).all()
    if rows:
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_([row.id for row in rows]), Delivery.state == "waiting")
            .values(state="dropped", finished_at=now)
            .execution_options(synchronize_session=False)
        )
        _wait_again(session, [row.subscriber_id for row in rows])
    return len(rows)


def _wait_again(session: Session, ids: list[int]) -> None:
    """Unless they left, or left the same address anew meanwhile."""
    other = aliased(Subscriber)
    anew = exists().where(
        other.course_id == Subscriber.course_id,
        other.email_key == Subscriber.email_key,
        ~other.is_told,
    )
    session.execute(
        update(Subscriber)
        .where(Subscriber.id.in_(ids), Subscriber.left_at.is_(None), ~anew)
        .values(opening_number=next_opening_of(Subscriber.course_id).scalar_subquery())
        .execution_options(synchronize_session=False)
    )


def retry_failed(session: Session, opening: Opening, *, by: Person, now: datetime) -> int:
    """Those that a server refused are tried again, with the same Message-IDs. Returns how many. Raises Stopped."""
    session.refresh(opening)
    if opening.stopped_at is not None:
        raise Stopped
    again = session.execute(
        update(Delivery)
        .where(Delivery.opening_id == opening.id, Delivery.state == "failed")
        .values(
            state="waiting",
            due_at=now,
            attempts=0,
            first_tried_at=None,
            finished_at=None,
            settled_by_id=by.id,
            settled_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    return int(again.rowcount)  # type: ignore[attr-defined]


def to_look_at(session: Session, opening: Opening, limit: int = 200) -> list[tuple[Delivery, str]]:
    """(delivery, address) of the notices that wait for an editor's word, those in doubt first."""
    query = (
        select(Delivery, Subscriber.email)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Delivery.opening_id == opening.id, Delivery.state.in_(["in_doubt", "failed"]))
        .order_by(Delivery.state.desc(), Delivery.id)
        .limit(limit)
    )
    return [(one, email) for one, email in session.execute(query)]


def running(session: Session) -> list[int]:
    """The openings whose notices are sent now: the one place that says so, and the database's trigger behind it."""
    waiting = exists().where(Delivery.opening_id == Opening.id, Delivery.state == "waiting")
    query = select(Opening.id).where(Opening.paused_at.is_(None), Opening.stopped_at.is_(None), waiting)
    return list(session.scalars(query.order_by(Opening.id)))


def of(session: Session, course: Course) -> list[Opening]:
    """The course's openings, the latest first."""
    return list(session.scalars(select(Opening).where(Opening.course_id == course.id).order_by(Opening.id.desc())))


def progress(session: Session, opening: Opening) -> dict[str, int]:
    """{state of a delivery: how many}, for the states that occur."""
    rows = session.execute(
        select(Delivery.state, func.count()).where(Delivery.opening_id == opening.id).group_by(Delivery.state)
    )
    return {state: number for state, number in rows}


def per_second(session: Session, opening: Opening, *, now: datetime) -> float:
    """How many notices of it were sent in a second, lately; 0 when that cannot be told."""
    newest = (
        select(Delivery.finished_at)
        .where(Delivery.opening_id == opening.id, Delivery.state == "sent")
        .order_by(Delivery.id.desc())
        .limit(SAMPLE)
    )
    lately = [moment for moment in session.scalars(newest) if moment and moment > now - LATELY]
    if len(lately) < 2:
        return 0.0
    return (len(lately) - 1) / max((max(lately) - min(lately)).total_seconds(), 0.001)


def put_off_until(session: Session, opening: Opening, *, now: datetime) -> datetime | None:
    """When the next is tried, if all that wait were put off by a server; None when some can leave now."""
    waiting = (Delivery.opening_id == opening.id, Delivery.state == "waiting")
    now_or_soon = select(Delivery.id).where(*waiting, (Delivery.attempts == 0) | (Delivery.due_at <= now))
    if session.scalar(now_or_soon.limit(1)) is not None:
        return None
    return session.scalar(select(func.min(Delivery.due_at)).where(*waiting))


def last_refusal(session: Session, opening: Opening) -> str:
    """What a server said last of a notice that still waits, when it will not take it for now."""
    refused = select(Delivery.reply).where(
        Delivery.opening_id == opening.id, Delivery.state == "waiting", Delivery.reply != ""
    )
    return session.scalar(refused.order_by(Delivery.due_at.desc()).limit(1)) or ""


@dataclass(frozen=True)
class Told:
    """One notice of an opening, for a list."""

    email: str
    """Empty when it was erased."""
    state: str
    finished_at: datetime | None
    name: str
    """The Message-ID before its @."""
    reply: str


def told(session: Session, opening: Opening) -> Iterator[Told]:
    """Every notice of an opening, state by state, read a few at a time."""
    for state in STATES:
        last = 0
        while rows := _some_told(session, opening, state, last):
            for one, email in rows:
                yield Told(email, one.state, one.finished_at, message_name(one), one.reply)
            last = rows[-1][0].id
            session.expunge_all()


def _some_told(session: Session, opening: Opening, state: str, last: int) -> Sequence[Any]:
    query = (
        select(Delivery, Subscriber.email)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Delivery.opening_id == opening.id, Delivery.state == state, Delivery.id > last)
        .order_by(Delivery.id)
        .limit(READ_AT_ONCE)
    )
    return session.execute(query).all()
