"""The same question, sent by several people, is answered once: duplicates go with one of them."""

from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..refusals import Refusal
from .inbox import has_letter, is_merged, letter_of
from .models import Merging, Question

LOOKED_AT = 500
"""Of the newest questions that wait, so many are compared."""
ALIKE = 0.2
"""The share of words that two questions must have in common to be offered: by Jaccard, of all words of both."""
OFFERED = 5


class AnsweredAlready(Refusal):
    """A letter was made of this question, so it cannot go with another one."""


class MergedMeanwhile(Refusal):
    """The other question went with a third one itself. Merge with that one."""


class IntoItself(Refusal):
    """A question cannot go with itself."""


def merge(session: Session, question: Question, into: Question, *, by: Person, now: datetime) -> None:
    """The question, and whatever went with it, goes with the other from now on.

    Raises IntoItself, AnsweredAlready, MergedMeanwhile.
    """
    if question.id == into.id:
        raise IntoItself
    # Both wait for us, in the order of their numbers: two editors who merge both ways at once do not lose both.
    both = select(Question.id).where(Question.id.in_([question.id, into.id])).order_by(Question.id)
    session.execute(both.with_for_update())
    if letter_of(session, question) is not None:
        raise AnsweredAlready
    if session.get(Merging, into.id, populate_existing=True) is not None:
        raise MergedMeanwhile
    session.execute(update(Merging).where(Merging.into_id == question.id).values(into_id=into.id))
    take_apart(session, question)
    session.add(Merging(question_id=question.id, into_id=into.id, by_id=by.id, made_at=now))
    session.flush()


def take_apart(session: Session, question: Question) -> None:
    """The question stands by itself again."""
    session.execute(delete(Merging).where(Merging.question_id == question.id))


def goes_with(session: Session, question: Question) -> Question | None:
    """The question that this one was merged into, if any."""
    return session.scalar(
        select(Question).join(Merging, Merging.into_id == Question.id).where(Merging.question_id == question.id)
    )


def merged_into(session: Session, question: Question) -> list[Question]:
    """Those that go with this question."""
    query = select(Question).join(Merging, Merging.question_id == Question.id).where(Merging.into_id == question.id)
    return list(session.scalars(query.order_by(Question.received_at, Question.id)))


def asked_by_more(session: Session, questions: list[Question]) -> dict[int, int]:
    """{id: how many go with it} of those questions with which any goes."""
    count = select(Merging.into_id, func.count()).where(Merging.into_id.in_([one.id for one in questions]))
    return {question: number for question, number in session.execute(count.group_by(Merging.into_id))}


def alike(session: Session, question: Question) -> list[Question]:
    """Waiting questions that may be the same as this one, the most alike first."""
    mine = set(question.words.split())
    waiting = select(Question.id, Question.words).where(
        Question.id != question.id, ~has_letter(), ~is_merged(), Question.set_aside_at.is_(None)
    )
    newest = session.execute(waiting.order_by(Question.received_at.desc(), Question.id.desc()).limit(LOOKED_AT))
    shares = {row_id: _share(mine, set(words.split())) for row_id, words in newest}
    some = (one for one, share in shares.items() if share >= ALIKE)
    best = sorted(some, key=lambda one: (-shares[one], one))[:OFFERED]
    rows = {row.id: row for row in session.scalars(select(Question).where(Question.id.in_(best)))}
    return [rows[one] for one in best]


def _share(mine: set[str], theirs: set[str]) -> float:
    return len(mine & theirs) / (len(mine | theirs) or 1)
