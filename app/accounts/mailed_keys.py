"""Links by mail with which somebody chooses a password: an invitation, or a reset. Each works once, for a time."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from ..refusals import Refusal
from . import people
from .models import MailedKey, Person

RESET_LIVES = timedelta(hours=1)
INVITATION_LIVES = timedelta(days=7)
KEPT = timedelta(days=30)
"""How long a key that works no more is kept."""


class KeyIsSpent(Refusal):
    """This link has been used, or its time is over. Ask for another one."""


def invitation(session: Session, person: Person, *, now: datetime) -> MailedKey:
    """A key for somebody who has no password yet."""
    return _make(session, person, "invitation", now + INVITATION_LIVES, now)


def reset(session: Session, person: Person, *, now: datetime) -> MailedKey:
    """A key for somebody who forgot the password; it lives an hour."""
    return _make(session, person, "reset", now + RESET_LIVES, now)


def _make(session: Session, person: Person, purpose: str, ends_at: datetime, now: datetime) -> MailedKey:
    key = MailedKey(person_id=person.id, purpose=purpose, made_at=now, ends_at=ends_at)
    session.add(key)
    session.flush()
    return key


def token(session: Session, key: MailedKey) -> str:
    """What the link holds, made when its mail is written; writing it again makes the former one worthless."""
    token = secrets.token_urlsafe(32)
    key.token_hash = _hash(token)
    session.flush()
    return token


def holder(session: Session, token: str, *, now: datetime) -> Person:
    """Whose key this is, while it works. Raises KeyIsSpent."""
    good = select(Person).join(MailedKey, MailedKey.person_id == Person.id).where(*_good(token, now))
    person = session.scalar(good.where(Person.left_at.is_(None)))
    if person is None:
        raise KeyIsSpent
    return person


def use(session: Session, token: str, password: str, *, now: datetime) -> Person:
    """The password that was chosen; signs its owner out everywhere. The guarded UPDATE lets it happen once.

    All other keys of this person work no more. Raises KeyIsSpent.
    """
    person = holder(session, token, now=now)
    used = session.execute(update(MailedKey).where(*_good(token, now)).values(used_at=now))
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise KeyIsSpent
    others = update(MailedKey).where(MailedKey.person_id == person.id, MailedKey.used_at.is_(None))
    session.execute(others.values(used_at=now))
    people.set_password(session, person, password)
    return person


def erase_expired(session: Session, *, now: datetime) -> None:
    """Forget keys that have not worked for long."""
    session.execute(delete(MailedKey).where(MailedKey.ends_at <= now - KEPT))


def _good(token: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return MailedKey.token_hash == _hash(token), MailedKey.used_at.is_(None), MailedKey.ends_at > now


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
