"""The queue and the one decision (promise 3)."""

import hashlib
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, contains_eager, joinedload

from ..accounts.models import Person
from ..letters import index
from ..letters.models import Letter
from ..refusals import Refusal
from .models import Comment, Decision, Verdict


class AlreadyDecided(Refusal):
    """This comment was decided before you: a decision is taken once."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        """What stands."""


class NotWhatYouSaw(Refusal):
    """The comment is not the one you were shown. Look at it once more, then decide."""


def decide(
    session: Session, comment: Comment, verdict: Verdict, *, by: Person | None, now: datetime, seen: str | None = None
) -> Decision:
    """Publish or decline a comment, once and for ever.

    seen: the digest (`seen_of`) of the comment that the editor was shown; None when nobody was shown one (imports).
    Raises AlreadyDecided with the decision that stands, also when another session took it at the same moment: the
    primary key of decisions settles who was first. Raises NotWhatYouSaw.
    """
    if seen is not None and seen != seen_of(comment):
        stands = session.get(Decision, comment.id)
        if stands is not None:
            raise AlreadyDecided(stands)
        raise NotWhatYouSaw
    row = {"comment_id": comment.id, "verdict": verdict, "by_id": by and by.id, "decided_at": now}
    try:
        with session.begin_nested():
            taken = insert(Decision).values(**row, seen=seen_of(comment)).returning(Decision)
            decision = session.scalars(taken).one()
    except IntegrityError:
        raise AlreadyDecided(decision_on(session, comment)) from None
    session.expire(comment, ["standing"])  # the database's trigger wrote it
    if verdict == "published":
        index.put_comments(session, [(comment.id, comment.text_html)])
    return decision


def seen_of(comment: Comment) -> str:
    """SHA-256 of what the queue shows of a comment: its name and its HTML."""
    return hashlib.sha256(f"{comment.name}\n{comment.text_html}".encode()).hexdigest()


def pending_number(session: Session, at_most: int = 1000) -> int:
    """How many comments wait, counted up to `at_most`, so that a flood does not slow the desk down."""
    some = select(Comment.id).where(Comment.standing == "pending").limit(at_most).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def to_decide(session: Session, comment_id: int) -> Comment | None:
    """The comment with its letter's zone, for one who will decide on it.

    Locked, so that this and an act on many comments (together.py) wait for each other and never in a ring.
    """
    zone = joinedload(Comment.letter).load_only(Letter.slot_zone, Letter.version).lazyload("*")
    return session.get(Comment, comment_id, options=[zone], with_for_update={"of": Comment})


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


def decision_on(session: Session, comment: Comment) -> Decision:
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


def comments_of(session: Session, letter_id: int, comment_ids: list[int]) -> list[Comment]:
    """Those of these comments that are under this letter."""
    return list(session.scalars(select(Comment).where(Comment.letter_id == letter_id, Comment.id.in_(comment_ids))))
