"""Who may sign in to the desk, as what."""

import secrets
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..refusals import Refusal
from ..text.address import address_key
from . import passwords
from .models import Person, Role, SignIn


class AddressTaken(Refusal):
    """Somebody at the desk has this address already."""


class LastEditor(Refusal):
    """The desk needs at least one editor."""


def email_key(email: str) -> str:
    """The address as it is compared."""
    return address_key(email)


def add(session: Session, *, email: str, name: str, role: Role, password: str, now: datetime) -> Person:
    """A new person of the desk. Raises AddressTaken."""
    person = Person(
        email=email.strip(),
        email_key=email_key(email),
        name=name,
        role=role,
        password_hash=passwords.hashed(password),
        session_key=_new_session_key(),
        created_at=now,
    )
    _add(session, person)
    return person


def invite(session: Session, *, email: str, name: str, role: Role, now: datetime) -> Person:
    """A new person, who chooses a password by a mailed key (`mailed_keys`). Raises AddressTaken."""
    person = Person(
        email=email.strip(),
        email_key=email_key(email),
        name=name,
        role=role,
        password_hash="",
        session_key=_new_session_key(),
        created_at=now,
    )
    _add(session, person)
    return person


def _add(session: Session, person: Person) -> None:
    try:
        with session.begin_nested():
            session.add(person)
    except IntegrityError as error:
        raise AddressTaken from error


def by_email(session: Session, email: str) -> Person | None:
    """The person with this address, if any, however it is spelt in large and small letters."""
    return session.scalar(select(Person).where(Person.email_key == email_key(email)))


def by_session_key(session: Session, key: str) -> Person | None:
    """Who a session cookie speaks of; nobody once the key was changed or the person left."""
    return session.scalar(select(Person).where(Person.session_key == key, Person.left_at.is_(None)))


def everyone(session: Session) -> list[Person]:
    """All people of the desk, those who left last."""
    return list(session.scalars(select(Person).order_by(Person.left_at.is_not(None), Person.name, Person.id)))


def set_password(session: Session, person: Person, password: str) -> None:
    """A new password; signs the person out everywhere."""
    person.password_hash = passwords.hashed(password)
    _sign_out_everywhere(session, person)


def set_role(session: Session, person: Person, role: Role) -> None:
    """Another role. Raises LastEditor when no editor would be left."""
    if role != "editor":
        _must_not_be_the_last_editor(session, person)
    person.role = role
    session.flush()


def end_access(session: Session, person: Person, *, now: datetime) -> None:
    """Close the desk to a person and end their sessions. The name stays with the decisions taken. Raises LastEditor."""
    _must_not_be_the_last_editor(session, person)
    person.left_at = now
    _sign_out_everywhere(session, person)


def reopen_access(session: Session, person: Person) -> None:
    """Let a person who had left sign in again."""
    person.left_at = None
    session.flush()


def _must_not_be_the_last_editor(session: Session, person: Person) -> None:
    # Locked, so that of two editors who go at the same moment the second sees that the first has gone.
    editors = select(Person.id).where(Person.role == "editor", Person.left_at.is_(None)).order_by(Person.id)
    if person.role == "editor" and set(session.scalars(editors.with_for_update())) <= {person.id}:
        raise LastEditor


def _sign_out_everywhere(session: Session, person: Person) -> None:
    person.session_key = _new_session_key()
    session.execute(delete(SignIn).where(SignIn.person_id == person.id))
    session.flush()


def _new_session_key() -> str:
    return secrets.token_urlsafe(32)
