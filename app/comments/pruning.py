"""Pruning: a published comment that the discussion no longer needs leaves the site at once and for good (promise 4)."""

import hashlib
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, contains_eager

from ..accounts.models import Person
from ..letters.models import Letter
from ..letters.publishing import BRIEF
from ..refusals import Refusal
from . import reports, weighing
from .models import Comment, Decision, Pruning, Worth
from .reports import Reported
from .thread import published

MUCH = 50
"""Per cent of a comment that another one says, from which on that is a reason to prune it."""


class NotPublished(Refusal):
    """Only a published comment can be pruned."""


class AlreadyPruned(Refusal):
    """This comment has been pruned already."""


class PageChanged(Refusal):
    """The page has changed since you looked. Look at both sides once more, then prune."""


def prune(session: Session, comment: Comment, *, by: Person, now: datetime) -> Pruning:
    """Remove a published comment, once and for good.

    Raises NotPublished or AlreadyPruned, also when another session was first: a foreign key to the published decision
    and the primary key of prunings hold both.
    """
    session.refresh(comment, ["standing"])
    if comment.standing in ("pending", "declined"):
        raise NotPublished
    pruning = Pruning(comment_id=comment.id, by_id=by.id, pruned_at=now)
    try:
        with session.begin_nested():
            session.add(pruning)
    except IntegrityError:
        raise AlreadyPruned from None
    session.expire(comment, ["standing"])
    return pruning


@dataclass(frozen=True, slots=True)
class Candidate:
    """A published comment in the order in which the discussion would miss it, the least first, and why."""

    comment: Comment
    worth: Worth
    nearest: Comment | None
    """The comment that says most of it, while it stands."""
    leaning: tuple[tuple[Comment, str], ...]
    """What leans on it and would dangle: the comment and how (`weighing.Leaning`)."""
    reported: Reported
    """What readers said of it, until now."""


def candidates(
    session: Session, now: datetime, *, older_than: timedelta, letter_id: int | None = None, limit: int, offset: int = 0
) -> list[Candidate]:
    """Comments that were published longer ago than that, of one letter or of all, by what would be lost."""
    query = (
        select(Comment, Worth)
        .join(Worth, Worth.comment_id == Comment.id)
        .join(Comment.decision)
        .join(Comment.letter)
        .where(Comment.standing == "published", Comment.erased_at.is_(None), Decision.decided_at <= now - older_than)
        .options(contains_eager(Comment.letter).options(*BRIEF), contains_eager(Comment.decision))
        .order_by(Worth.loss, Worth.comment_id)
        .limit(limit)
        .offset(offset)
    )
    if letter_id is not None:
        query = query.where(Worth.letter_id == letter_id)
    rows = [(row[0], row[1]) for row in session.execute(query)]
    leaning = _leaning(session, {comment.letter_id for comment, worth in rows if worth.quoted})
    others = {worth.nearest_id for _, worth in rows} | {by for pairs in leaning.values() for by, _ in pairs}
    known = {one.id: one for one in session.scalars(published().where(Comment.id.in_(others - {None})))}
    reported = reports.numbers(session, comment_ids=[comment.id for comment, _ in rows])
    return [
        Candidate(
            comment,
            worth,
            known.get(worth.nearest_id or 0),
            tuple((known[by], how) for by, how in leaning.get(comment.id, []) if by in known),
            reported.get(comment.id, Reported()),
        )
        for comment, worth in rows
    ]


def _leaning(session: Session, letter_ids: set[int]) -> dict[int, list[tuple[int, str]]]:
    """{comment's id: (what leans on it, how)} in these letters' discussions, one by one."""
    found: dict[int, list[tuple[int, str]]] = {}
    for letter_id in sorted(letter_ids):
        for one in weighing.leanings(weighing.discussion(session, letter_id)):
            found.setdefault(one.on_id, []).append((one.by_id, one.how))
    return found


@dataclass(frozen=True, slots=True)
class Sides:
    """A letter's comments as they are, and as they would be without some of them."""

    letter: Letter
    before: list[Comment]
    gone: frozenset[int]
    dangling: dict[int, list[tuple[Comment, str]]]
    """{id of a comment that stays: what it leans on and would lose, and how}."""
    repeated: dict[int, Comment]
    """{id of a comment that goes: the one that says most of the same, and goes too}."""

    @property
    def after(self) -> list[Comment]:
        """What would be left."""
        return [comment for comment in self.before if comment.id not in self.gone]


def sides(session: Session, comment_ids: Collection[int]) -> list[Sides]:
    """What pruning these comments would do to each letter's page. What is not published any more is left out."""
    chosen = session.scalars(published().where(Comment.id.in_(comment_ids))).all()
    letters = sorted({comment.letter_id for comment in chosen})
    return [_sides(session, one, frozenset(c.id for c in chosen if c.letter_id == one)) for one in letters]


def _sides(session: Session, letter_id: int, gone: frozenset[int]) -> Sides:
    thread = published().where(Comment.letter_id == letter_id).order_by(Comment.submitted_at, Comment.id)
    before = {comment.id: comment for comment in session.scalars(thread)}
    dangling: dict[int, list[tuple[Comment, str]]] = {}
    for one in weighing.leanings(weighing.discussion(session, letter_id)):
        if one.on_id in gone and one.by_id not in gone and {one.on_id, one.by_id} <= before.keys():
            dangling.setdefault(one.by_id, []).append((before[one.on_id], one.how))
    worths = session.scalars(select(Worth).where(Worth.comment_id.in_(gone), Worth.nearness >= MUCH))
    repeated = {one.comment_id: before[one.nearest_id] for one in worths if one.nearest_id in gone & before.keys()}
    return Sides(session.get_one(Letter, letter_id), list(before.values()), gone, dangling, repeated)


def seen_of(shown: Sequence[Sides]) -> str:
    """SHA-256 of what an editor was shown before pruning: which comments stand on each page, and which would go."""
    said = [(one.letter.id, [comment.public_id for comment in one.before], sorted(one.gone)) for one in shown]
    return hashlib.sha256(repr(said).encode()).hexdigest()


def prune_together(
    session: Session, comment_ids: Collection[int], *, by: Person, now: datetime, seen: str
) -> list[Comment]:
    """Prune comments that the editor was shown side by side, once and for good; their letters are weighed anew.

    seen: `seen_of` what was shown. Returns those that were pruned; one that another editor prunes at this moment is not
    among them. Raises PageChanged.
    """
    shown = sides(session, comment_ids)
    if seen != seen_of(shown):
        raise PageChanged
    pruned = []
    # In one order, so that two such acts wait for each other and never in a ring.
    for comment in sorted((c for one in shown for c in one.before if c.id in one.gone), key=lambda c: c.id):
        with suppress(AlreadyPruned):
            prune(session, comment, by=by, now=now)
            pruned.append(comment)
    for one in shown:
        weighing.weigh(session, one.letter.id, now=now)
    return pruned
