"""What each published comment is to its discussion: how much would be lost without it, and why (for pruning).

Worths are kept in rows, so that the whole column can be ranked; triggers mark the letter whose discussion changed
(migration 0014), and it is weighed anew. Nothing here decides: it puts in order what an editor looks at.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..letters.models import Letter
from ..text import signs
from ..text.likeness import FEWEST, likest, said, share, telling, weights
from . import likeness, reports
from .models import Comment, Sketch, Weighing, Worth
from .reports import LIFT, MOST_LIFTS, Reported
from .thread import published

# What a discussion loses with a comment, in parts of 1.
NEW = 0.45
"""What nobody else says, the more of it the longer it is."""
LENGTH = 0.2
SHORT = 15
"""Words below which a comment is called short,"""
LONG = 40
"""and from which on it is long enough to lose nothing by its length."""
EXAMPLE = 0.15
QUOTED = 0.2
"""Another comment quotes it or answers it by name, and would hang in the air."""
ABOUT_IT = 0.5
"""So much of any comment stands in the letter that it is about; what is more is repetition."""
LATER = 0.8
"""What a later comment repeats was said by the earlier one first, so for the earlier one it counts less."""


@dataclass(frozen=True, slots=True)
class Said:
    """A published comment as it is compared."""

    id: int
    public_id: str
    text_source: str
    words: str
    quotes: str
    name_key: str


@dataclass(frozen=True, slots=True)
class Leaning:
    """That a comment leans on another one: it would dangle without it."""

    by_id: int
    on_id: int
    how: str
    """"quotes", "links" (to its address) or "answers" (by name)."""


def weigh(session: Session, letter_id: int, *, now: datetime) -> int:
    """Weigh a letter's published comments anew. Returns how many there are."""
    # First, and before the discussion is read: whoever changes that now waits for us, and then it is due again.
    enlist(session, [letter_id])
    session.execute(update(Weighing).where(Weighing.letter_id == letter_id).values(due=False, weighed_at=now))
    likeness.sketch_letter(session, letter_id)
    letter = session.get_one(Letter, letter_id, populate_existing=True)  # whole, also where a list had it in brief
    comments = discussion(session, letter_id)
    reported = reports.numbers(session, letter_id=letter_id)
    session.execute(delete(Worth).where(Worth.letter_id == letter_id))
    rows = [
        {"comment_id": comment.id, "letter_id": letter_id, **_less(worth, reported.get(comment.id))}
        for comment, worth in zip(comments, _worths(comments, likeness.of_letter(letter)), strict=True)
    ]
    if rows:
        session.execute(insert(Worth), rows)
    return len(rows)


def enlist(session: Session, letter_ids: Sequence[int]) -> None:
    """Let it be known of these letters whether they have to be weighed."""
    known = set(session.scalars(select(Weighing.letter_id).where(Weighing.letter_id.in_(letter_ids))))
    for letter_id in letter_ids:
        if letter_id not in known:
            with suppress(IntegrityError), session.begin_nested():  # another worker does the same
                session.execute(insert(Weighing).values(letter_id=letter_id, due=True))


def due(session: Session, *, limit: int) -> list[int]:
    """Ids of letters with published comments that have to be weighed, those that went out last first."""
    query = (
        select(Letter.id)
        .where(
            ~select(Weighing.letter_id).where(Weighing.letter_id == Letter.id, ~Weighing.due).exists(),
            published().with_only_columns(Comment.id).where(Comment.letter_id == Letter.id).exists(),
        )
        .order_by(Letter.publish_at.desc(), Letter.id.desc())
        .limit(limit)
    )
    return list(session.scalars(query))


def rebuild(session: Session, *, now: datetime) -> Iterator[str]:
    """Weigh every letter that has to be, without a commit. Yields "weighed" for each."""
    while some := due(session, limit=500):
        for letter_id in some:
            weigh(session, letter_id, now=now)
            yield "weighed"


def discussion(session: Session, letter_id: int) -> list[Said]:
    """A letter's published comments as they are compared, oldest first."""
    query = (
        published()
        .with_only_columns(
            *(Comment.id, Comment.public_id, Comment.text_source, Sketch.words, Sketch.quotes, Sketch.name_key)
        )
        .join(Sketch, Sketch.comment_id == Comment.id)
        .where(Comment.letter_id == letter_id)
        .order_by(Comment.submitted_at, Comment.id)
    )
    return [Said(*row) for row in session.execute(query)]


def leanings(comments: Sequence[Said]) -> list[Leaning]:
    """Which comments of one discussion lean on which: by words that they quote, an address, or a name at their head.

    comments: oldest first; a comment leans on an earlier one.
    """
    found: dict[tuple[int, int], str] = {}
    places = {comment.public_id: place for place, comment in enumerate(comments)}
    texts = [f" {comment.words} " for comment in comments]
    holders: dict[str, list[int]] = {}
    first_names: dict[str, int] = {}
    for place, comment in enumerate(comments):
        for quote in comment.quotes.splitlines():
            on = places.get(quote[1:]) if quote.startswith("#") else _original(quote, texts, holders)
            if on is not None and on < place:
                found.setdefault((place, on), "links" if quote.startswith("#") else "quotes")
        called = first_names.get(comment.words.split(" ", 1)[0])
        if called is not None and comments[called].name_key != comment.name_key:
            found.setdefault((place, called), "answers")
        if comment.name_key:
            first_names[_first_name(comment.name_key)] = place
        for word in set(comment.words.split()):
            holders.setdefault(word, []).append(place)
    return [Leaning(comments[by].id, comments[on].id, how) for (by, on), how in found.items()]


def _original(quote: str, texts: Sequence[str], holders: Mapping[str, list[int]]) -> int | None:
    """The latest of these texts that says what is quoted. Only those that have its rarest word are looked at."""
    places = min((holders.get(word, []) for word in quote.split()), key=len)
    return next((place for place in reversed(places) if f" {quote} " in texts[place]), None)


def _first_name(name_key: str) -> str:
    return " ".join(said(name_key)[:1])


def _less(worth: dict[str, Any], reported: Reported | None) -> dict[str, Any]:
    number = reported.spent + reported.harmful if reported else 0
    return {**worth, "reported": number, "loss": worth["loss"] - LIFT * min(number, MOST_LIFTS)}


def _worths(comments: Sequence[Said], letter: str) -> Iterator[dict[str, Any]]:
    texts = [telling(comment.words.split()) for comment in comments]
    of_letter = telling(letter.split())
    weight = weights([*texts, of_letter])
    leaned_on = [leaning.on_id for leaning in leanings(comments)]
    for place, (comment, text, found) in enumerate(zip(comments, texts, likest(texts), strict=True)):
        nearest, nearness = found if found and len(text) >= FEWEST else (None, 0.0)
        in_letter = share(text, of_letter, weight)
        words, quoted = len(comment.words.split()), leaned_on.count(comment.id)
        example = signs.gives_example(comment.text_source)
        repeated = max(
            nearness * (LATER if nearest is not None and nearest > place else 1),
            (in_letter - ABOUT_IT) / (1 - ABOUT_IT),
        )
        length = min(words, LONG) / LONG
        loss = (NEW * (1 - repeated) + LENGTH) * length + EXAMPLE * example + QUOTED * (quoted > 0)
        yield {
            "loss": round(loss, 6),
            "nearest_id": comments[nearest].id if nearest is not None else None,
            "nearness": round(100 * nearness),
            "in_letter": round(100 * in_letter),
            "words": words,
            "example": example,
            "quoted": quoted,
        }
