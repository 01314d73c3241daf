"""Questions come in, wait, are shortlisted, become letters or are set aside."""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..letters import drafting
from ..letters.drafting import Draft
from ..letters.models import Letter
from ..refusals import Refusal
from ..text import comment as plain_text
from ..text.likeness import fingerprint
from ..text.stems import stems
from .door import InboxClosed, closing
from .models import Contact, Merging, Note, Question, Shortlisting

LONGEST_NAME = 80
LONGEST_TEXT = 20_000
"""Characters: a case with two quoted letters has about 2,000."""
LONGEST_NOTE = 5_000
PER_PAGE = 30

Standing = Literal["new", "shortlisted", "answered", "aside"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)


class AlreadyALetter(Refusal):
    """A letter was made of this question already."""


def send(session: Session, *, name: str, text: str, email: str = "", now: datetime) -> Question:
    """Keep a question whose sender agreed that it is published. The same question sent twice is one question.

    Raises InboxClosed.
    """
    if closing(session) is not None:
        raise InboxClosed
    question = Question(
        name=name,
        text_source=text,
        text_html=plain_text.render(text),
        words=words_of(name, text),
        received_at=now,
        consented_at=now,
        fingerprint=fingerprint(name, text),
    )
    try:
        with session.begin_nested():
            session.add(question)
    except IntegrityError:
        question = session.scalars(select(Question).where(Question.fingerprint == question.fingerprint)).one()
    if email and session.get(Contact, question.id) is None:
        session.add(Contact(question_id=question.id, email=email))
        session.flush()
    return question


def words_of(name: str, text: str) -> str:
    """What a question is found by: its stems, each once, between spaces."""
    return f" {' '.join(dict.fromkeys(stems(f'{name} {text}')))} "


def listed(session: Session, standing: Standing, *, page: int = 1) -> tuple[list[Question], bool]:
    """(a page of the questions that stand so, newest first; whether there are more)."""
    return _page(session, select(Question).where(standing_is(standing)), page)


def found(session: Session, text: str, *, page: int = 1) -> tuple[list[Question], bool]:
    """(a page of the questions that say these words in any form, however they stand; whether there are more).

    A scan, on purpose: an inbox has thousands of questions, and `words` is short.
    """
    query = select(Question)
    for stem in stems(text):
        query = query.where(Question.words.contains(f" {stem} "))
    return _page(session, query, page)


def _page(session: Session, query: Select[Question], page: int) -> tuple[list[Question], bool]:
    rows = session.scalars(
        query.order_by(Question.received_at.desc(), Question.id.desc())
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE + 1)
    ).all()
    return list(rows[:PER_PAGE]), len(rows) > PER_PAGE


def numbers(session: Session) -> dict[str, int]:
    """How many questions stand how."""
    counts = (select(func.count()).select_from(Question).where(standing_is(one)).scalar_subquery() for one in STANDINGS)
    return dict(zip(STANDINGS, session.execute(select(*counts)).one(), strict=True))


def standing_is(standing: Standing) -> ColumnElement[bool]:
    """That a question stands so. A merged one stands nowhere: it goes with the other."""
    on_the_list = exists().where(Shortlisting.question_id == Question.id)
    waits = and_(~has_letter(), Question.set_aside_at.is_(None))
    return and_(
        ~is_merged(),
        {
            "new": and_(waits, ~on_the_list),
            "shortlisted": and_(waits, on_the_list),
            "answered": has_letter(),
            "aside": and_(~has_letter(), Question.set_aside_at.is_not(None)),
        }[standing],
    )


def standing_of(session: Session, question: Question) -> Standing | None:
    """How a question stands; None when it is merged into another."""
    this = select(*(standing_is(one) for one in STANDINGS)).select_from(Question).where(Question.id == question.id)
    answers = dict(zip(STANDINGS, session.execute(this).one(), strict=True))
    return next((one for one, is_so in answers.items() if is_so), None)


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


def shortlist(session: Session, question: Question, *, by: Person, now: datetime) -> None:
    """Among those that are likely to become letters, and out of those set aside. Twice is once."""
    question.set_aside_at = question.set_aside_by_id = None
    if session.get(Shortlisting, question.id) is None:
        session.add(Shortlisting(question_id=question.id, by_id=by.id, made_at=now))
    session.flush()


def back_to_new(session: Session, question: Question) -> None:
    """Neither shortlisted nor set aside any more."""
    question.set_aside_at = question.set_aside_by_id = None
    session.execute(delete(Shortlisting).where(Shortlisting.question_id == question.id))
    session.flush()


def set_aside(session: Session, question: Question, *, by: Person, now: datetime) -> None:
    """Out of the inbox, for now: it can be taken back until its retention period ends."""
    session.execute(delete(Shortlisting).where(Shortlisting.question_id == question.id))
    question.set_aside_at, question.set_aside_by_id = now, by.id
    session.flush()


def note(session: Session, question: Question, text: str, *, by: Person, now: datetime) -> Note:
    """Tell the others of the desk something about a question."""
    note = Note(question_id=question.id, by_id=by.id, text=text, written_at=now)
    session.add(note)
    session.flush()
    return note


def notes(session: Session, question: Question) -> list[Note]:
    """What was noted about a question, in the order of writing."""
    return list(session.scalars(select(Note).where(Note.question_id == question.id).order_by(Note.written_at, Note.id)))


def noted(session: Session, questions: list[Question]) -> dict[int, int]:
    """{id: how many notes} of those questions that have any."""
    count = select(Note.question_id, func.count()).where(Note.question_id.in_([one.id for one in questions]))
    return {question: number for question, number in session.execute(count.group_by(Note.question_id))}


def has_letter() -> ColumnElement[bool]:
    """That a letter was made of a question."""
    return exists().where(Letter.question_id == Question.id)


def is_merged() -> ColumnElement[bool]:
    """That a question goes with another one."""
    return exists().where(Merging.question_id == Question.id)
