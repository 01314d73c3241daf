"""Pruning: a published comment that the discussion no longer needs leaves the site at once and for good (promise 4)."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..letters.models import Letter
from ..refusals import Refusal
from .models import Comment, Pruning
from .thread import published


class NotPublished(Refusal):
    """Only a published comment can be pruned."""


class AlreadyPruned(Refusal):
    """This comment has been pruned already."""


def prune(session: Session, comment: Comment, *, by: Person, now: datetime) -> Pruning:
    """Remove a published comment, once and for good.

    Raises NotPublished or AlreadyPruned, also when another session was first: a foreign key to the published decision
    and the primary key of prunings hold both.
    """
    session.refresh(comment, ["standing"])
    if comment.standing in ("pending", "declined"):
        raise NotPublished
    pruning = Pruning(comment_id=comment.id, by_id=by.id, pruned_at=now)
    try:
        with session.begin_nested():
            session.add(pruning)
    except IntegrityError:
        raise AlreadyPruned from None
    session.expire(comment, ["standing"])
    return pruning


def candidates(session: Session, letter_id: int) -> list[Comment]:
    """A letter's published comments in the order of the page, to be gone through with the pruning shears."""
    return list(
        session.scalars(published().where(Comment.letter_id == letter_id).order_by(Comment.submitted_at, Comment.id))
    )


def letters(session: Session, *, limit: int) -> list[tuple[Letter, int]]:
    """(letter, number of its published comments) for letters with comments, those with the most first."""
    numbers = (
        published()
        .with_only_columns(Comment.letter_id, func.count().label("number"))
        .group_by(Comment.letter_id)
        .subquery()
    )
    rows = session.execute(
        select(Letter, numbers.c.number)
        .join(numbers, numbers.c.letter_id == Letter.id)
        .order_by(numbers.c.number.desc(), Letter.id.desc())
        .limit(limit)
    )
    return [(letter, n) for letter, n in rows]
