"""An empty Friday is announced some days before, by mail to those of the desk who want it."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..letters import calendar
from ..mail import delivery
from ..mail.messages import Letterhead, Mail
from ..mail.models import Delivery
from .settings import settings


def enlist(session: Session, *, now: datetime) -> int:
    """Make a mail due to each who wants it, once for each slot that will be empty; returns how many."""
    hearing = select(Person.id).where(
        Person.hears_of_empty_slots, Person.left_at.is_(None), Person.role.in_(["writer", "editor"])
    )
    people = session.scalars(hearing.order_by(Person.id)).all()
    if not people:
        return 0
    empty = calendar.empty_soon(session, days=settings(session).empty_days, now=now)
    return sum(
        delivery.put(session, "empty_slot", about_id=person, once=_once(place, person), now=now)
        for place in empty
        for person in people
    )


def _once(place: calendar.Place, person: int) -> str:
    return f"empty {place.rubric.id if place.rubric else 0} {place.slot.moment:%Y-%m-%dT%H:%MZ} to {person}"


def empty_slot(session: Session, claimed: Delivery, letterhead: Letterhead) -> Mail | None:
    """The mail about all slots that are still empty when it leaves; None when they are filled, or nobody asks now."""
    person = session.get(Person, claimed.about_id)
    if person is None or not person.is_active or not person.hears_of_empty_slots:
        return None
    empty = calendar.empty_soon(session, days=settings(session).empty_days, now=claimed.claimed_at or claimed.due_at)
    if not empty:
        return None
    return Mail(to=person.email, values={"empty": empty, "calendar": f"{letterhead.base_url}/desk/calendar"})
