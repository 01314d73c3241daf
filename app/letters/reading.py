"""What a reader finds: the newest letters, one letter, the archive, a letter's neighbours. All built on `live(now)`."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, lazyload, load_only

from .models import Letter, Related, Rubric, Topic, letter_topics
from .publishing import live

RECENT = 8
"""Letters that the home page names below the newest one."""
PER_PAGE = 50
"""Letters on one page of a long list."""
BRIEF = (
    load_only(
        *(Letter.name, Letter.title, Letter.asker, Letter.language),
        *(Letter.slot_at, Letter.slot_zone, Letter.publish_at, Letter.updated_at),
        raiseload=True,
    ),
    lazyload("*"),
)
"""What a list says of a letter: its texts stay in the database, and asking for them there is an error."""


def newest(session: Session, now: datetime, limit: int = RECENT + 1) -> list[Letter]:
    """The newest letters, newest first, whole."""
    return list(session.scalars(live(now).order_by(Letter.publish_at.desc(), Letter.id.desc()).limit(limit)))


def recent(session: Session, now: datetime, *, limit: int = RECENT, but: Letter | None = None) -> list[Letter]:
    """The newest letters, newest first, in brief."""
    query = live(now).options(*BRIEF).order_by(Letter.publish_at.desc(), Letter.id.desc()).limit(limit)
    return list(session.scalars(query if but is None else query.where(Letter.id != but.id)))


def by_name(session: Session, name: str, now: datetime) -> Letter | None:
    """The letter with this name, if readers may see it."""
    return session.scalar(live(now).where(Letter.name == name))


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


def on_topic(session: Session, topic: Topic, now: datetime) -> list[Letter]:
    """A topic's letters, newest first."""
    return list(
        session.scalars(
            live(now).options(*BRIEF).where(Letter.topics.contains(topic)).order_by(Letter.publish_at.desc()).limit(500)
        )
    )


def in_rubric(session: Session, rubric: Rubric, now: datetime) -> list[Letter]:
    """A rubric's letters, newest first."""
    return list(
        session.scalars(
            live(now).options(*BRIEF).where(Letter.rubric_id == rubric.id).order_by(Letter.publish_at.desc()).limit(500)
        )
    )


def neighbours(session: Session, letter: Letter, now: datetime) -> tuple[Letter | None, Letter | None]:
    """The letter before and the letter after, by the moment they went out."""
    here = (Letter.publish_at, Letter.id)
    before = live(now).options(*BRIEF).where(_earlier(letter)).order_by(*(c.desc() for c in here)).limit(1)
    after = live(now).options(*BRIEF).where(~_earlier(letter), Letter.id != letter.id).order_by(*here).limit(1)
    return session.scalar(before), session.scalar(after)


def related(session: Session, letter: Letter, now: datetime, limit: int = 4) -> list[Letter]:
    """Letters to read next: the editor's own, in the editor's order, then those with the most topics in common."""
    chosen = list(
        session.scalars(
            live(now)
            .options(*BRIEF)
            .join(Related, Related.related_id == Letter.id)
            .where(Related.letter_id == letter.id)
            .order_by(Related.position)
            .limit(limit)
        )
    )
    if len(chosen) == limit or not letter.topics:
        return chosen
    common = (
        select(letter_topics.c.letter_id, func.count().label("number"))
        .where(letter_topics.c.topic_id.in_([topic.id for topic in letter.topics]))
        .group_by(letter_topics.c.letter_id)
        .subquery()
    )
    alike = (
        live(now)
        .options(*BRIEF)
        .join(common, common.c.letter_id == Letter.id)
        .where(Letter.id.not_in([letter.id, *(other.id for other in chosen)]))
        .order_by(common.c.number.desc(), Letter.publish_at.desc())
        .limit(limit - len(chosen))
    )
    return [*chosen, *session.scalars(alike)]


def local_day(letter: Letter) -> datetime:
    """The letter's own wall time: what is printed as its date."""
    if letter.slot_at is not None:
        return letter.slot_at
    moment = letter.publish_at or letter.updated_at
    return moment.astimezone(ZoneInfo(letter.slot_zone) if letter.slot_zone else UTC)


def _earlier(letter: Letter) -> ColumnElement[bool]:
    return (Letter.publish_at < letter.publish_at) | (
        (Letter.publish_at == letter.publish_at) & (Letter.id < letter.id)
    )
