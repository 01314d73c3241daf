"""The waitlist of a course: an address comes in, is confirmed by its owner, waits for one notice, may leave."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, String, cast, delete, func, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..accounts.people import email_key
from ..mail import delivery
from ..mail.models import AWAITED, Delivery
from ..refusals import Refusal
from . import tallies
from .models import LEFT_WHY, Course, LeftWhy, Opening, Subscriber, next_opening_of

CONFIRMATION_EVERY = timedelta(hours=1)
"""An address gets at most one confirmation mail of a course in this time, whoever types it into the form."""
REST_AFTER_BOUNCE = timedelta(days=1)
"""An address whose mailbox refused us gets no other confirmation mail in this time."""
BOUNCE_WINDOW = timedelta(days=30)
"""How long an address is kept after its notice: mails that come back come back in this time."""
COMPLAINT_KEPT = BOUNCE_WINDOW
"""How long it is kept that an address called our mail spam, so that nobody makes us write there again at once."""


class EnrolmentIsOpen(Refusal):
    """Enrolment is open already: there is nothing to wait for."""


class LinkIsStale(Refusal):
    """This link is no longer good. Leave your address again, and we will send a new one."""


def ask(session: Session, course: Course, email: str, *, now: datetime) -> Subscriber:
    """Somebody left an address at the form: it waits from its confirmation on, and a confirmation mail is due.

    The same answer for a new address, a waiting and a confirmed one, so that the form tells nobody who is on the list.
    No mail when the address is confirmed, had one within CONFIRMATION_EVERY, complained, or its mailbox has had enough
    (tallies.may_be_mailed). Raises EnrolmentIsOpen.
    """
    if open_one(session, course) is not None:
        raise EnrolmentIsOpen
    return _asked(session, course, email, now=now)


def _asked(session: Session, course: Course, email: str, *, now: datetime) -> Subscriber:
    subscriber = waiting(session, course, email)
    if subscriber is None:
        subscriber = new(course, email, now=now)
        try:
            with session.begin_nested():
                session.add(subscriber)
        except IntegrityError:  # the same address from another session at this moment: that one sends the mail
            found = waiting(session, course, email)
            assert found is not None
            return found
        _asks_again(session, subscriber, now)  # no; asked so that a new address takes as long as a known one
        put_confirmation(session, subscriber, now=now)
    elif _asks_again(session, subscriber, now):
        if subscriber.left_at is not None:  # they left and come again: they confirm again
            _come_back(subscriber)
        put_confirmation(session, subscriber, now=now)
    else:
        _rehearse(session, course, email, now=now)
    session.flush()
    return subscriber


def _rehearse(session: Session, course: Course, email: str, *, now: datetime) -> None:
    """Do what a new address causes for one that nobody has, and take it back: a known one is not told by its speed."""
    nobody = new(course, f"{secrets.token_hex(8)}@{email.rpartition('@')[2]}", now=now)
    rehearsal = session.begin_nested()
    session.add(nobody)
    session.flush()
    put_confirmation(session, nobody, now=now)
    rehearsal.rollback()


def new(course: Course, email: str, *, now: datetime) -> Subscriber:
    """A subscriber who has not confirmed yet; the caller adds it."""
    return Subscriber(
        course_id=course.id,
        opening_number=next_opening_of(course.id).scalar_subquery(),
        email=email.strip(),
        email_key=email_key(email),
        confirm_token=secrets.token_urlsafe(32),
        leave_token=secrets.token_urlsafe(32),
        asked_at=now,
    )


def put_confirmation(session: Session, subscriber: Subscriber, *, now: datetime) -> bool:
    """The confirmation mail is due; False when the address complained or its mailbox has had enough of them."""
    if _complained(session, subscriber.email_key) or not tallies.may_be_mailed(session, subscriber.email, now=now):
        return False
    delivery.put(session, "confirmation", subscriber_id=subscriber.id, urgency=AWAITED, now=now)
    return True


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


def told_by_leave_token(session: Session, token: str) -> Subscriber:
    """Who got a notice with this link, and has not left. Raises LinkIsStale."""
    found = known_by_leave_token(session, token)
    if not found.is_told or found.left_at is not None:
        raise LinkIsStale
    return found


def known_by_leave_token(session: Session, token: str) -> Subscriber:
    """Whose link this is, as long as we have the address. Raises LinkIsStale."""
    found = by_leave_token(session, token)
    if not found.email:
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


def wait_again(session: Session, told: Subscriber, *, now: datetime) -> Subscriber:
    """Who got a notice pressed "tell me about the next one too" in it: they wait again, and need not confirm again.

    A second press changes nothing. Raises LinkIsStale when they left, were forgotten, or wait for their notice still.
    """
    if told.left_at is not None or not told.email or not told.is_told:
        raise LinkIsStale
    again = waiting(session, told.course, told.email)
    if again is None:
        again = new(told.course, told.email, now=now)
        again.confirmed_at = now
        try:
            with session.begin_nested():
                session.add(again)
        except IntegrityError:  # pressed twice at this moment
            found = waiting(session, told.course, told.email)
            assert found is not None
            again = found
    if again.left_at is not None:
        _come_back(again)
    again.confirmed_at = again.confirmed_at or now
    session.flush()
    return again


def waits_again(session: Session, told: Subscriber) -> Subscriber | None:
    """Who got a notice as they wait for the course's next opening already; None if they do not."""
    again = waiting(session, told.course, told.email)
    return again if again is not None and again.left_at is None and again.confirmed_at is not None else None


