"""The morning's summary of the queue: by mail, once a morning, to those of the desk who chose it."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..comments import figures, moderation
from ..letters import drafting
from ..mail import delivery
from ..mail.messages import Letterhead, Mail
from ..mail.models import Delivery
from .settings import settings

FIRST, LAST = time(7), time(12)
"""The morning, in the zone of the desk. After a night in which the server was down the summary comes until noon."""
MOST_COUNTED = 100_000
READERS_OF_THE_QUEUE = ("moderator", "editor")


def enlist(session: Session, *, now: datetime) -> int:
    """Make this morning's summary due to each who wants it, once; returns how many. Nothing outside the morning."""
    local = now.astimezone(ZoneInfo(drafting.home_zone(session)))
    if not FIRST <= local.time() < LAST:
        return 0
    hearing = select(Person.id).where(
        Person.hears_of_queue, Person.left_at.is_(None), Person.role.in_(READERS_OF_THE_QUEUE)
    )
    return sum(
        delivery.put(session, "summary", about_id=person, once=f"summary {local:%Y-%m-%d} to {person}", now=now)
        for person in session.scalars(hearing.order_by(Person.id)).all()
    )


def summary(session: Session, claimed: Delivery, letterhead: Letterhead) -> Mail | None:
    """How many wait, the oldest, the meter; None when nobody asks for it any more."""
    person = session.get(Person, claimed.about_id)
    if person is None or not (person.is_active and person.hears_of_queue and person.role in READERS_OF_THE_QUEUE):
        return None
    now = claimed.claimed_at or claimed.due_at
    oldest = figures.oldest_pending(session)
    return Mail(
        to=person.email,
        values={
            "number": moderation.pending_number(session, at_most=MOST_COUNTED),
            "waited": oldest and now - oldest,
            "share": figures.share(session, now),
            "target": settings(session).target_percent,
            "queue": f"{letterhead.base_url}/desk/queue",
        },
    )
