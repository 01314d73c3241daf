"""What is typed is kept at every pause, long before it is saved; and who else is there."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..letters import drafting
from ..letters.drafting import Draft
from ..letters.models import Letter
from . import history
from .models import Typed

HERE = timedelta(seconds=45)
"""Somebody whose window said nothing for longer is not there any more."""


@dataclass(frozen=True)
class Window:
    """Where a text comes from: one window of a browser, and what it knew."""

    sitting: str = ""
    seq: int = 0
    """How many changes it has made."""
    base_id: int = 0
    """The version that its text began from."""
    count: int = 0
    """The `Typed.count` that it knew."""


def begin(session: Session, draft: Draft, window: Window, *, by: Person, now: datetime) -> Letter:
    """A new letter of what was typed so far; the same window begins one letter, however often it asks."""
    begun = select(Typed).where(Typed.begun_as == window.sitting, Typed.person_id == by.id)
    try:
        with session.begin_nested():
            typed = session.scalar(begun)
            if typed is None:
                texts = {name: getattr(draft, name) for name in history.TEXTS}  # what it belongs to comes with a save
                letter = drafting.new(session, Draft(**texts, language=draft.language), now=now, by_id=by.id)
                typed = Typed(letter_id=letter.id, person_id=by.id, begun_as=window.sitting, seen_at=now)
                session.add(typed)
    except IntegrityError:  # the same request, at the same moment
        typed = session.scalars(begun).one()
    return session.get_one(Letter, typed.letter_id)


def keep(session: Session, letter: Letter, draft: Draft, window: Window, *, by: Person, now: datetime) -> Typed:
    """Keep what a window holds.

    What another window of the same person had typed meanwhile is put aside in the history, so that neither is lost; a
    request that comes later than a newer one of its window changes nothing.
    """
    row = _row(session, letter, by, now)
    mine = row.sitting == window.sitting
    if mine and row.seq >= window.seq and row.content is not None:
        return row
    if not mine and row.count != window.count:
        put_aside(session, letter, row, by=by, now=now, unless=draft)
    row.content, row.base_id = history.packed(draft), window.base_id
    row.sitting, row.seq, row.count = window.sitting, window.seq, row.count + 1
    row.typed_at = row.seen_at = now
    session.flush()
    return row


def look_in(session: Session, letter: Letter, *, by: Person, now: datetime) -> Typed:
    """This person has the letter open."""
    row = _row(session, letter, by, now)
    row.seen_at = now
    session.flush()
    return row


def company(session: Session, letter: Letter, *, but: Person, now: datetime) -> list[Typed]:
    """Who else has the letter open, those who typed last first."""
    here = select(Typed).where(Typed.letter_id == letter.id, Typed.person_id != but.id, Typed.seen_at > now - HERE)
    return sorted(session.scalars(here), key=lambda row: row.typed_at or row.seen_at, reverse=True)


def saved(
    session: Session, letter: Letter, draft: Draft, window: Window, base_id: int, *, by: Person, now: datetime
) -> None:
    """All that this window typed is in the version `base_id`; what another window typed meanwhile is put aside."""
    row = _row(session, letter, by, now)
    if row.sitting != window.sitting and row.count != window.count:
        put_aside(session, letter, row, by=by, now=now, unless=draft)
    row.content, row.base_id = None, base_id
    row.sitting, row.seq, row.count = window.sitting, window.seq, row.count + 1
    row.seen_at = now
    session.flush()


def throw_away(session: Session, letter: Letter, *, by: Person, now: datetime) -> None:
    """Go on with the letter as it is saved. What was typed is in the history, aside."""
    row = _row(session, letter, by, now)
    text, base_id = history.working(session, letter, now)
    put_aside(session, letter, row, by=by, now=now, unless=text)
    row.content, row.base_id, row.count = None, base_id, row.count + 1
    row.sitting, row.seq = "", 0
    session.flush()


def put_aside(session: Session, letter: Letter, row: Typed, *, by: Person, now: datetime, unless: Draft) -> None:
    """Keep in the history what is typed and would go, unless it says the same as another text."""
    if row.content is None or history.unpacked(row.content) == unless:
        return
    session.refresh(letter, with_for_update={"of": Letter})  # the numbers of versions are given one after the other
    history.add(
        session, letter, history.unpacked(row.content), kind="aside", by_id=by.id, now=row.typed_at or now, put=False
    )


def _row(session: Session, letter: Letter, by: Person, now: datetime) -> Typed:
    """This person's row, held until the transaction ends."""
    held = select(Typed).where(Typed.letter_id == letter.id, Typed.person_id == by.id)
    held = held.with_for_update(of=Typed).execution_options(populate_existing=True)
    row = session.scalar(held)
    if row is not None:
        return row
    try:
        with session.begin_nested():
            row = Typed(letter_id=letter.id, person_id=by.id, count=0, base_id=0, sitting="", seq=0, seen_at=now)
            session.add(row)
    except IntegrityError:  # another window of this person was first
        return session.scalars(held).one()
    return row
