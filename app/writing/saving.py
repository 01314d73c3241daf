"""Saving a letter: nobody's text is overwritten, and nobody is in conflict with oneself."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..letters import drafting
from ..letters.drafting import Draft
from ..letters.models import Letter
from . import history, keeping
from .keeping import Window
from .models import Version


@dataclass(frozen=True)
class Saved:
    """A letter was saved."""

    version: Version
    waits: bool = False
    """The letter is out: this is a change that readers get when an editor publishes it."""
    with_others: list[Version] = field(default_factory=list)
    """Versions of others since this text began, whose changes are in it because they changed other fields."""


@dataclass(frozen=True)
class Conflict:
    """Another editor saved the same parts meanwhile. Nothing was overwritten, and both texts are kept."""

    theirs: Version
    draft: Draft
    """Mine, with what others changed in parts that I did not touch."""
    parts: set[str]
    """The fields that both changed."""


def save(
    session: Session, letter: Letter, draft: Draft, window: Window, *, by: Person, now: datetime
) -> Saved | Conflict:
    """Save what the form of a window held.

    A field that only one side changed since the window's text began is taken from that side. What another person
    changed in the same field is a Conflict: this text is kept as typed, with theirs as its new base, and aside in the
    history; saving once more puts it over theirs, which stays in the history. Against oneself the later text stands.

    Raises SlotTaken when the draft's rubric has another letter at this one's moment.
    """
    session.refresh(letter, with_for_update={"of": Letter})
    newest = history.begin(session, letter, now)
    draft = _normal(letter, draft)
    since, base = _since(session, letter, window.base_id)
    stands = history.draft(newest)
    theirs = [version for version in since if version.by_id != by.id]
    if since and base is not None:
        mine = history.changed_fields(base, draft)
        both = mine & history.changed_fields(base, stands) & history.changed_fields(draft, stands)
        draft = replace(draft, **{name: getattr(stands, name) for name in vars(draft) if name not in mine})
        if theirs and both & _changed_by(theirs, since, base):
            return _kept_apart(session, letter, draft, window, newest, both, by=by, now=now)
    return _put(session, letter, draft, window, theirs, by=by, now=now)


def restore(session: Session, letter: Letter, version: Version, *, by: Person, now: datetime) -> Saved:
    """Bring back a version, as a new one; what this person has typed and not saved is put aside.

    Raises Erased, and SlotTaken when the version's rubric has another letter at this one's moment.
    """
    session.refresh(letter, with_for_update={"of": Letter})
    draft = history.draft(version)
    history.begin(session, letter, now)
    return _put(session, letter, draft, Window(), [], by=by, now=now, restored_from=version.number)


def _since(session: Session, letter: Letter, base_id: int) -> tuple[list[Version], Draft | None]:
    """(versions after the one that a window began from, what that one holds); the first one if there was none then."""
    line = select(Version).where(Version.letter_id == letter.id, Version.kind != "aside").order_by(Version.id)
    versions = list(session.scalars(line))
    base = next((version for version in versions if version.id == base_id), versions[0])
    since = [version for version in versions if version.id > base.id]
    return since, None if base.erased_at is not None else history.draft(base)


def _changed_by(theirs: Iterable[Version], since: list[Version], base: Draft) -> set[str]:
    """The fields that others changed, step by step since `base`."""
    changed: set[str] = set()
    before, others = base, {version.id for version in theirs}
    for version in since:
        if version.erased_at is not None:
            continue
        after = history.draft(version)
        if version.id in others:
            changed |= history.changed_fields(before, after)
        before = after
    return changed


def _kept_apart(
    session: Session,
    letter: Letter,
    draft: Draft,
    window: Window,
    theirs: Version,
    parts: set[str],
    *,
    by: Person,
    now: datetime,
) -> Conflict:
    keeping.saved(session, letter, draft, window, theirs.id, by=by, now=now)
    history.add(session, letter, draft, kind="aside", by_id=by.id, now=now, put=False)
    row = history.of_person(session, letter, by)
    assert row is not None  # keeping.saved
    row.content, row.typed_at = history.packed(draft), now
    session.flush()
    return Conflict(theirs, draft, parts)


def _put(
    session: Session,
    letter: Letter,
    draft: Draft,
    window: Window,
    theirs: list[Version],
    *,
    by: Person,
    now: datetime,
    restored_from: int | None = None,
) -> Saved:
    waits = letter.is_live(now)
    if not waits:
        drafting.save(session, letter, draft, version=letter.version, now=now)
    version = history.add(
        session,
        letter,
        draft,
        kind="saved" if restored_from is None else "restored",
        by_id=by.id,
        now=now,
        put=not waits,
        html=drafting.rendered(draft) if waits else {p: getattr(letter, f"{p}_html") for p in drafting.PARTS},
        restored_from=restored_from,
    )
    keeping.saved(session, letter, draft, window, version.id, by=by, now=now)
    return Saved(version, waits, theirs)


def _normal(letter: Letter, draft: Draft) -> Draft:
    """The draft as `drafting.draft_of` gives it back, so that what says the same is equal."""
    related = [one for one in dict.fromkeys(draft.related_ids) if one != letter.id]
    return replace(draft, topic_ids=sorted(draft.topic_ids), related_ids=related)
