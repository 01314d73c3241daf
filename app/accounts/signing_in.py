"""Signing in: one answer for a wrong name and a wrong password, and the same time for both."""

from sqlalchemy.orm import Session

from ..refusals import Refusal
from . import passwords, people
from .models import Person


class WrongNameOrPassword(Refusal):
    """The address or the password is wrong."""


def sign_in(session: Session, *, email: str, password: str) -> Person:
    """The person with this address and password. Raises WrongNameOrPassword for either, and for one who has left."""
    person = people.by_email(session, email)
    kept = person.password_hash if person and person.is_active else None
    if not passwords.matches(password, kept) or person is None:
        raise WrongNameOrPassword
    if passwords.is_outdated(person.password_hash):
        person.password_hash = passwords.hashed(password)
        session.flush()
    return person