def leave(session: Session, subscriber: Subscriber, *, now: datetime) -> None:
    """Nothing is ever mailed to this subscriber again, nor to the same address that waits for the course's next time.

    A second time changes nothing.
    """
    same = (Subscriber.course_id == subscriber.course_id) & (Subscriber.email_key == subscriber.email_key)
    _end(session, same | (Subscriber.id == subscriber.id), "asked", now=now)
    session.refresh(subscriber)


def end_address(session: Session, key: str, why: LeftWhy, *, now: datetime) -> int:
    """The address takes no mail of ours, or wants none: it waits for no course any more. Returns how many ended."""
    return _end(session, Subscriber.email_key == key, why, now=now)


def _end(session: Session, who: ColumnElement[bool], why: LeftWhy, *, now: datetime) -> int:
    ended = session.execute(
        update(Subscriber)
        .where(who, Subscriber.left_at.is_(None))
        .values(left_at=now, left_why=why)
        .execution_options(synchronize_session="fetch")
    )
    session.execute(
        update(Delivery)
        .where(Delivery.subscriber_id.in_(select(Subscriber.id).where(who)), Delivery.state == "waiting")
        .values(state="dropped", finished_at=now)
        .execution_options(synchronize_session="fetch")
    )
    return int(ended.rowcount)  # type: ignore[attr-defined]


def _come_back(subscriber: Subscriber) -> None:
    subscriber.left_at = subscriber.left_why = subscriber.confirmed_at = None
    subscriber.consent, subscriber.confirm_token = "", secrets.token_urlsafe(32)


def open_one(session: Session, course: Course) -> Opening | None:
    """The course's opening while enrolment is open."""
    return session.scalar(select(Opening).where(Opening.course_id == course.id, Opening.closed_at.is_(None)))


def numbers(session: Session, course: Course) -> dict[str, int]:
    """{"confirmed", "unconfirmed"} wait for the next opening; {"left", "bounced", "complained"} ever did so."""
    still = Subscriber.left_at.is_(None) & (Subscriber.opening_number == course.next_opening)
    found = session.execute(
        select(
            func.count().filter(still, Subscriber.confirmed_at.is_not(None)),
            func.count().filter(still, Subscriber.confirmed_at.is_(None)),
            *(func.count().filter(Subscriber.left_why == why) for why in LEFT_WHY),
        ).where(Subscriber.course_id == course.id)
    ).one()
    return dict(zip(("confirmed", "unconfirmed", "left", "bounced", "complained"), found, strict=True))


