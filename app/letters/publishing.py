"""When a letter is seen (promise 1): a question put to the clock, never a job.

`live(now)` is the one query of what readers may see; every surface composes it.
"""

from contextlib import suppress
from datetime import datetime
from itertools import count
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, Select, bindparam, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, lazyload, load_only

from ..db import UTCDateTime
from ..refusals import Refusal
from .fridays import Slot, slots
from .models import Change, Letter, Rubric

BRIEF = (
    load_only(
        *(Letter.name, Letter.title, Letter.asker, Letter.language),
        *(Letter.slot_at, Letter.slot_zone, Letter.publish_at, Letter.updated_at),
        raiseload=True,
    ),
    lazyload("*"),
)
"""What a list says of a letter: its texts stay in the database, and asking for them there is an error."""


class SlotTaken(Refusal):
    """Another letter goes out at that moment."""


class SlotPassed(Refusal):
    """That moment has passed. Choose a later one, or publish the letter now."""


class AlreadyOut(Refusal):
    """The letter is out already: its date is its name for ever."""


class Unfinished(Refusal):
    """A letter needs its title, its asker’s name and its answer before it can go out."""


NOW = bindparam("now", type_=UTCDateTime())
"""The moment, in a query that is made once and asked for every page: to make one takes longer than to answer it."""


def live(now: datetime | BindParameter[datetime]) -> Select[Letter]:
    """All letters that readers may see at this moment, in no order. now: `NOW` where the moment is told later."""
    return select(Letter).where(Letter.ready, Letter.publish_at <= now)


def next_slot_at(session: Session, now: datetime) -> datetime | None:
    """The moment at which the next letter, or the next change of one, comes out.

    Until then no reader's page changes by the clock alone.
    """
    letter = session.scalar(select(func.min(Letter.publish_at)).where(Letter.ready, Letter.publish_at > now))
    change = session.scalar(select(func.min(Change.due_at)).where(Change.made_at.is_(None), Change.due_at > now))
    return min((moment for moment in (letter, change) if moment is not None), default=None)


def free_slots(session: Session, rubric: Rubric, *, now: datetime, number: int) -> list[Slot]:
    """The next slots of a rubric that no letter has, soonest first."""
    taken = set(
        session.scalars(select(Letter.publish_at).where(Letter.rubric_id == rubric.id, Letter.publish_at > now))
    )
    free = (s for s in slots(rubric.weekday, rubric.time, rubric.zone, after=now) if s.moment not in taken)
    return [next(free) for _ in range(number)]


def schedule(session: Session, letter: Letter, slot: Slot, *, now: datetime) -> None:
    """The letter is ready and goes out at its slot.

    Raises AlreadyOut, SlotPassed, Unfinished, or SlotTaken when the rubric has another letter at that moment.
    """
    if slot.moment <= now:
        raise SlotPassed
    _give_slot(session, letter, slot, now=now)


def publish_now(session: Session, letter: Letter, zone: str, *, now: datetime) -> None:
    """The letter is out from this moment on; its name is today's date in the zone. Raises as `schedule` does."""
    local = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    _give_slot(session, letter, Slot(local, zone), now=now)


def follow_zones(session: Session, *, now: datetime) -> list[Letter]:
    """Governments move their zones: letters to come keep their wall time, and get the moment it is now.

    Returns the letters that moved. One whose new moment is past, or another letter's, stays where it was.
    """
    moved = []
    for letter in session.scalars(select(Letter).where(Letter.ready, Letter.publish_at > now)).all():
        assert letter.slot_at is not None and letter.slot_zone is not None  # slot_and_moment  # noqa: PT018
        moment = Slot(letter.slot_at, letter.slot_zone).moment
        if now < moment != letter.publish_at:
            with suppress(IntegrityError), session.begin_nested():
                letter.publish_at = moment
                session.flush()
                moved.append(letter)
    return moved


def withhold(session: Session, letter: Letter, *, now: datetime) -> None:
    """Back to a draft without a slot. Raises AlreadyOut."""
    _as_it_stands(session, letter)
    if letter.is_live(now):
        raise AlreadyOut
    letter.ready = False
    letter.slot_at = letter.slot_zone = letter.publish_at = letter.name = None
    session.flush()


def _give_slot(session: Session, letter: Letter, slot: Slot, *, now: datetime) -> None:
    _as_it_stands(session, letter)
    if letter.is_live(now):
        raise AlreadyOut
    if not (letter.title.strip() and letter.asker.strip() and letter.answer_html):
        raise Unfinished
    taken = select(Letter.id).where(
        Letter.rubric_id == letter.rubric_id, Letter.publish_at == slot.moment, Letter.id != letter.id
    )
    if letter.rubric_id is not None and session.scalar(taken):
        raise SlotTaken
    try:
        with session.begin_nested():
            letter.slot_at, letter.slot_zone, letter.publish_at = slot.local, slot.zone, slot.moment
            letter.name = free_name(session, slot, letter)
            letter.ready = True
    except IntegrityError as error:  # another session took the slot or the name in between
        raise SlotTaken from error


def _as_it_stands(session: Session, letter: Letter) -> None:
    """What another session did to the letter since we read it counts; from here on it waits for us."""
    session.refresh(letter, with_for_update={"of": Letter})


def free_name(session: Session, slot: Slot, letter: Letter | None = None) -> str:
    """The slot's date, with -2, -3 … behind it when other letters have that name."""
    day = slot.day.isoformat()
    with session.no_autoflush:
        others = select(Letter.name).where(Letter.name.startswith(day), Letter.id != (letter.id if letter else None))
        taken = set(session.scalars(others))
    return next(name for n in count(1) if (name := day if n == 1 else f"{day}-{n}") not in taken)
