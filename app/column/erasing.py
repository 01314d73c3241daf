"""Erasing a person on request (promise 9): one verb for all rooms."""

from datetime import datetime

from sqlalchemy.orm import Session

from ..comments import retention
from ..courses import waitlist
from ..questions import retention as questions_retention


def erase(session: Session, email: str, *, now: datetime) -> dict[str, int]:
    """Erase what was sent with this address, everywhere. Returns how many of each kind."""
    return {
        "comments": retention.erase_by(session, email, now=now),
        "questions": questions_retention.erase_by(session, email),
        "addresses": waitlist.erase_by(session, email, now=now),
    }
