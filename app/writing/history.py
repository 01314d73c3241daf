"""The versions of a letter: what was saved, by whom; none is ever changed or lost."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..letters import drafting
from ..letters.drafting import Draft
from ..letters.models import Change, Letter
from ..refusals import Refusal
from ..text.differences import Piece, differences, folded
from .models import Typed, Version

PAUSE = timedelta(minutes=30)
"""Versions of one person with a shorter pause between them are one session of the history."""
TEXTS = ("title", "asker", "question", "answer", "postscript", "course_note")
"""The fields of a draft that are compared word by word, as the form has them from top to bottom."""
OTHERS = tuple(one.name for one in fields(Draft) if one.name not in TEXTS)


class Erased(Refusal):
    """The text of this version was erased, because its time was over."""


@dataclass(frozen=True)
class Sitting:
    """What one person saved in one session, the latest first."""

    versions: list[Version]

    @property
    def last(self) -> Version:
        """The version that the session ended with."""
        return self.versions[0]


def packed(draft: Draft) -> str:
    """A draft as it is kept."""
    return json.dumps(asdict(draft), ensure_ascii=False)


def unpacked(content: str) -> Draft:
    """A draft that was kept, perhaps before its form had all the fields that it has now."""
    known = {one.name for one in fields(Draft)}
    return Draft(**{"title": "", "asker": "", "language": ""} | _only(json.loads(content), known))


def _only(kept: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in kept.items() if name in names}


def draft(version: Version) -> Draft:
    """What a version holds. Raises Erased."""
    if version.erased_at is not None:
        raise Erased
    return unpacked(version.content)


def add(
    session: Session,
    letter: Letter,
    draft: Draft,
    *,
    kind: str,
    by_id: int | None,
    now: datetime,
    put: bool,
    html: dict[str, str] | None = None,
    restored_from: int | None = None,
) -> Version:
    """Keep a text of a letter, of which the caller holds the row. put: it is the letter's text from now on."""
    highest = session.scalar(select(func.max(Version.number)).where(Version.letter_id == letter.id)) or 0
    version = Version(
        letter_id=letter.id,
        number=highest + 1,
        kind=kind,
        content=packed(draft),
        html="" if html is None else json.dumps(html, ensure_ascii=False),
        by_id=by_id,
        saved_at=now,
        put_at=now if put else None,
        restored_from=restored_from,
    )
    session.add(version)
    session.flush()
    return version


def newest(session: Session, letter: Letter) -> Version | None:
    """The last of the letter's versions, whether readers have it already or not; what is aside does not count."""
    line = select(Version).where(Version.letter_id == letter.id, Version.kind != "aside")
    return session.scalar(line.order_by(Version.id.desc()).limit(1))


def change(session: Session, letter: Letter, now: datetime) -> Version | None:
    """The change of a published letter that is saved and that readers do not have yet."""
    version = newest(session, letter) if letter.is_live(now) else None
    return version if version is not None and version.put_at is None else None


def working(session: Session, letter: Letter, now: datetime) -> tuple[Draft, int]:
    """(the text to go on with, the id of its version or 0): the letter's own, or the change that waits."""
    version = newest(session, letter)
    if version is not None and version.put_at is None and letter.is_live(now):
        return draft(version), version.id
    return drafting.draft_of(session, letter), version.id if version is not None else 0


def begin(session: Session, letter: Letter, now: datetime) -> Version:
    """The newest version, after the letter's own text was made one if it is not (imports know of no history).

    The caller holds the letter's row, so that two who save at once do it one after the other.
    """
    last = newest(session, letter)
    if last is not None and last.put_at is None and letter.is_live(now):
        return last
    text = drafting.draft_of(session, letter)
    if last is not None and last.erased_at is None and unpacked(last.content) == text:
        return last
    html = {part: getattr(letter, f"{part}_html") for part in drafting.PARTS}
    by_id = letter.written_by_id if last is None else None
    moment = letter.updated_at
    return add(session, letter, text, kind="before", by_id=by_id, now=moment, put=True, html=html)


def versions(session: Session, letter: Letter) -> list[Version]:
    """All versions, the latest first."""
    return list(session.scalars(select(Version).where(Version.letter_id == letter.id).order_by(Version.id.desc())))


def by_number(session: Session, letter: Letter, number: int) -> Version | None:
    """One version of a letter."""
    return session.scalar(select(Version).where(Version.letter_id == letter.id, Version.number == number))


def sittings(versions: list[Version]) -> list[Sitting]:
    """The history in short: versions of one person without a long pause between them are one session.

    What has a name, was restored or is aside stands for itself. versions: the latest first.
    """
    found: list[list[Version]] = []
    for version in versions:
        if found and _goes_on(version, found[-1][-1]):
            found[-1].append(version)
        else:
            found.append([version])
    return [Sitting(some) for some in found]


def _goes_on(earlier: Version, later: Version) -> bool:
    plain = not (earlier.name or later.name) and earlier.kind == later.kind == "saved"
    return plain and earlier.by_id == later.by_id and later.saved_at - earlier.saved_at < PAUSE


def name(session: Session, version: Version, name: str) -> None:
    """Give a version a name, or take it off."""
    version.name = name
    session.flush()


def compared(old: Draft, new: Draft) -> list[tuple[str, list[Piece]]]:
    """(field, what changed in it) for every text that differs, from top to bottom; what stayed is folded."""
    one, other = _as_typed(old), _as_typed(new)
    return [(name, folded(differences(one[name], other[name]))) for name in TEXTS if one[name] != other[name]]


def changed_fields(old: Draft, new: Draft) -> set[str]:
    """The names of all fields in which two drafts differ."""
    one, other = _as_typed(old), _as_typed(new)
    return {name for name in one if one[name] != other[name]}


def _as_typed(draft: Draft) -> dict[str, Any]:
    """The fields as a form gives them back: spaces at the ends of lines and empty lines around a text are no change."""
    typed = asdict(draft)
    for name in TEXTS:
        typed[name] = "\n".join(line.rstrip() for line in typed[name].split("\n")).strip("\n")
    return typed


def forget(session: Session, *, days: int, now: datetime) -> int:
    """Erase the texts of versions whose letter has been out for so many days.

    Not of the newest, of named ones, and of one that is still to come out as a change.
    A question's first text names people whom the letter leaves out (promise 9). What was typed and not saved goes too.
    Returns how many versions.
    """
    old = now - timedelta(days=days)
    last = select(func.max(Version.id)).where(Version.kind != "aside").group_by(Version.letter_id)
    waits = select(Change.version_id).where(Change.made_at.is_(None))
    out = select(Letter.id).where(Letter.ready, Letter.publish_at <= old)
    erased = (
        update(Version)
        .where(Version.letter_id.in_(out), Version.id.not_in(last), Version.saved_at <= old)
        .where(Version.id.not_in(waits))
        .where(Version.name == "", Version.erased_at.is_(None))
        .values(content="", html="", erased_at=now)
        .execution_options(synchronize_session=False)
    )
    session.execute(delete(Typed).where(Typed.letter_id.in_(out), Typed.seen_at <= old))
    return int(session.execute(erased).rowcount)  # type: ignore[attr-defined]


def of_person(session: Session, letter: Letter, person: Person) -> Typed | None:
    """What this person has typed in the letter, and from which window."""
    return session.get(Typed, (letter.id, person.id))
