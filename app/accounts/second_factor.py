"""The second factor: a code from an app (TOTP, RFC 6238), or one of ten codes on paper when the phone is lost."""

import hashlib
import secrets
from datetime import datetime

import pyotp
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from ..refusals import Refusal
from .models import Person, RecoveryCode

STEP = 30
"""Seconds that a code lives."""
DRIFT = 1
"""Steps by which a phone's clock may be wrong (RFC 6238, 5.2)."""
PAPER_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""What nobody takes for another letter."""


class WrongCode(Refusal):
    """This code is wrong, or it was used already. Wait for the next one."""


def prepare(session: Session, person: Person) -> None:
    """A new key to be put into an app; nothing is asked for until `confirm`. One in force stays as it is."""
    if not person.has_second_factor:
        person.totp_secret = pyotp.random_base32()
        session.flush()


def address(person: Person, issuer: str) -> str:
    """What the app reads from the picture."""
    return pyotp.TOTP(person.totp_secret, interval=STEP).provisioning_uri(name=person.email, issuer_name=issuer)


def confirm(session: Session, person: Person, code: str, *, now: datetime) -> list[str]:
    """From now on a code is asked for; returns the codes for paper, which are said only here. Raises WrongCode."""
    if not person.totp_secret or not _takes(session, person, code, now):
        raise WrongCode
    person.totp_since = now
    return new_paper_codes(session, person)


def new_paper_codes(session: Session, person: Person) -> list[str]:
    """Ten new codes for paper; the old ones are worth nothing any more."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person.id))
    codes = [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(2)) for _ in range(PAPER_CODES)
    ]
    session.add_all(RecoveryCode(person_id=person.id, code_hash=_hash(code)) for code in codes)
    session.flush()
    return codes


def paper_codes_left(session: Session, person: Person) -> int:
    """How many codes on paper are still good."""
    left = select(func.count()).where(RecoveryCode.person_id == person.id, RecoveryCode.used_at.is_(None))
    return session.scalar(left) or 0


def check(session: Session, person: Person, code: str, *, now: datetime) -> None:
    """Take a code of the app or one from paper; each is taken once. Raises WrongCode."""
    if not (_takes(session, person, code, now) or _spends(session, person, code, now)):
        raise WrongCode


def take_off(session: Session, person: Person) -> None:
    """No code is asked for any more."""
    person.totp_secret, person.totp_since, person.totp_step = "", None, 0
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person.id))
    session.flush()


def _takes(session: Session, person: Person, code: str, now: datetime) -> bool:
    """Whether the app shows this code now; the guarded UPDATE takes each step's code once."""
    totp, present = pyotp.TOTP(person.totp_secret, interval=STEP), int(now.timestamp()) // STEP
    typed = "".join(code.split())
    for step in range(present - DRIFT, present + DRIFT + 1):
        if secrets.compare_digest(totp.at(step * STEP).encode(), typed.encode()):
            this = update(Person).where(Person.id == person.id, Person.totp_step < step)
            taken = session.execute(this.values(totp_step=step)).rowcount  # type: ignore[attr-defined]
            session.refresh(person, ["totp_step"])
            return bool(taken == 1)
    return False


def _spends(session: Session, person: Person, code: str, now: datetime) -> bool:
    this = update(RecoveryCode).where(
        RecoveryCode.person_id == person.id, RecoveryCode.code_hash == _hash(code), RecoveryCode.used_at.is_(None)
    )
    return session.execute(this.values(used_at=now)).rowcount == 1  # type: ignore[attr-defined,no-any-return]


def _five_letters() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(5))


def _hash(code: str) -> str:
    """The codes are random, so a quick hash is enough."""
    letters = "".join(c for c in code.casefold() if c.isalnum())
    return hashlib.sha256(letters.encode()).hexdigest()
