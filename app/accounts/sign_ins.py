"""Where somebody is signed in: each browser is a row, listed to its owner and ended by its owner."""

import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update
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


WHO = (
    select(Person, SignIn.used_at)
    .join(SignIn, SignIn.person_id == Person.id)
    .where(Person.session_key == bindparam("session_key"), Person.left_at.is_(None))
    .where(SignIn.key == bindparam("key"), SignIn.used_at > bindparam("not_before", type_=SignIn.used_at.type))
)
"""(somebody, when something was done there last) by the keys of a cookie (`keys`); nobody once the person left, or one
of the keys ended. Every page of the desk asks it, together with what else they all need, so it is built once."""


def keys(session_key: str, key: str, *, now: datetime) -> dict[str, object]:
    """What `WHO` is asked with."""
    return {"session_key": session_key, "key": key, "not_before": now - FORGOTTEN_AFTER}


def note_use(session: Session, key: str, *, last: datetime | None, now: datetime) -> None:
    """Something was done there. last: when something was done there before, as `WHO` says."""
    if last is None or last < now - NOTED_EVERY:
        session.execute(update(SignIn).where(SignIn.key == key).values(used_at=now))


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
