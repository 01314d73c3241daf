"""What waits for its decision, in the order in which one editor reads it.

The queue of an editor has three stretches: what waits in its turn, what was set aside (setting_aside.py), and what this
editor skipped. What the editor laid on the "maybe" pile is in none of them. Each stretch is read from an index, from a
place on, so the length of the queue does not matter. The order never looks at the name.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import ScalarSelect, Select, and_, func, literal, literal_column, select, text, tuple_, union_all
from sqlalchemy.orm import Session, contains_eager

from ..accounts.models import Person
from ..db import LARGEST_NUMBER, UTCDateTime
from ..letters.models import Letter
from ..letters.publishing import BRIEF
from . import figures, gathering, moderation
from .models import END_OF_LINE, LINE, PENDING, Comment, Postponement, Presence

Order = Literal["oldest", "newest", "letter", "likeness"]
ORDERS: tuple[Order, ...] = get_args(Order)
MOST_COUNTED = 10_000
"""Nobody needs to know of more, and counting on would take longer the more there are."""
READING_FOR = timedelta(seconds=40)
"""How long an editor is taken to read a comment after the browser said so last."""

_IN_TURN, _SET_ASIDE, _SKIPPED = range(3)


class NoPlace(ValueError):
    """This names no place in the queue."""


@dataclass(frozen=True, slots=True)
class Case:
    """A comment that waits, as an editor gets it."""

    comment: Comment
    stretch: int
    moment: datetime
    """By which it stands in its stretch: when it was sent, or skipped."""
    reader: str | None
    """Another editor who is reading it now."""
    begun: datetime | None = None
    """When the list was begun in which like ones are together."""
    like: bool = False
    """Is it like one before it, in that order."""

    @property
    def place(self) -> str:
        """Its place as it stands in an address; `line` goes on behind it, whatever was decided meanwhile."""
        begun = f"_{self.begun.isoformat()}" if self.begun else ""
        return f"{self.stretch}_{self.comment.letter_id}_{self.moment.isoformat()}_{self.comment.id}{begun}"


@dataclass(frozen=True, slots=True)
class _Place:
    stretch: int
    letter_id: int
    moment: datetime
    comment_id: int
    begun: datetime | None


@dataclass(frozen=True, slots=True)
class Numbers:
    """How much waits: asked of the database each time, and up to MOST_COUNTED."""

    waiting: int
    maybe: int
    """On this editor's pile."""
    newest: int
    """The greatest id of all comments: what came in later has a greater one."""


def line(
    session: Session,
    person: Person,
    *,
    now: datetime,
    order: Order = "oldest",
    limit: int,
    after: str | None = None,
    since: int | None = None,
) -> list[Case]:
    """The editor's queue, each comment with its letter.

    after: the place of the last one seen. since: only what came in after the comment with this id.
    Raises NoPlace.
    """
    place = _place(after) if after else None
    first = place.stretch if place else _IN_TURN
    if order == "likeness" and since is None and first == _IN_TURN:
        return _by_likeness(session, person, now, limit, place)
    stretches = [
        _stretch(which, order, person, place if place and which == first else None, since, limit)
        for which in range(first, _SKIPPED + 1)
    ]
    cases = _cases(session, union_all(*stretches), person, now)
    return sorted(cases, key=_key(order))[:limit]


def _by_likeness(session: Session, person: Person, now: datetime, limit: int, place: _Place | None) -> list[Case]:
    begun = max(place.begun, now - gathering.LONGEST) if place and place.begun else now
    gathered = gathering.gather(session, person, begun=begun)
    follow = gathered.after(place.moment, place.comment_id) if place else gathered.ids
    some = [one for one in follow if one in gathered.waiting][:limit]
    ends = [one for one in (place and (place.moment, place.comment_id), gathered.last) if one]
    behind = _Place(_IN_TURN, 0, *max(ends), None) if ends else None
    chosen = _columns(_IN_TURN, Comment.submitted_at).where(Comment.id.in_(some), PENDING)
    stretches = [_stretch(which, "oldest", person, None, None, limit) for which in (_SET_ASIDE, _SKIPPED)]
    rest = _stretch(_IN_TURN, "oldest", person, behind, None, limit)
    cases = _cases(session, union_all(chosen, rest, *stretches), person, now, begun)
    rank = {one: n for n, one in enumerate(some)}
    cases.sort(key=lambda case: (case.stretch, rank.get(case.comment.id, limit), *_key("oldest")(case)))
    return [replace(case, like=case.comment.id in gathered.like) for case in cases[:limit]]


def pile(session: Session, person: Person, *, now: datetime, limit: int, after: str | None = None) -> list[Case]:
    """What the editor laid on the "maybe" pile, in that order. Raises NoPlace."""
    place = _place(after) if after else None
    return sorted(_cases(session, _postponed("maybe", person, place, None, limit), person, now), key=_key("oldest"))


def numbers(session: Session, person: Person) -> Numbers:
    """How much waits."""
    return _numbered(session.execute(select(*_numbers(person))).one())


def head(session: Session, person: Person, *, now: datetime) -> tuple[Numbers, figures.Share]:
    """What stands above the queue, in one question: how much waits, and the meter."""
    row = session.execute(select(*_numbers(person), *figures.sums(now))).one()
    return _numbered(row), figures.Share(int(row[4] or 0), int(row[5] or 0))


def _numbers(person: Person) -> list[ScalarSelect[Any]]:
    maybe = (
        select(Postponement.comment_id)
        .join(Comment, and_(Comment.id == Postponement.comment_id, PENDING))
        .where(Postponement.person_id == person.id, Postponement.pile == "maybe")
        .limit(MOST_COUNTED)
    )
    return [
        *moderation.pending_numbers(MOST_COUNTED + 1),
        select(func.count()).select_from(maybe.subquery()).scalar_subquery(),
        select(func.max(Comment.id)).scalar_subquery(),
    ]


