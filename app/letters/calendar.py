"""The weeks ahead: which letter goes out when, which slots are free, and moving a letter to another one."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import publishing
from .drafting import rubrics
from .fridays import Slot, slots
from .models import Letter, Rubric

WEEKS = 12
"""So many are shown."""
TRAY = 100
"""Drafts that wait for their Friday, at most."""


@dataclass(frozen=True)
class Place:
    """A moment at which a letter goes out, or could."""

    slot: Slot
    rubric: Rubric | None
    letter: Letter | None
    in_turn: bool
    """False: it is no slot of the letter's rubric; somebody put it there on purpose."""


def weeks(session: Session, *, now: datetime, number: int = WEEKS) -> list[tuple[date, list[Place]]]:
    """[(Monday, what goes out in that week and what is free)], soonest first; a week without any place is left out."""
    found: dict[date, list[Place]] = defaultdict(list)
    for place in sorted(_places(session, now, now + timedelta(weeks=number)), key=lambda place: place.slot.moment):
        day = place.slot.day
        found[day - timedelta(days=day.weekday())].append(place)
    return sorted(found.items())


def _places(session: Session, now: datetime, until: datetime) -> Iterator[Place]:
    future = select(Letter).where(Letter.ready, Letter.publish_at > now)
    to_come = {(letter.rubric_id, letter.publish_at): letter for letter in session.scalars(future)}
    for rubric in rubrics(session):
        rule = slots(rubric.weekday, rubric.time, rubric.zone, after=now)
        for slot in takewhile(lambda slot: slot.moment <= until, rule):
            yield Place(slot, rubric, to_come.pop((rubric.id, slot.moment), None), in_turn=True)
    for letter in to_come.values():
        assert letter.slot_at is not None and letter.slot_zone is not None  # slot_and_moment  # noqa: PT018
        yield Place(Slot(letter.slot_at, letter.slot_zone), letter.rubric, letter, in_turn=False)


def next_free(session: Session, *, now: datetime) -> Place | None:
    """The first slot of any rubric that no letter has; None without rubrics."""
    free = (
        Place(publishing.free_slots(session, rubric, now=now, number=1)[0], rubric, None, in_turn=True)
        for rubric in rubrics(session)
    )
    return min(free, key=lambda place: place.slot.moment, default=None)


def empty_soon(session: Session, *, days: int, now: datetime) -> list[Place]:
    """Slots of the coming days that no letter has, soonest first."""
    places = (place for place in _places(session, now, now + timedelta(days=days)) if place.letter is None)
    return sorted(places, key=lambda place: place.slot.moment)


def waiting(session: Session) -> list[Letter]:
    """Drafts that have no moment yet, the last touched first."""
    drafts = select(Letter).where(~Letter.ready).order_by(Letter.updated_at.desc(), Letter.id.desc()).limit(TRAY)
    return list(session.scalars(drafts))


def to_place(session: Session, *, now: datetime) -> list[Letter]:
    """Letters that can be put into a slot: those that wait, then those that have another one."""
    scheduled = select(Letter).where(Letter.ready, Letter.publish_at > now).order_by(Letter.publish_at)
    return [*waiting(session), *session.scalars(scheduled)]


def place(session: Session, letter: Letter, rubric: Rubric, slot: Slot, *, now: datetime) -> None:
    """The letter is of this rubric and goes out at this slot. Raises as `publishing.schedule` does."""
    letter.rubric_id = rubric.id
    session.flush()
    publishing.schedule(session, letter, slot, now=now)
