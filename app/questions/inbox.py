"""Questions come in, wait, and become letters or are set aside."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..accounts.people import email_key
from ..letters import drafting
from ..letters.drafting import Draft
from ..letters.models import Letter
from ..refusals import Refusal
from ..text import comment as plain_text
from ..text.likeness import fingerprint
from .models import Question

LONGEST_NAME = 80
LONGEST_TEXT = 20_000
"""Characters: a case with two quoted letters has about 2,000."""


class AlreadyALetter(Refusal):
    """A letter was made of this question already."""


def send(session: Session, *, name: str, text: str, email: str = "", now: datetime) -> Question:
    """Keep a reader's question. The same question sent twice is one question, and is returned again."""
    question = Question(
        name=name,
        email=email,
        text_source=text,
        text_html=plain_text.render(text),
        received_at=now,
        fingerprint=fingerprint(name, text),
    )
    try:
        with session.begin_nested():
            session.add(question)
    except IntegrityError:
        return session.scalars(select(Question).where(Question.fingerprint == question.fingerprint)).one()
    return question


def waiting(session: Session, *, limit: int = 200) -> list[Question]:
    """The inbox: questions that are neither a letter nor set aside, newest first."""
    return list(
        session.scalars(
            select(Question)
            .where(Question.set_aside_at.is_(None), ~_has_letter())
            .order_by(Question.received_at.desc(), Question.id.desc())
            .limit(limit)
        )
    )


def waiting_number(session: Session) -> int:
    """How many questions wait in the inbox."""
    query = select(func.count()).select_from(Question).where(Question.set_aside_at.is_(None), ~_has_letter())
    return session.scalar(query) or 0


def set_aside_ones(session: Session, *, limit: int = 200) -> list[Question]:
    """Questions set aside, the latest first."""
    return list(
        session.scalars(
            select(Question)
            .where(Question.set_aside_at.is_not(None))
            .order_by(Question.set_aside_at.desc(), Question.id.desc())
            .limit(limit)
        )
    )


def letter_of(session: Session, question: Question) -> Letter | None:
    """The letter that was made of a question, if any."""
    return session.scalar(select(Letter).where(Letter.question_id == question.id))


def make_letter(session: Session, question: Question, *, language: str, by: Person, now: datetime) -> Letter:
    """A draft that answers this question, with its name and text filled in, for the rubric if there is only one.

    Raises AlreadyALetter, also when another session was first (the UNIQUE key of letters.question_id).
    """
    rubrics, advisers = drafting.rubrics(session), drafting.advisers(session)
    draft = Draft(
        title="",
        asker=question.name,
        language=language,
        question=question.text_source,
        rubric_id=rubrics[0].id if rubrics else None,
        adviser_id=advisers[0].id if advisers else None,
    )
    try:
        with session.begin_nested():
            return drafting.new(session, draft, now=now, by_id=by.id, question_id=question.id)
    except IntegrityError:
        raise AlreadyALetter from None


def set_aside(session: Session, question: Question, *, by: Person, now: datetime) -> None:
    """Out of the inbox, for now: it can be taken back until its retention period ends."""
    question.set_aside_at, question.set_aside_by_id = now, by.id
    session.flush()


def take_back(session: Session, question: Question) -> None:
    """Into the inbox again."""
    question.set_aside_at = question.set_aside_by_id = None
    session.flush()


def erase_expired(session: Session, *, days: int, now: datetime) -> int:
    """Delete questions that became no letter within so many days, and the addresses of those that did (promise 9)."""
    old = Question.received_at <= now - timedelta(days=days)
    for question in session.scalars(select(Question).where(old, _has_letter(), Question.email != "")):
        question.email = ""
    done = session.execute(delete(Question).where(old, ~_has_letter()).execution_options(synchronize_session=False))
    return int(done.rowcount)  # type: ignore[attr-defined]


def erase_by(session: Session, email: str) -> int:
    """Delete a person's questions; one that became a letter stays without name and address. Returns how many."""
    key = email_key(email)
    mine = [q for q in session.scalars(select(Question).where(Question.email != "")) if email_key(q.email) == key]
    for question in mine:
        if letter_of(session, question) is None:
            session.delete(question)
        else:
            question.name = question.email = question.text_source = question.text_html = ""
    session.flush()
    return len(mine)


def _has_letter() -> ColumnElement[bool]:
    return select(Letter.id).where(Letter.question_id == Question.id).exists()
