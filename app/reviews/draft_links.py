"""A draft is shown to an outsider by a link that ends, which no search engine and no cache may keep."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..letters.models import Letter
from .models import DraftLink

DAYS = (1, 7, 30)
"""How long a link may live."""


def make(session: Session, letter: Letter, *, days: int, by: Person, now: datetime) -> str:
    """A new link; returns what it holds, which is said only here."""
    token = secrets.token_urlsafe(32)
    row = DraftLink(
        letter_id=letter.id, token_hash=_hash(token), made_by_id=by.id, made_at=now, ends_at=now + timedelta(days=days)
    )
    session.add(row)
    session.flush()
    return token


def letter_of(session: Session, token: str, *, now: datetime) -> Letter | None:
    """The letter that a link shows, while it does."""
    good = DraftLink.token_hash == _hash(token), DraftLink.ends_at > now
    return session.scalar(select(Letter).join(DraftLink, DraftLink.letter_id == Letter.id).where(*good))


def of_letter(session: Session, letter: Letter, *, now: datetime) -> list[DraftLink]:
    """Links to a letter that work, the last made first."""
    query = select(DraftLink).where(DraftLink.letter_id == letter.id, DraftLink.ends_at > now)
    return list(session.scalars(query.order_by(DraftLink.made_at.desc(), DraftLink.id.desc())))


def end(session: Session, letter: Letter, link_id: int) -> None:
    """From now on this link shows nothing."""
    session.execute(delete(DraftLink).where(DraftLink.id == link_id, DraftLink.letter_id == letter.id))


def erase_expired(session: Session, *, now: datetime) -> None:
    """Forget links that have ended."""
    session.execute(delete(DraftLink).where(DraftLink.ends_at <= now))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
