"""What readers see of comments (promise 2): `published` is the one query, everything else composes it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from ..letters import search
from ..letters.models import Letter
from ..letters.publishing import BRIEF, live
from ..letters.search import Query, Within
from .models import Comment, Decision

FRESH = timedelta(days=30)
"""How long a comment counts as fresh in "Recently surfaced"."""
OLD = timedelta(days=14)
"""A younger letter need not resurface: it is still on top of the home page."""


def published() -> Select[Comment]:
    """All comments that readers may see under letters that they may see."""
    return select(Comment).where(Comment.standing == "published", Comment.erased_at.is_(None))


@dataclass(frozen=True, slots=True)
class Remark:
    """A published comment as it is printed."""

    public_id: str
    name: str
    submitted_at: datetime
    text_html: str


_UNDER = (
    published()
    .with_only_columns(Comment.public_id, Comment.name, Comment.submitted_at, Comment.text_html)
    .where(Comment.letter_id == bindparam("letter_id"))
    .order_by(Comment.submitted_at, Comment.id)
)


def under(session: Session, letter: Letter) -> list[Remark]:
    """A letter's published comments, oldest first."""
    return [Remark(*row) for row in session.execute(_UNDER, {"letter_id": letter.id})]


def by_public_id(session: Session, letter: Letter, public_id: str) -> Comment | None:
    """The published comment of this letter with this name; one that readers may not see is not found."""
    return session.scalar(published().where(Comment.letter_id == letter.id, Comment.public_id == public_id))


def under_each(session: Session, letter_ids: list[int], *, latest: int) -> dict[int, list[Remark]]:
    """{letter's id: its published comments, oldest first}, of long threads only so many of the latest."""
    newest_first = (Comment.submitted_at.desc(), Comment.id.desc())
    places = func.row_number().over(partition_by=Comment.letter_id, order_by=newest_first).label("place")
    some = published().with_only_columns(Comment.id, places).where(Comment.letter_id.in_(letter_ids)).subquery()
    query = (
        select(Comment.letter_id, Comment.public_id, Comment.name, Comment.submitted_at, Comment.text_html)
        .join(some, some.c.id == Comment.id)
        .where(some.c.place <= latest)
        .order_by(Comment.submitted_at, Comment.id)
    )
    found: dict[int, list[Remark]] = {}
    for row in session.execute(query):
        found.setdefault(row[0], []).append(Remark(*row[1:]))
    return found


def saying(session: Session, query: Query, now: datetime, within: Within) -> Select[Any]:
    """(letter's id, then a Remark's fields) of the published comments that say this, latest first."""
    columns = (Comment.letter_id, Comment.public_id, Comment.name, Comment.submitted_at, Comment.text_html)
    comments = published().with_only_columns(*columns).join(Letter, Letter.id == Comment.letter_id)
    return search.in_comments(session, comments, Comment.id, query, now, within)  # type: ignore[arg-type]


def texts(session: Session) -> Iterator[tuple[int, str]]:
    """(id, HTML) of all published comments, for the index of search."""
    query = published().with_only_columns(Comment.id, Comment.text_html).order_by(Comment.id)
    for row in session.execute(query, execution_options={"yield_per": 1000}):
        yield row[0], row[1]


def latest(session: Session, letter: Letter, limit: int) -> list[Remark]:
    """The comments of a letter that were published last, by the dates that readers see, latest first."""
    chosen = (
        published()
        .with_only_columns(Comment.id)
        .join(Comment.decision)
        .where(Comment.letter_id == letter.id)
        .order_by(Decision.decided_at.desc(), Comment.id.desc())
        .limit(limit)
        .subquery()
    )
    query = (
        published()
        .with_only_columns(Comment.public_id, Comment.name, Comment.submitted_at, Comment.text_html)
        .join(chosen, chosen.c.id == Comment.id)
        .order_by(Comment.submitted_at.desc(), Comment.id.desc())
    )
    return [Remark(*row) for row in session.execute(query)]


def last_published(session: Session) -> dict[int, datetime]:
    """{letter's id: when a comment that stands under it was published last}, for those that have any."""
    rows = session.execute(
        published()
        .with_only_columns(Comment.letter_id, func.max(Decision.decided_at))
        .join(Comment.decision)
        .group_by(Comment.letter_id)
    )
    return {letter_id: moment for letter_id, moment in rows}


def numbers(session: Session, letters: list[Letter]) -> dict[int, int]:
    """{letter's id: number of its published comments}, for those that have any."""
    rows = session.execute(
        published()
        .with_only_columns(Comment.letter_id, func.count())
        .where(Comment.letter_id.in_([letter.id for letter in letters]))
        .group_by(Comment.letter_id)
    )
    return {letter_id: number for letter_id, number in rows}


def resurfaced(session: Session, now: datetime, *, limit: int = 4) -> list[tuple[Letter, list[datetime]]]:
    """(letter, when its fresh comments were published): older letters with comments published lately, the latest first.

    Fresh is a comment whose decision was taken in the last FRESH; older is a letter that went out more than OLD ago.
    """
    fresh = (
        published()
        .with_only_columns(Comment.letter_id, func.max(Decision.decided_at).label("latest"))
        .join(Comment.decision)
        .where(Decision.decided_at > now - FRESH, Decision.verdict == "published")
        .group_by(Comment.letter_id)
        .subquery()
    )
    query = (
        live(now)
        .options(*BRIEF)
        .join(fresh, fresh.c.letter_id == Letter.id)
        .where(Letter.publish_at <= now - OLD)
        .order_by(fresh.c.latest.desc(), Letter.id.desc())
        .limit(limit)
    )
    letters = list(session.scalars(query))
    moments = _fresh_moments(session, letters, now)
    return [(letter, moments[letter.id]) for letter in letters]


def _fresh_moments(session: Session, letters: list[Letter], now: datetime) -> dict[int, list[datetime]]:
    found: dict[int, list[datetime]] = {letter.id: [] for letter in letters}
    rows = session.execute(
        published()
        .with_only_columns(Comment.letter_id, Decision.decided_at)
        .join(Comment.decision)
        .where(Comment.letter_id.in_(found), Decision.decided_at > now - FRESH)
        .order_by(Decision.decided_at)
    )
    for letter_id, moment in rows:
        found[letter_id].append(moment)
    return found
