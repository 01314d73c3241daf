"""The waitlist of a course: an address comes in, is confirmed by its owner, waits for one notice, may leave."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..accounts.people import email_key
from ..mail import delivery
from ..mail.models import AWAITED, Delivery
from ..refusals import Refusal
from .models import Course, Opening, Subscriber

CONFIRMATION_EVERY = timedelta(hours=1)
"""An address gets at most one confirmation mail in this time, whoever types it into the form."""


class EnrolmentIsOpen(Refusal):
    """Enrolment is open already: there is nothing to wait for."""


class LinkIsStale(Refusal):
    """This link is no longer good. Leave your address again, and we will send a new one."""


def ask(session: Session, course: Course, email: str, *, now: datetime) -> Subscriber:
    """Somebody left an address at the form: it waits from its confirmation on, and a confirmation mail is due.

    The same answer for a new address, a waiting and a confirmed one, so that the form tells nobody who is on the list.
    No mail when the address is confirmed or had one within CONFIRMATION_EVERY. Raises EnrolmentIsOpen.
    """
    if open_one(session, course) is not None:
        raise EnrolmentIsOpen
    subscriber = _waiting(session, course, email)
    if subscriber is None:
        subscriber = Subscriber(
            course_id=course.id,
            email=email.strip(),
            email_key=email_key(email),
            confirm_token=secrets.token_urlsafe(32),
            leave_token=secrets.token_urlsafe(32),
            asked_at=now,
        )
        try:
            with session.begin_nested():
                session.add(subscriber)
        except IntegrityError:  # the same address from another session at this moment: that one sends the mail
            found = _waiting(session, course, email)
            assert found is not None
            return found
        delivery.put(session, "confirmation", subscriber_id=subscriber.id, urgency=AWAITED, now=now)
    elif _asks_again(session, subscriber, now):
        if subscriber.left_at is not None:  # they left and come again: they confirm again
            subscriber.left_at = subscriber.confirmed_at = None
            subscriber.confirm_token = secrets.token_urlsafe(32)
        delivery.put(session, "confirmation", subscriber_id=subscriber.id, urgency=AWAITED, now=now)
    session.flush()
    return subscriber


def by_confirm_token(session: Session, token: str) -> Subscriber:
    """Whose confirmation link this is. Raises LinkIsStale."""
    found = session.scalar(select(Subscriber).where(Subscriber.confirm_token == token))
    if found is None or found.left_at is not None:
        raise LinkIsStale
    return found


def by_leave_token(session: Session, token: str) -> Subscriber:
    """Whose leaving link this is. Raises LinkIsStale."""
    found = session.scalar(select(Subscriber).where(Subscriber.leave_token == token))
    if found is None:
        raise LinkIsStale
    return found


def confirm(session: Session, subscriber: Subscriber, *, now: datetime) -> None:
    """The owner of the address pressed the button. A second press changes nothing. Raises LinkIsStale after leaving."""
    session.execute(
        update(Subscriber)
        .where(Subscriber.id == subscriber.id, Subscriber.confirmed_at.is_(None), Subscriber.left_at.is_(None))
        .values(confirmed_at=now)
    )
    session.refresh(subscriber)
    if subscriber.left_at is not None:
        raise LinkIsStale


def leave(session: Session, subscriber: Subscriber, *, now: datetime) -> None:
    """Nothing is ever mailed to this subscriber again. A second time changes nothing."""
    session.execute(
        update(Subscriber).where(Subscriber.id == subscriber.id, Subscriber.left_at.is_(None)).values(left_at=now)
    )
    session.execute(
        update(Delivery)
        .where(Delivery.subscriber_id == subscriber.id, Delivery.state == "waiting")
        .values(state="dropped", finished_at=now)
    )
    session.refresh(subscriber)


def open_one(session: Session, course: Course) -> Opening | None:
    """The course's opening while enrolment is open."""
    return session.scalar(select(Opening).where(Opening.course_id == course.id, Opening.closed_at.is_(None)))


def numbers(session: Session, course: Course) -> dict[str, int]:
    """{"confirmed": …, "unconfirmed": …}: who waits for the next opening."""
    waiting = [Subscriber.course_id == course.id, Subscriber.opening_id.is_(None), Subscriber.left_at.is_(None)]
    confirmed, everybody = session.execute(
        select(func.count(Subscriber.confirmed_at), func.count()).where(*waiting)
    ).one()
    return {"confirmed": confirmed, "unconfirmed": everybody - confirmed}


def erase_expired(session: Session, *, days: int, now: datetime) -> int:
    """Delete addresses never confirmed, and those that left, so many days ago (promise 9). Returns how many.

    Who was told keeps a row without the address, from so many days after the notice: nothing more is ever sent there.
    """
    before = now - timedelta(days=days)
    gone = select(Subscriber.id).where(
        Subscriber.opening_id.is_(None),
        (Subscriber.left_at <= before) | (Subscriber.confirmed_at.is_(None) & (Subscriber.asked_at <= before)),
    )
    return _delete(session, list(session.scalars(gone))) + _forget_told(session, before)


def _forget_told(session: Session, before: datetime) -> int:
    settled = select(Delivery.subscriber_id).where(
        Delivery.kind == "notice",
        Delivery.state.in_(["sent", "failed", "bounced", "dropped"]),
        Delivery.finished_at <= before,
    )
    told = session.scalars(select(Subscriber).where(Subscriber.email != "", Subscriber.id.in_(settled))).all()
    for subscriber in told:
        subscriber.email, subscriber.email_key = "", f"erased {subscriber.id}"
    session.flush()
    return len(told)


def erase_by(session: Session, email: str, *, now: datetime) -> int:
    """Erase a person's address everywhere. A sent notice keeps its row, without the address. Returns how many."""
    rows = list(session.scalars(select(Subscriber).where(Subscriber.email_key == email_key(email))))
    erased = _delete(session, [row.id for row in rows if row.opening_id is None])
    for row in rows:
        if row.opening_id is not None:
            leave(session, row, now=now)
            row.email, row.email_key = "", f"erased {row.id}"
            erased += 1
    session.flush()
    return erased


def _delete(session: Session, ids: list[int]) -> int:
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        session.execute(delete(Delivery).where(Delivery.subscriber_id.in_(some)))
        session.execute(delete(Subscriber).where(Subscriber.id.in_(some)))
    return len(ids)


def _waiting(session: Session, course: Course, email: str) -> Subscriber | None:
    return session.scalar(
        select(Subscriber).where(
            Subscriber.course_id == course.id,
            Subscriber.email_key == email_key(email),
            Subscriber.opening_id.is_(None),
        )
    )


def _asks_again(session: Session, subscriber: Subscriber, now: datetime) -> bool:
    """Is another confirmation mail due; of two sessions that ask at this moment only one hears yes."""
    asked = session.execute(
        update(Subscriber)
        .where(
            Subscriber.id == subscriber.id,
            Subscriber.confirmed_at.is_(None) | Subscriber.left_at.is_not(None),
            Subscriber.asked_at <= now - CONFIRMATION_EVERY,
        )
        .values(asked_at=now)
    )
    session.refresh(subscriber)
    return bool(asked.rowcount == 1)  # type: ignore[attr-defined]
