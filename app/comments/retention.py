"""What of strangers' comments is kept, and for how long (promises 4 and 9)."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from ..accounts.people import email_key
from .models import Comment, Decision, Pruning


def erase_expired(session: Session, *, pruned_days: int, declined_days: int, now: datetime) -> int:
    """Erase name, address and text of comments pruned or declined longer ago than that. Returns how many."""
    pruned = select(Pruning.comment_id).where(Pruning.pruned_at <= now - timedelta(days=pruned_days))
    declined = select(Decision.comment_id).where(
        Decision.verdict == "declined", Decision.decided_at <= now - timedelta(days=declined_days)
    )
    return _erase(session, pruned, now) + _erase(session, declined, now)


def forget_decided_addresses(session: Session, *, now: datetime) -> int:
    """A commenter's address has no use once the comment is decided: it is dropped a day later. Returns how many."""
    decided = select(Decision.comment_id).where(Decision.decided_at <= now - timedelta(days=1))
    done = session.execute(
        update(Comment)
        .where(Comment.email != "", Comment.id.in_(decided))
        .values(email="")
        .execution_options(synchronize_session=False)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def erase_by(session: Session, email: str, *, sender: str | None = None, now: datetime) -> int:
    """Erase every comment that was sent with this address, published or not. Returns how many.

    sender: the address's keyed hash (same_address.sender_of), by which comments are found whose address was dropped.
    """
    if sender is not None:
        same = select(Comment.id).where(Comment.sender == sender)
        return _erase(session, same, now) + erase_by(session, email, now=now)
    mine = [
        comment.id
        for comment in session.scalars(select(Comment).where(Comment.email != "", Comment.erased_at.is_(None)))
        if email_key(comment.email) == email_key(email)
    ]
    return sum(_erase(session, select(Comment.id).where(Comment.id == one), now) for one in mine)


def _erase(session: Session, ids: Select[int], now: datetime) -> int:
    erased = 0
    # As they stand now: a decision taken meanwhile keeps its comment's row, and one that comes now waits for us.
    rows = select(Comment).where(Comment.erased_at.is_(None), Comment.id.in_(ids)).with_for_update()
    for comment in session.scalars(rows.execution_options(populate_existing=True)):
        if comment.standing == "pending":  # nobody has decided on it, so nothing needs its row
            session.delete(comment)
            erased += 1
            continue
        comment.name = comment.email = comment.text_source = comment.text_html = comment.set_aside = ""
        comment.sender = None
        comment.fingerprint = "erased " + secrets.token_hex(16)
        comment.erased_at = now
        erased += 1
    session.flush()
    return erased
