"""Erasing a person on request (promise 9): one verb for all rooms."""

from datetime import datetime

from sqlalchemy.orm import Session

from ..comments import retention, same_address
from ..courses import waitlist
from ..questions import retention as questions_retention


def erase(session: Session, email: str, *, secret_key: str, now: datetime) -> dict[str, int]:
    """Erase what was sent with this address, everywhere. Returns how many of each kind.

    secret_key: the one with which the senders of comments were hashed (comments/same_address.py).
    """
    return {
        "comments": retention.erase_by(session, email, sender=same_address.sender_of(email, secret_key), now=now),
        "questions": questions_retention.erase_by(session, email),
        "addresses": waitlist.erase_by(session, email, now=now),
    }