def erase_expired(session: Session, *, days: int, now: datetime) -> int:
    """Forget addresses never confirmed, and those that left, so many days ago, and those told long ago (promise 9).

    Who never confirmed is deleted; the others keep a row without the address, so that the figures of the course stay
    true and nothing is ever sent there again. Returns how many.
    """
    before = now - timedelta(days=days)
    unconfirmed = Subscriber.confirmed_at.is_(None) & (Subscriber.asked_at <= before)
    complained = (Subscriber.left_why == "complained") & (Subscriber.left_at > now - COMPLAINT_KEPT)
    has_left = (Subscriber.left_at <= before) & ~Subscriber.is_told
    settled = select(Delivery.subscriber_id).where(
        Delivery.kind == "notice",
        Delivery.state.not_in(["waiting", "sending"]),
        func.coalesce(Delivery.finished_at, Delivery.due_at) <= now - BOUNCE_WINDOW,
    )
    gone = _delete(session, unconfirmed & ~func.coalesce(complained, False))
    return gone + _forget(session, (has_left | Subscriber.id.in_(settled)) & ~func.coalesce(complained, False))


def erase_by(session: Session, email: str, *, now: datetime) -> int:
    """Erase a person's address from every waitlist, at once. Returns how many rows had it."""
    key = email_key(email)
    erased = _delete(session, (Subscriber.email_key == key) & Subscriber.confirmed_at.is_(None))
    end_address(session, key, "asked", now=now)
    tallies.forget_mailbox(session, email)
    return erased + _forget(session, Subscriber.email_key == key)


def _delete(session: Session, who: ColumnElement[bool]) -> int:
    """Delete subscribers of whom nothing needs to be known, with their mails."""
    ids = select(Subscriber.id).where(who)
    session.execute(
        delete(Delivery).where(Delivery.subscriber_id.in_(ids)).execution_options(synchronize_session="fetch")
    )
    gone = session.execute(delete(Subscriber).where(who).execution_options(synchronize_session="fetch"))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _forget(session: Session, who: ColumnElement[bool]) -> int:
    """Take the address out of rows that stay, and out of what servers answered about it."""
    there = who & (Subscriber.email != "")
    session.execute(
        update(Delivery)
        .where(Delivery.subscriber_id.in_(select(Subscriber.id).where(there)))
        .values(reply="")
        .execution_options(synchronize_session="fetch")
    )
    forgotten = session.execute(
        update(Subscriber)
        .where(there)
        .values(email="", email_key=literal("erased ") + cast(Subscriber.id, String), consent="")
        .execution_options(synchronize_session="fetch")
    )
    return int(forgotten.rowcount)  # type: ignore[attr-defined]


def waiting(session: Session, course: Course, email: str) -> Subscriber | None:
    """The row of this address for the course's next opening, if there is one: confirmed, not yet, or left."""
    return session.scalar(
        select(Subscriber).where(
            Subscriber.course_id == course.id,
            Subscriber.email_key == email_key(email),
            ~Subscriber.is_told,
        )
    )


def _complained(session: Session, key: str) -> bool:
    complaint = select(Subscriber.id).where(Subscriber.email_key == key, Subscriber.left_why == "complained")
    return session.scalar(complaint.limit(1)) is not None


def _asks_again(session: Session, subscriber: Subscriber, now: datetime) -> bool:
    """Is another confirmation mail due; of two sessions that ask at this moment only one hears yes."""
    asked = session.execute(
        update(Subscriber)
        .where(
            Subscriber.id == subscriber.id,
            Subscriber.confirmed_at.is_(None) | Subscriber.left_at.is_not(None),
            Subscriber.asked_at <= now - CONFIRMATION_EVERY,
            func.coalesce(Subscriber.left_why, "asked") != "complained",
            (func.coalesce(Subscriber.left_why, "asked") != "bounced")
            | (Subscriber.left_at <= now - REST_AFTER_BOUNCE),
        )
        .values(asked_at=now)
    )
    session.refresh(subscriber)
    return bool(asked.rowcount == 1)  # type: ignore[attr-defined]
