"""Questions and addresses are not kept for ever (promise 9)."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ..accounts.people import email_key
from .inbox import has_letter, letter_of
from .models import Contact, Note, Question


def erase_expired(session: Session, *, days: int, now: datetime) -> int:
    """Delete questions that became no letter within so many days, and the addresses of those that did."""
    old = Question.received_at <= now - timedelta(days=days)
    answered = select(Question.id).where(old, has_letter())
    session.execute(
        delete(Contact).where(Contact.question_id.in_(answered)).execution_options(synchronize_session=False)
    )
    done = session.execute(delete(Question).where(old, ~has_letter()).execution_options(synchronize_session=False))
    return int(done.rowcount)  # type: ignore[attr-defined]


def erase_by(session: Session, email: str) -> int:
    """Delete a person's questions; one that became a letter stays without name and address. Returns how many."""
    key = email_key(email)
    mine = [contact for contact in session.scalars(select(Contact)) if email_key(contact.email) == key]
    for contact in mine:
        question = session.get_one(Question, contact.question_id)
        session.delete(contact)
        session.flush()
        if letter_of(session, question) is None:
            session.delete(question)
        else:
            question.name = question.text_source = question.text_html = question.words = ""
            session.execute(delete(Note).where(Note.question_id == question.id))
    session.flush()
    return len(mine)
