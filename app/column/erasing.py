"""Erasing a person on request (promise 9): one verb for all rooms."""

from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from ..accounts.people import email_key
from ..comments import retention, same_address
from ..comments.models import Comment
from ..courses import waitlist
from ..courses.models import Subscriber
from ..mail.models import Delivery
from ..questions import retention as questions_retention
from ..questions.models import Contact
from .models import ErasureKey


def erase(session: Session, email: str, *, secret_key: str, now: datetime) -> dict[str, int]:
    """Erase what was sent with this address, everywhere. Returns how many of each kind.

    secret_key: the one with which the senders of comments were hashed (comments/same_address.py).
    """
    done = {
        "comments": retention.erase_by(session, email, sender=sender_of(email, secret_key), now=now),
        "questions": questions_retention.erase_by(session, email),
        "addresses": waitlist.erase_by(session, email, now=now),
    }
    session.execute(delete(ErasureKey).where(ErasureKey.email_key == email_key(email)))
    # Mails that are to no subscriber are few; what a server answered about one may name its address.
    named = func.lower(Delivery.reply).contains(email.lower(), autoescape=True)
    answers = update(Delivery).where(Delivery.subscriber_id.is_(None), Delivery.reply != "", named)
    session.execute(answers.values(reply="").execution_options(synchronize_session=False))
    return done


def is_known(session: Session, email: str, sender: str) -> bool:
    """Would `erase` find anything. sender: what `sender_of` says of the address."""
    key = email_key(email)
    if session.scalar(select(Subscriber.id).where(Subscriber.email_key == key).limit(1)) is not None:
        return True
    if sender and session.scalar(select(Comment.id).where(Comment.sender == sender).limit(1)) is not None:
        return True
    kept = select(Comment.email).where(Comment.email != "", Comment.erased_at.is_(None))
    left = select(Contact.email)
    return any(email_key(other) == key for query in (left, kept) for other in session.scalars(query))


def sender_of(email: str, secret_key: str) -> str | None:
    """The keyed hash that stays of a commenter's address."""
    return same_address.sender_of(email, secret_key)
