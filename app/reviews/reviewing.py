"""A writer says that a letter is ready for other eyes; an editor remarks on passages, and returns or accepts it."""

import re
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from ..accounts.models import Person
from ..letters.drafting import PARTS
from ..letters.models import Letter
from ..mail import delivery
from ..mail.messages import Letterhead, Mail
from ..mail.models import Delivery
from ..refusals import Refusal
from .models import Mark, Outcome, Review

LONGEST_WORD = 5_000


class AlreadyAsked(Refusal):
    """The letter waits for an editor’s eyes already."""


class NothingAsked(Refusal):
    """Nobody waits for an answer about this letter any more: another editor was first."""


class PassageIsGone(Refusal):
    """The passage was changed meanwhile. Your remark is below; put it where it belongs now."""


def ask(session: Session, letter: Letter, *, by: Person, now: datetime) -> Review:
    """The letter is ready for an editor's eyes. Raises AlreadyAsked, also when another session was first."""
    review = Review(letter_id=letter.id, asked_by_id=by.id, asked_at=now)
    try:
        with session.begin_nested():
            session.add(review)
    except IntegrityError:
        raise AlreadyAsked from None
    return review


def settle(session: Session, letter: Letter, outcome: Outcome, word: str, *, by: Person, now: datetime) -> Review:
    """An editor accepts or returns it, and who asked hears by mail. Raises NothingAsked when another was first."""
    review = open_one(session, letter)
    if review is None:
        raise NothingAsked
    settled = session.execute(
        update(Review)
        .where(Review.id == review.id, Review.outcome.is_(None))
        .values(outcome=outcome, word=word, settled_by_id=by.id, settled_at=now)
    )
    if settled.rowcount != 1:  # type: ignore[attr-defined]
        raise NothingAsked
    session.refresh(review)
    if review.asked_by_id != by.id:
        delivery.put(session, "reviewed", about_id=review.id, once=f"reviewed {review.id}", now=now)
    return review


def open_one(session: Session, letter: Letter) -> Review | None:
    """What was asked and not answered yet."""
    return session.scalar(select(Review).where(Review.letter_id == letter.id, Review.outcome.is_(None)))


def all_of(session: Session, letter: Letter) -> list[Review]:
    """Every review of a letter, the latest first."""
    query = select(Review).where(Review.letter_id == letter.id).order_by(Review.asked_at.desc(), Review.id.desc())
    return list(session.scalars(query.options(joinedload(Review.asked_by), joinedload(Review.settled_by))))


def latest(session: Session, letters: Iterable[Letter]) -> dict[int, Review]:
    """{letter's id: its last review}, of those that had one."""
    query = select(Review).where(Review.letter_id.in_([one.id for one in letters])).order_by(Review.asked_at, Review.id)
    rows = session.scalars(query.options(joinedload(Review.asked_by), joinedload(Review.settled_by)))
    return {row.letter_id: row for row in rows}


def waiting(session: Session) -> list[Review]:
    """Letters that wait for an editor's eyes, the longest waiting first."""
    query = select(Review).where(Review.outcome.is_(None)).order_by(Review.asked_at, Review.id)
    return list(session.scalars(query.options(joinedload(Review.letter), joinedload(Review.asked_by))))


def passages(letter: Letter) -> dict[str, list[str]]:
    """{part: its passages in Markdown}: what stands between empty lines."""
    return {
        part: [one.strip("\n") for one in re.split(r"\n\s*\n", getattr(letter, f"{part}_source")) if one.strip()]
        for part in PARTS
    }


def mark(session: Session, letter: Letter, passage: str, text: str, *, by: Person, now: datetime) -> Mark:
    """A remark on a passage that stands in the letter. Raises PassageIsGone."""
    if not any(passage in some for some in passages(letter).values()):
        raise PassageIsGone
    row = Mark(letter_id=letter.id, passage=passage, text=text, by_id=by.id, made_at=now)
    session.add(row)
    session.flush()
    return row


def marks(session: Session, letter: Letter) -> list[Mark]:
    """Remarks that nobody has done yet, in the order of writing."""
    query = select(Mark).where(Mark.letter_id == letter.id, Mark.done_at.is_(None))
    return list(session.scalars(query.order_by(Mark.made_at, Mark.id)))


def done(session: Session, row: Mark, *, by: Person, now: datetime) -> None:
    """The remark was dealt with. Twice is once."""
    this = update(Mark).where(Mark.id == row.id, Mark.done_at.is_(None))
    session.execute(this.values(done_at=now, done_by_id=by.id))


def reviewed(session: Session, claimed: Delivery, letterhead: Letterhead) -> Mail | None:
    """The mail to who asked; None when that person has left."""
    review = session.get(Review, claimed.about_id)
    if review is None or not review.asked_by.is_active:
        return None
    address = f"{letterhead.base_url}/desk/letters/{review.letter_id}/review"
    return Mail(to=review.asked_by.email, values={"review": review, "address": address})
