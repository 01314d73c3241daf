"""A letter that is out changes when an editor publishes the change: at once, or at a moment (promise 1).

Whether a scheduled change has come true is asked of the clock before any page is made (pages/answering.py), and pages
that are kept stand until it at the longest (publishing.next_slot_at): so no job can miss it. What makes it happen once
is a guarded UPDATE; the letter, the index of search and the likeness change in the same transaction.
"""

import json
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..letters import drafting
from ..letters.fridays import Slot
from ..letters.models import Change, Letter
from ..letters.publishing import NOW, SlotPassed
from ..refusals import Refusal
from . import history
from .models import Version

_IS_DUE = select(Change.id).where(Change.made_at.is_(None), Change.due_at <= NOW).limit(1)
"""Asked before every page that is made."""


class NothingToChange(Refusal):
    """Readers have this text already."""


class NotOutYet(Refusal):
    """The letter is not out yet: what is saved of it comes out with it."""


def publish(session: Session, letter: Letter, version: Version, zone: str, *, by: Person, now: datetime) -> Change:
    """Readers get this version from now on. Raises NotOutYet, NothingToChange, Erased."""
    local = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    change = _wait_for(session, letter, version, Slot(local, zone), by=by, now=now)
    change.due_at = now  # also in the hour that comes twice
    session.flush()
    _make(session, change, now=now)
    return change


def schedule(session: Session, letter: Letter, version: Version, slot: Slot, *, by: Person, now: datetime) -> Change:
    """Readers get this version from that moment on, instead of another one that waited.

    Raises SlotPassed, NotOutYet, NothingToChange, Erased.
    """
    if slot.moment <= now:
        raise SlotPassed
    return _wait_for(session, letter, version, slot, by=by, now=now)


def withhold(session: Session, letter: Letter) -> bool:
    """The change that waited does not come out by itself; its version stays. Was there one."""
    gone = delete(Change).where(Change.letter_id == letter.id, Change.made_at.is_(None))
    return bool(session.execute(gone).rowcount)  # type: ignore[attr-defined]


def waiting(session: Session, letter: Letter) -> Change | None:
    """The change of a letter that waits for its moment."""
    return session.scalar(select(Change).where(Change.letter_id == letter.id, Change.made_at.is_(None)))


def is_any_due(session: Session, now: datetime) -> bool:
    """Has a change's moment come that is not made yet."""
    return session.scalar(_IS_DUE, {"now": now}) is not None


def due(session: Session, now: datetime) -> list[int]:
    """The changes whose moment has come and that are not made yet, the earliest first."""
    waiting = select(Change.id).where(Change.made_at.is_(None), Change.due_at <= now)
    return list(session.scalars(waiting.order_by(Change.due_at, Change.id)))


def make(session: Session, change_id: int, *, now: datetime) -> bool:
    """Make one of them: the letter says what its version says. Once, whoever else is at it: False for the others."""
    return _make(session, session.get_one(Change, change_id), now=now)


def follow_zones(session: Session, *, now: datetime) -> None:
    """Changes to come keep their wall time when a government moves its clocks, as letters do."""
    coming = select(Change).where(Change.made_at.is_(None), Change.due_at > now)
    for change in session.scalars(coming):
        moment = Slot(change.slot_at, change.slot_zone).moment
        if moment != change.due_at and moment > now:
            change.due_at = moment
    session.flush()


def _wait_for(session: Session, letter: Letter, version: Version, slot: Slot, *, by: Person, now: datetime) -> Change:
    session.refresh(letter, with_for_update={"of": Letter})
    if not letter.is_live(now):
        raise NotOutYet
    if history.draft(version) == drafting.draft_of(session, letter):
        raise NothingToChange
    withhold(session, letter)
    change = Change(
        letter_id=letter.id,
        version_id=version.id,
        slot_at=slot.local,
        slot_zone=slot.zone,
        due_at=slot.moment,
        by_id=by.id,
    )
    session.add(change)
    session.flush()
    return change


def _make(session: Session, change: Change, *, now: datetime) -> bool:
    """The letter says what its version says; once, whoever else is at it."""
    made = update(Change).where(Change.id == change.id, Change.made_at.is_(None)).values(made_at=now)
    if session.execute(made.execution_options(synchronize_session=False)).rowcount != 1:  # type: ignore[attr-defined]
        return False
    letter = session.get_one(Letter, change.letter_id)
    session.refresh(letter, with_for_update={"of": Letter})
    version = session.get_one(Version, change.version_id)
    draft = history.draft(version)
    if _is_taken(session, letter, draft.rubric_id):
        draft = replace(draft, rubric_id=letter.rubric_id)  # the other rubric got a letter at that moment meanwhile
    html = json.loads(version.html) if version.html else None
    drafting.fill(session, letter, draft, now=change.due_at, html=html)
    session.flush()
    drafting.relate(session, letter, draft.related_ids)
    if version.put_at is None:
        version.put_at = change.due_at
    session.flush()
    return True


def _is_taken(session: Session, letter: Letter, rubric_id: int | None) -> bool:
    if rubric_id is None or rubric_id == letter.rubric_id:
        return False
    other = select(Letter.id).where(Letter.rubric_id == rubric_id, Letter.publish_at == letter.publish_at)
    return session.scalar(other.where(Letter.id != letter.id)) is not None
