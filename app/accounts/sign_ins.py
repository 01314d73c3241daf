"""Where somebody is signed in: each browser is a row, listed to its owner and ended by its owner."""

import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from .models import Person, SignIn

FORGOTTEN_AFTER = timedelta(days=90)
"""A browser in which nothing was done for so long is signed out."""
NOTED_EVERY = timedelta(minutes=5)

# In this order: Edge and Opera call themselves Chrome as well, and all of them Safari.
_BROWSERS = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("YaBrowser", "Yandex"), ("Firefox", "Firefox"), ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip


def begin(session: Session, person: Person, user_agent: str, *, now: datetime) -> str:
    """Somebody signed in here; returns the key for the cookie."""
    row = SignIn(person_id=person.id, key=secrets.token_urlsafe(32), device=device(user_agent), since=now, used_at=now)
    session.add(row)
    session.flush()
    return row.key


def who(session: Session, session_key: str, key: str, *, now: datetime) -> Person | None:
    """Who a cookie with these two keys speaks of; nobody once the person left, or one of the keys ended."""
    query = select(Person).join(SignIn, SignIn.person_id == Person.id)
    query = query.where(Person.session_key == session_key, Person.left_at.is_(None))
    return session.scalar(query.where(SignIn.key == key, SignIn.used_at > now - FORGOTTEN_AFTER))


def note_use(session: Session, key: str, *, now: datetime) -> None:
    """Something was done there."""
    late = SignIn.used_at < now - NOTED_EVERY
    session.execute(update(SignIn).where(SignIn.key == key, late).values(used_at=now))


def of_person(session: Session, person: Person, *, now: datetime) -> list[SignIn]:
    """Where this person is signed in, the last used first."""
    fresh = SignIn.used_at > now - FORGOTTEN_AFTER
    query = select(SignIn).where(SignIn.person_id == person.id, fresh)
    return list(session.scalars(query.order_by(SignIn.used_at.desc(), SignIn.id.desc())))


def end(session: Session, person: Person, sign_in_id: int) -> None:
    """Sign out one browser of this person; of nobody else."""
    session.execute(delete(SignIn).where(SignIn.id == sign_in_id, SignIn.person_id == person.id))


def end_by_key(session: Session, key: str) -> None:
    """Sign out the browser that has this key."""
    session.execute(delete(SignIn).where(SignIn.key == key))


def end_others(session: Session, person: Person, key: str) -> None:
    """Sign out every browser of this person but the one with this key."""
    session.execute(delete(SignIn).where(SignIn.person_id == person.id, SignIn.key != key))


def erase_expired(session: Session, *, now: datetime) -> None:
    """Forget browsers in which nothing was done for long."""
    session.execute(delete(SignIn).where(SignIn.used_at <= now - FORGOTTEN_AFTER))


def device(user_agent: str) -> str:
    """What a browser calls itself, as a person would: "Firefox, Linux"; "" when it says nothing that we know."""
    browser = next((name for mark, name in _BROWSERS if re.search(rf"\b{mark}", user_agent)), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return ", ".join(part for part in (browser, system) if part)
