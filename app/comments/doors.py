"""Shut doors when needed: comments of one letter are closed, and opened again."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from ..letters.models import Letter


def close(session: Session, letter: Letter, *, now: datetime) -> bool:
    """The letter takes no more comments; what waits under it is decided as ever. False: it was closed."""
    return _set(session, letter, False, now)


def open_again(session: Session, letter: Letter, *, now: datetime) -> bool:
    """The letter takes comments. False: it took them."""
    return _set(session, letter, True, now)


def _set(session: Session, letter: Letter, takes: bool, now: datetime) -> bool:
    # The version goes up, so that a form of the letter that is open somewhere does not undo this without a word.
    done = session.execute(
        update(Letter)
        .where(Letter.id == letter.id, Letter.takes_comments.is_not(takes))
        .values(takes_comments=takes, version=Letter.version + 1, updated_at=now)
        .execution_options(synchronize_session=False)
    )
    session.expire(letter)
    return bool(done.rowcount)  # type: ignore[attr-defined]
