"""What the desk did: kept for ever, found again, taken along as a table."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session, joinedload

from ..accounts.models import Person
from ..courses.models import Course, CourseText
from ..letters.models import Letter
from ..text import tables
from .models import Act, Deed

PER_PAGE = 100
AT_ONCE = 2000
"""Acts that are read at once for the table that is taken along."""
MOST_LETTERS = 500
"""Letters of which a search looks for acts, if so many have the words in their titles."""
HEADINGS = ("moment (UTC)", "person", "deed", "letter", "title", "comment", "course")

Place = tuple[datetime, int]
"""(moment, id) of an act: the list goes on behind it, whatever was added meanwhile."""


@dataclass(frozen=True)
class Search:
    """What is looked for; what is empty does not matter."""

    words: str = ""
    """Part of a person's name or address, of a letter's title or a course's name, or a letter's date."""
    deed: str = ""
    first: date | None = None
    last: date | None = None


def remember(session: Session, deed: Deed, *, by: Person, now: datetime, course: Course | None = None) -> Act:
    """Add what somebody did. Decisions, prunings and sign-ins are added by the database. course: whose addresses."""
    act = Act(deed=deed, by_id=by.id, done_at=now, course_id=course.id if course else None)
    session.add(act)
    session.flush()
    return act


def acts(session: Session, search: Search, zone: tzinfo, *, limit: int, after: Place | None = None) -> list[Act]:
    """The acts that are looked for, newest first, each with what it is about. Days are those of the zone."""
    query = _found(session, search, zone).options(
        joinedload(Act.by),
        joinedload(Act.letter).load_only(Letter.title, Letter.name, Letter.language).lazyload("*"),
        joinedload(Act.comment),
        joinedload(Act.course).selectinload(Course.texts),
    )
    if after is not None:
        query = query.where(tuple_(Act.done_at, Act.id) < after)
    return list(session.scalars(query.order_by(Act.done_at.desc(), Act.id.desc()).limit(limit)))


def table(session: Session, search: Search, zone: tzinfo) -> Iterator[str]:
    """The acts that are looked for as lines of CSV (RFC 4180) that no spreadsheet takes for formulas."""
    yield tables.MARK + tables.line(HEADINGS)
    place: Place | None = None
    while some := acts(session, search, zone, limit=AT_ONCE, after=place):
        place = (some[-1].done_at, some[-1].id)
        for act in some:
            letter, comment = act.letter, act.comment
            about = (letter.name or "", letter.title, comment.public_id) if letter and comment else ("", "", "")
            course = act.course.slug if act.course else ""
            yield tables.line((f"{act.done_at:%Y-%m-%d %H:%M:%S}", act.by.name, act.deed, *about, course))
        session.expunge_all()


def _found(session: Session, search: Search, zone: tzinfo) -> Select[Act]:
    query = select(Act)
    if search.deed:
        query = query.where(Act.deed == search.deed)
    if search.first:
        query = query.where(Act.done_at >= datetime.combine(search.first, time(), zone))
    if search.last:
        query = query.where(Act.done_at < datetime.combine(search.last + timedelta(days=1), time(), zone))
    if search.words:
        people, letters, courses = _named(session, search.words.casefold())
        found = Act.by_id.in_(people) | Act.letter_id.in_(letters)
        query = query.where(found | Act.course_id.in_(courses) if courses else found)  # which no index has
    return query


def _named(session: Session, words: str) -> tuple[list[int], list[int], list[int]]:
    """(people, letters, courses) that have these words in their name.

    Compared here: SQLite knows only the small letters of ASCII.
    """
    people = session.execute(select(Person.id, Person.name, Person.email))
    letters = session.execute(
        select(Letter.id, Letter.title, Letter.name).where(Letter.name.is_not(None)).order_by(Letter.id.desc())
    )
    courses = session.execute(select(CourseText.course_id, CourseText.name))
    return (
        [one for one, name, email in people if words in f"{name}\n{email}".casefold()],
        [one for one, title, name in letters if words in f"{title}\n{name}".casefold()][:MOST_LETTERS],
        [one for one, name in courses if words in name.casefold()],
    )
