"""The addresses of a waitlist as a table that can be taken along: what is known of each, and how it agreed."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from ..text import tables
from .models import Course, Subscriber

AT_ONCE = 2000
"""Rows that are read at once."""
HEADINGS = ("email", "state", "asked (UTC)", "confirmed (UTC)", "left (UTC)", "told (UTC)", "consent")


def table(session: Session, course: Course) -> Iterator[str]:
    """Lines of CSV: every address of the course that is not erased, the oldest first. `importing` reads them back."""
    course_id, slug, last = course.id, course.slug, 0
    yield tables.MARK + tables.line(HEADINGS)
    while some := _some(session, course_id, last):
        last = some[-1].id
        for one in some:
            told = one.opening.opened_at if one.opening else None
            moments = (_said(moment) for moment in (one.asked_at, one.confirmed_at, one.left_at, told))
            yield tables.line((one.email, state(one), *moments, one.consent or _own_consent(one, slug)))
        session.expunge_all()


def state(one: Subscriber) -> str:
    """In one word: left, bounced, complained, told, waiting, unconfirmed."""
    if one.left_why is not None:
        return "left" if one.left_why == "asked" else one.left_why
    if one.is_told:
        return "told"
    return "waiting" if one.confirmed_at else "unconfirmed"


def _own_consent(one: Subscriber, slug: str) -> str:
    return f"confirmed by mail for {slug}, {_said(one.confirmed_at)} UTC" if one.confirmed_at else ""


def _some(session: Session, course_id: int, last: int) -> list[Subscriber]:
    query = (
        select(Subscriber)
        .where(Subscriber.course_id == course_id, Subscriber.email != "", Subscriber.id > last)
        .options(joinedload(Subscriber.opening).lazyload("*"))
        .order_by(Subscriber.id)
        .limit(AT_ONCE)
    )
    return list(session.scalars(query))


def _said(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else ""
