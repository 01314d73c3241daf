"""Readers' reports: that a published comment adds nothing any more, or is harmful. They change nothing by themselves.

They lift a comment in the list for pruning, at once, and stay until it is pruned: that an editor has looked does not
end them.
"""

import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, case, delete, func, insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .models import Comment, Reason, Report, Worth
from .thread import published

KNOWN_FOR = timedelta(days=7)
"""How long a reader who reports a comment twice is known."""
LIFT = 0.25
"""So much less the discussion is taken to lose without a comment (weighing.py) for each reader who reports it,"""
MOST_LIFTS = 4
"""up to so many: they lift a comment in the list, and a crowd lifts it no higher than to the top."""


@dataclass(frozen=True, slots=True)
class Reported:
    """What readers said of one comment."""

    spent: int = 0
    """It adds nothing any more."""
    harmful: int = 0


def report(session: Session, comment: Comment, reason: Reason, *, reporter: str, now: datetime) -> bool:
    """Keep a reader's word on a published comment. False: the same reader has said so lately (UNIQUE)."""
    row = {"comment_id": comment.id, "reason": reason, "reporter": reporter, "reported_at": now}
    try:
        with session.begin_nested():
            session.execute(insert(Report).values(**row))
    except IntegrityError:
        return False
    session.execute(_LIFTED, {"one": comment.id})
    return True


# As `weighing.weigh` would have it, which comes a minute later.
_LIFTED = (
    update(Worth)
    .where(Worth.comment_id == bindparam("one"))
    .values(reported=Worth.reported + 1, loss=Worth.loss - case((Worth.reported < MOST_LIFTS, LIFT), else_=0.0))
    .execution_options(synchronize_session=False)
)


def reporter_of(address: str, comment: Comment, secret: str) -> str:
    """By which a reader who reports a comment twice is known. It does not tell the address, nor links two comments."""
    said = f"report\n{comment.public_id}\n{address}".encode()
    return hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()[:32]


def numbers(
    session: Session, *, letter_id: int | None = None, comment_ids: Collection[int] | None = None
) -> dict[int, Reported]:
    """{comment's id: what readers said of it}, for the published comments that have reports: all of them, or those of
    one letter, or of these."""
    query = (
        published()
        .with_only_columns(
            Comment.id,
            func.count().filter(Report.reason == "spent"),
            func.count().filter(Report.reason == "harmful"),
        )
        .join(Report, Report.comment_id == Comment.id)
        .group_by(Comment.id)
    )
    if letter_id is not None:
        query = query.where(Comment.letter_id == letter_id)
    if comment_ids is not None:
        query = query.where(Comment.id.in_(comment_ids))
    return {comment_id: Reported(spent, harmful) for comment_id, spent, harmful in session.execute(query)}


def forget(session: Session, *, now: datetime) -> None:
    """Who reported is forgotten after KNOWN_FOR, and all of it when the comment has left the site."""
    off = {"synchronize_session": False}
    late = update(Report).where(Report.reporter.is_not(None), Report.reported_at <= now - KNOWN_FOR)
    session.execute(late.values(reporter=None).execution_options(**off))
    stands = published().with_only_columns(Comment.id).where(Comment.id == Report.comment_id)
    session.execute(delete(Report).where(~stands.exists()).execution_options(**off))