def _numbered(row: Any) -> Numbers:
    return Numbers(min(row[0] + row[1], MOST_COUNTED + 1), row[2], row[3] or 0)


def came_in(session: Session, since: int, at_most: int = 1000) -> int:
    """How many comments wait that came in after the one with this id."""
    some = select(Comment.id).where(Comment.id > since, PENDING).limit(at_most).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def under(session: Session, letter_id: int, *, limit: int) -> list[Comment]:
    """What waits under one letter, oldest first, what was set aside too."""
    query = select(Comment).where(Comment.letter_id == letter_id, PENDING)
    return list(session.scalars(query.order_by(Comment.submitted_at, Comment.id).limit(limit)))


def letters(session: Session, *, limit: int) -> list[tuple[Letter, int]]:
    """(letter, how many comments wait under it), those with the most first."""
    waiting = union_all(*(select(Comment.letter_id).where(text(one)) for one in (LINE, END_OF_LINE))).subquery()
    number = func.count().label("number")
    some = select(waiting.c.letter_id, number).group_by(waiting.c.letter_id)
    most = some.order_by(number.desc(), waiting.c.letter_id).limit(limit).subquery()
    query = select(Letter, most.c.number).join(most, most.c.letter_id == Letter.id).options(*BRIEF)
    return [(row[0], row[1]) for row in session.execute(query.order_by(most.c.number.desc(), Letter.id))]


def _stretch(
    which: int, order: Order, person: Person, place: _Place | None, since: int | None, limit: int
) -> Select[Any]:
    if which == _SKIPPED:
        return _postponed("skipped", person, place, since, limit)
    mine = select(Postponement.comment_id).where(
        Postponement.person_id == person.id, Postponement.comment_id == Comment.id
    )
    query = _columns(which, Comment.submitted_at).where(
        text(LINE if which == _IN_TURN else END_OF_LINE), ~mine.exists()
    )
    by_letter = order == "letter" and which == _IN_TURN
    return _from(query, place, since, limit, Comment.submitted_at, by_letter=by_letter, backwards=order == "newest")


def _postponed(pile: str, person: Person, place: _Place | None, since: int | None, limit: int) -> Select[Any]:
    query = (
        _columns(_SKIPPED, Postponement.postponed_at)
        .join(Postponement, Postponement.comment_id == Comment.id)
        .where(Postponement.person_id == person.id, Postponement.pile == pile, PENDING)
    )
    return _from(query, place, since, limit, Postponement.postponed_at)


def _columns(which: int, moment: Any) -> Select[Any]:
    return select(Comment.id, literal_column(str(which)).label("stretch"), moment.label("moment"))


def _from(
    query: Select[Any],
    place: _Place | None,
    since: int | None,
    limit: int,
    moment: Any,
    *,
    by_letter: bool = False,
    backwards: bool = False,
) -> Select[Any]:
    """So many rows of a stretch from a place on; a SELECT around them, because a UNION's parts have no LIMIT."""
    columns = [*([Comment.letter_id] if by_letter else []), moment, Comment.id]
    if place is not None:
        here = tuple_(
            *([literal(place.letter_id)] if by_letter else []),
            literal(place.moment, UTCDateTime),
            literal(place.comment_id),
        )
        query = query.where(tuple_(*columns) < here if backwards else tuple_(*columns) > here)
    if since is not None:
        query = query.where(Comment.id > since)
    rows = query.order_by(*(one.desc() if backwards else one for one in columns)).limit(limit).subquery()
    return select(rows)


def _cases(session: Session, rows: Any, person: Person, now: datetime, begun: datetime | None = None) -> list[Case]:
    chosen = rows.subquery()
    reader = (
        select(func.min(Person.name))
        .join(Presence, Presence.person_id == Person.id)
        .where(Presence.comment_id == Comment.id, Presence.person_id != person.id, Presence.seen_at > now - READING_FOR)
        .scalar_subquery()
    )
    query = (
        select(Comment, chosen.c.stretch, chosen.c.moment, reader)
        .join(chosen, chosen.c.id == Comment.id)
        .join(Comment.letter)
        .options(contains_eager(Comment.letter).lazyload("*"))
    )
    return [Case(row[0], row[1], row[2], row[3], begun) for row in session.execute(query)]


def _key(order: Order) -> Callable[[Case], tuple[Any, ...]]:
    def key(case: Case) -> tuple[Any, ...]:
        by_letter = case.comment.letter_id if order == "letter" and case.stretch == _IN_TURN else 0
        sign = -1 if order == "newest" and case.stretch != _SKIPPED else 1
        return case.stretch, by_letter, sign * case.moment.timestamp(), sign * case.comment.id

    return key


def _place(name: str) -> _Place:
    try:
        stretch, letter_id, moment, last, *more = name.replace(" ", "+").split("_")
        (begun,) = map(datetime.fromisoformat, more) if more else (None,)
        found = _Place(int(stretch), int(letter_id), datetime.fromisoformat(moment), int(last), begun)
        zoned = found.moment.tzinfo and (begun is None or begun.tzinfo)
        if not (
            _IN_TURN <= found.stretch <= _SKIPPED
            and zoned
            and max(abs(found.letter_id), abs(found.comment_id)) <= LARGEST_NUMBER
        ):
            raise NoPlace(name)
    except ValueError:
        raise NoPlace(name) from None
    return found
