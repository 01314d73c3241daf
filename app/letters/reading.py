"""What a reader finds: the newest letters, one letter, the archive, a letter's neighbours. All built on `live(now)`."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, Select, bindparam, func, select
from sqlalchemy.orm import Session

from ..db import UTCDateTime
from .models import Adviser, Letter, Likeness, Related, Rubric, Selected, Selection, Topic, letter_topics
from .publishing import BRIEF, NOW, live

RECENT = 8
"""Letters that the home page names below the newest one."""
PER_PAGE = 50
"""Letters on one page of a long list."""


def newest(session: Session, now: datetime, limit: int = RECENT + 1) -> list[Letter]:
    """The newest letters, newest first, whole."""
    return list(session.scalars(live(now).order_by(Letter.publish_at.desc(), Letter.id.desc()).limit(limit)))


def recent(session: Session, now: datetime, *, limit: int = RECENT, but: Letter | None = None) -> list[Letter]:
    """The newest letters, newest first, in brief."""
    query = live(now).options(*BRIEF).order_by(Letter.publish_at.desc(), Letter.id.desc()).limit(limit)
    return list(session.scalars(query if but is None else query.where(Letter.id != but.id)))


_BY_NAME = live(NOW).where(Letter.name == bindparam("name"))


def by_name(session: Session, name: str, now: datetime) -> Letter | None:
    """The letter with this name, if readers may see it."""
    return session.scalar(_BY_NAME, {"now": now, "name": name})


def in_year(session: Session, year: int, now: datetime) -> list[Letter]:
    """A year's letters, newest first. A letter's year is the one that its name begins with."""
    return list(
        session.scalars(
            live(now).options(*BRIEF).where(Letter.name.startswith(f"{year:04d}-")).order_by(Letter.publish_at.desc())
        )
    )


def years(session: Session, now: datetime) -> list[tuple[int, int]]:
    """(year, number of letters), newest year first."""
    year = func.substr(Letter.name, 1, 4)
    rows = session.execute(live(now).with_only_columns(year, func.count()).group_by(year).order_by(year.desc()))
    return [(int(y), n) for y, n in rows]


def topics(session: Session, now: datetime) -> list[tuple[Topic, int]]:
    """(topic, number of its letters) for topics with letters, by name."""
    rows = session.execute(
        select(Topic, func.count())
        .join(letter_topics)
        .join(Letter, Letter.id == letter_topics.c.letter_id)
        .where(Letter.ready, Letter.publish_at <= now)
        .group_by(Topic.id)
        .order_by(Topic.name)
    )
    return [(topic, number) for topic, number in rows]


def paged(session: Session, letters: Select[Letter], page: int) -> tuple[list[Letter], bool]:
    """(a page of the letters in brief, newest first; whether there is another page behind it). The first page is 1."""
    query = letters.options(*BRIEF).order_by(Letter.publish_at.desc(), Letter.id.desc())
    found = list(session.scalars(query.limit(PER_PAGE + 1).offset((page - 1) * PER_PAGE)))
    return found[:PER_PAGE], len(found) > PER_PAGE


def on_topic(topic: Topic, now: datetime) -> Select[Letter]:
    """A topic's letters."""
    return live(now).where(Letter.topics.contains(topic))


def in_rubric(rubric: Rubric, now: datetime) -> Select[Letter]:
    """A rubric's letters."""
    return live(now).where(Letter.rubric_id == rubric.id)


def by_adviser(adviser: Adviser, now: datetime) -> Select[Letter]:
    """An adviser's letters."""
    return live(now).where(Letter.adviser_id == adviser.id)


def selected(session: Session, selection: Selection, now: datetime) -> list[Letter]:
    """A selection's letters in brief, in the editor's order."""
    query = live(now).options(*BRIEF).join(Selected, Selected.letter_id == Letter.id)
    return list(session.scalars(query.where(Selected.selection_id == selection.id).order_by(Selected.position)))


def selections(session: Session, now: datetime) -> list[tuple[Selection, int]]:
    """(selection, number of its letters) for selections of which readers may see a letter, the newest first."""
    rows = session.execute(
        select(Selection, func.count())
        .join(Selected, Selected.selection_id == Selection.id)
        .join(Letter, Letter.id == Selected.letter_id)
        .where(Letter.ready, Letter.publish_at <= now)
        .group_by(Selection.id)
        .order_by(Selection.id.desc())
    )
    return [(selection, number) for selection, number in rows]


def advisers(session: Session, now: datetime) -> list[tuple[Adviser, int]]:
    """(adviser, number of letters) for advisers with letters, by name."""
    rows = session.execute(
        select(Adviser, func.count())
        .join(Letter, Letter.adviser_id == Adviser.id)
        .where(Letter.ready, Letter.publish_at <= now)
        .group_by(Adviser.id)
        .order_by(Adviser.name)
    )
    return [(adviser, number) for adviser, number in rows]


_HERE = (Letter.publish_at, Letter.id)
_AT, _ID = bindparam("at", type_=UTCDateTime()), bindparam("id", type_=Integer)
_EARLIER = (Letter.publish_at < _AT) | ((Letter.publish_at == _AT) & (Letter.id < _ID))
_BESIDE = live(NOW).options(*BRIEF).limit(1)
_BEFORE = _BESIDE.where(_EARLIER).order_by(*(column.desc() for column in _HERE))
_AFTER = _BESIDE.where(~_EARLIER, Letter.id != _ID).order_by(*_HERE)


def neighbours(session: Session, letter: Letter, now: datetime) -> tuple[Letter | None, Letter | None]:
    """The letter before and the letter after, by the moment they went out."""
    place = {"now": now, "at": letter.publish_at, "id": letter.id}
    return session.scalar(_BEFORE, place), session.scalar(_AFTER, place)


_NEXT = live(NOW).options(*BRIEF).limit(bindparam("limit", type_=Integer))
_CHOSEN = _NEXT.join(Related, Related.related_id == Letter.id).where(Related.letter_id == _ID)
_CHOSEN = _CHOSEN.order_by(Related.position, Letter.id.desc())
_ALIKE = _NEXT.join(Likeness, Likeness.other_id == Letter.id).where(Likeness.letter_id == _ID)
_ALIKE = _ALIKE.order_by(Likeness.weight.desc(), Letter.id.desc())


def related(session: Session, letter: Letter, now: datetime, limit: int = 4) -> list[Letter]:
    """Letters to read next: the editor's own, in the editor's order, then those that are most like this one."""
    asked = {"now": now, "id": letter.id}
    chosen = list(session.scalars(_CHOSEN, asked | {"limit": limit}))
    if len(chosen) < limit:
        alike = session.scalars(_ALIKE, asked | {"limit": limit + len(chosen)})
        chosen += [other for other in alike if other not in chosen]
    return chosen[:limit]


def local_day(letter: Letter) -> datetime:
    """The letter's own wall time: what is printed as its date."""
    if letter.slot_at is not None:
        return letter.slot_at
    moment = letter.publish_at or letter.updated_at
    return moment.astimezone(ZoneInfo(letter.slot_zone) if letter.slot_zone else UTC)
