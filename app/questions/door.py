"""The inbox can be closed for a while, when there are more questions than anybody can read."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..refusals import Refusal
from ..text import comment as plain_text
from .models import Closing

LONGEST_TEXT = 2_000


class InboxClosed(Refusal):
    """The inbox is closed at the moment. Your question was not sent; copy it if you want to keep it."""


class AlreadyClosed(Refusal):
    """Somebody closed the inbox before you."""


def closing(session: Session) -> Closing | None:
    """Why the inbox is closed now; None when it is open."""
    return session.scalar(select(Closing).where(Closing.opened_at.is_(None)))


def close(session: Session, text: str, *, by: Person, now: datetime) -> Closing:
    """No question comes in from now on; readers see the text. Raises AlreadyClosed."""
    row = Closing(text_source=text, text_html=plain_text.render(text), closed_at=now, by_id=by.id)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise AlreadyClosed from None
    return row


def open_again(session: Session, *, now: datetime) -> None:
    """Questions come in again. When it is open already, nothing happens."""
    session.execute(update(Closing).where(Closing.opened_at.is_(None)).values(opened_at=now))
