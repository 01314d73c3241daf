"""Readers' reports: that a published comment adds nothing any more, or is harmful. They change nothing by themselves.

They lift a comment in the list for pruning and stay until it is pruned: that an editor has looked does not end them.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .models import Comment, Reason, Report
from .thread import published

KNOWN_FOR = timedelta(days=7)
"""How long a reader who reports a comment twice is known."""


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
    return True


def reporter_of(address: str, comment: Comment, secret: str) -> str:
    """By which a reader who reports a comment twice is known. It does not tell the address, nor links two comments."""
    said = f"report\n{comment.public_id}\n{address}".encode()
    return hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()[:32]


def numbers(session: Session, *, letter_id: int | None = None) -> dict[int, Reported]:
    """{comment's id: what readers said of it}, for the published comments that have reports; of one letter, or all."""
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
    return {comment_id: Reported(spent, harmful) for comment_id, spent, harmful in session.execute(query)}


def forget(session: Session, *, now: datetime) -> None:
    """Who reported is forgotten after KNOWN_FOR, and all of it when the comment has left the site."""
    off = {"synchronize_session": False}
    late = update(Report).where(Report.reporter.is_not(None), Report.reported_at <= now - KNOWN_FOR)
    session.execute(late.values(reporter=None).execution_options(**off))
    stands = published().with_only_columns(Comment.id).where(Comment.id == Report.comment_id)
    session.execute(delete(Report).where(~stands.exists()).execution_options(**off))
