"""What else came from the address that a comment was sent with, without keeping the address.

The address itself is dropped a day after the decision (promise 9). What stays is a keyed hash of it: the same address
gives the same hash, nobody who has only the database can find the address or try addresses out, and a new secret key
makes all old hashes mute. The hash goes with the comment's text, on request, and after a period that the desk sets.
"""

import hashlib
import hmac
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from ..accounts.people import email_key
from .models import Comment

PURPOSE = b"dear friday: sender of a comment\n"
MOST = 200
"""Comments of one address that are shown, the latest first."""


def sender_of(email: str, secret_key: str) -> str | None:
    """The keyed hash of an address (HMAC-SHA256, RFC 2104); nothing for no address."""
    if not email:
        return None
    return hmac.new(secret_key.encode(), PURPOSE + email_key(email).encode(), hashlib.sha256).hexdigest()


def of_same_sender(session: Session, comment: Comment, *, pending: bool = True) -> list[Comment]:
    """The comments that came from the address of this one, this one among them, the latest first.

    pending: also those that wait. Where names are hidden until the decision, a name beside them would tell theirs.
    """
    if not pending and comment.standing == "pending":
        return []
    query = (
        select(Comment)
        .where(Comment.sender == comment.sender if comment.sender else Comment.id == comment.id)
        .options(joinedload(Comment.letter), joinedload(Comment.decision), joinedload(Comment.pruning))
        .order_by(Comment.submitted_at.desc(), Comment.id.desc())
        .limit(MOST)
    )
    return list(session.scalars(query if pending else query.where(Comment.standing != "pending")))


def forget(session: Session, *, days: int, now: datetime) -> int:
    """Forget of comments sent longer ago than that which address they came from. Returns how many."""
    done = session.execute(
        update(Comment)
        .where(Comment.sender.is_not(None), Comment.submitted_at <= now - timedelta(days=days))
        .values(sender=None)
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]
