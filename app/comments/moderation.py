"""The queue and the one decision (promise 3)."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import ScalarSelect, Table, bindparam, func, select, text
from sqlalchemy.orm import Session, contains_eager, joinedload

from ..accounts.models import Person
from ..letters import index
from ..letters.models import Letter
from ..refusals import Refusal
from .models import END_OF_LINE, LINE, Comment, Decision, Verdict


class AlreadyDecided(Refusal):
    """This comment was decided before you: a decision is taken once."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        """What stands."""


class NotWhatYouSaw(Refusal):
    """The comment is not the one you were shown. Look at it once more, then decide."""


class ToDecide(NamedTuple):
    """As much of a comment as a decision asks for: loading all of it takes longer than deciding."""

    id: int
    name: str
    text_html: str
    slot_zone: str | None
    """Its letter's."""


class Taken(NamedTuple):
    """A decision that was just taken, as its row says it."""

    comment_id: int
    verdict: Verdict
    by_id: int | None
    decided_at: datetime
    seen: str
    by: Person | None


# Built once, and asked of the connection: as often as a decision is taken, more would cost more than the database.
_COMMENTS, _LETTERS, _DECISIONS = (cast(Table, one.__table__) for one in (Comment, Letter, Decision))
_ONE = _COMMENTS.c.id == bindparam("one")
_TO_DECIDE = (
    select(_COMMENTS.c.id, _COMMENTS.c.name, _COMMENTS.c.text_html, _LETTERS.c.slot_zone)
    .join_from(_COMMENTS, _LETTERS)
    .where(_ONE)
    .with_for_update(of=_COMMENTS)
)
# Inserts nothing where a decision stands. PostgreSQL waits for another one who is deciding and looks again, so no race
# ends in an error that would undo the whole transaction, and no savepoint has to be paid for.
_TAKE = (
    _DECISIONS.insert()
    .from_select(
        list(_DECISIONS.c),
        select(_COMMENTS.c.id, *(bindparam(one.name, type_=one.type) for one in _DECISIONS.c if not one.primary_key))
        .where(_ONE, _COMMENTS.c.standing == "pending")
        .with_for_update(of=_COMMENTS),
    )
    .execution_options(preserve_rowcount=True)
)


def decide(
    session: Session,
    comment: Comment | ToDecide,
    verdict: Verdict,
    *,
    by: Person | None,
    now: datetime,
    seen: str | None = None,
) -> Taken:
    """Publish or decline a comment, once and for ever.

    seen: the digest (`seen_of`) of the comment that the editor was shown; None when nobody was shown one (imports).
    Raises AlreadyDecided with the decision that stands, also when another session took it at the same moment: the
    row of the comment settles who was first, and the primary key of decisions holds it. Raises NotWhatYouSaw.
    """
    is_there = seen_of(comment)
    if seen is not None and seen != is_there:
        stands = session.get(Decision, comment.id)
        if stands is not None:
            raise AlreadyDecided(stands)
        raise NotWhatYouSaw
    connection, by_id = session.connection(), by.id if by else None
    row = {"verdict": verdict, "by_id": by_id, "decided_at": now, "seen": is_there}
    if connection.execute(_TAKE, {"one": comment.id, **row}).rowcount != 1:
        raise AlreadyDecided(decision_on(session, comment))
    if isinstance(comment, Comment):
        session.expire(comment, ["standing"])  # the database's trigger wrote it
    if verdict == "published":
        index.put_comments(connection, [(comment.id, comment.text_html)])
    return Taken(comment.id, verdict, by_id, now, is_there, by)


def seen_of(comment: Comment | ToDecide) -> str:
    """SHA-256 of what the queue shows of a comment: its name and its HTML."""
    return hashlib.sha256(f"{comment.name}\n{comment.text_html}".encode()).hexdigest()


def pending_number(session: Session, at_most: int = 1000) -> int:
    """How many comments wait, counted up to `at_most`, so that a flood does not slow the desk down."""
    return min(at_most, sum(session.execute(select(*pending_numbers(at_most))).one()))


def pending_numbers(at_most: int) -> list[ScalarSelect[int]]:
    """How many wait in their turn and at the end of the line, each counted up to so many, to be asked together."""
    stretches = (
        # In the order of its index, or SQLite chooses another one when most comments wait, and reads the rows too.
        select(Comment.id).where(text(one)).order_by(Comment.submitted_at).limit(at_most).subquery()
        for one in (LINE, END_OF_LINE)
    )
    return [select(func.count()).select_from(rows).scalar_subquery() for rows in stretches]


def to_decide(session: Session, comment_id: int) -> ToDecide | None:
    """The comment, for one who will decide on it.

    Locked, so that this and an act on many comments (together.py) wait for each other and never in a ring.
    """
    row = session.connection().execute(_TO_DECIDE, {"one": comment_id}).one_or_none()
    return row and ToDecide(*row)


def decided(session: Session, *, limit: int, standing: str | None = None) -> list[Comment]:
    """Comments by the moment of their decision, newest first, each with its letter, decision and pruning."""
    query = (
        select(Comment)
        .join(Comment.decision)
        .options(contains_eager(Comment.decision), joinedload(Comment.letter), joinedload(Comment.pruning))
        .order_by(Decision.decided_at.desc(), Comment.id.desc())
        .limit(limit)
    )
    if standing is not None:
        query = query.where(Comment.standing == standing)
    return list(session.scalars(query))


def decision_on(session: Session, comment: Comment | ToDecide) -> Decision:
    """The decision that stands on a comment."""
    return session.scalars(select(Decision).where(Decision.comment_id == comment.id)).one()


def decisions_on(session: Session, comment_ids: list[int]) -> list[tuple[Comment, Decision]]:
    """(comment with its letter, the decision that stands on it), for those of these that have one."""
    query = (
        select(Comment, Decision)
        .join(Decision, Decision.comment_id == Comment.id)
        .where(Comment.id.in_(comment_ids))
        .options(joinedload(Comment.letter).load_only(Letter.slot_zone, Letter.version).lazyload("*"))
    )
    return [(comment, decision) for comment, decision in session.execute(query)]


def existing(session: Session, comment_ids: list[int]) -> set[int]:
    """Which of these comments are there; one that was erased before its decision is not."""
    return set(session.scalars(select(Comment.id).where(Comment.id.in_(comment_ids))))


def comments_of(session: Session, letter_id: int, comment_ids: Sequence[int]) -> list[Comment]:
    """Those of these comments that are under this letter."""
    found = select(Comment).where(Comment.letter_id == letter_id, Comment.id.in_(comment_ids)).order_by(Comment.id)
    return list(session.scalars(found))
