"""All that waits under one letter, decided as one act in which each comment gets its own decision."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..letters.models import Letter
from . import moderation, waiting
from .models import Comment, Decision, Verdict

MOST = 100
"""Comments on one page."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What the editor means to do with one comment of the page."""

    comment_id: int
    seen: str
    """The digest of what was shown (`moderation.seen_of`)."""
    verdict: Verdict | None
    """None: it waits on."""


@dataclass(slots=True)
class Act:
    """What became of it."""

    published: list[Comment] = field(default_factory=list)
    declined: list[Comment] = field(default_factory=list)
    decided_before: list[tuple[Comment, Decision]] = field(default_factory=list)
    """Left out: another decision stands."""
    changed: list[Comment] = field(default_factory=list)
    """Left out: it is not what the editor saw."""
    gone: int = 0
    """Left out: it was erased, because its sender asked for it."""
    came: list[Comment] = field(default_factory=list)
    """They came in meanwhile, so the editor has not seen them; they wait."""


def decide_together(
    session: Session, letter: Letter, marks: Sequence[Mark], *, by: Person, now: datetime, since: int
) -> Act:
    """Decide each marked comment of the letter, once and for ever, and say what was left out and why.

    since: the greatest id of all comments when the editor was shown these; what has a greater one came in meanwhile.
    The same act sent again is answered as done.
    """
    ids = sorted({mark.comment_id for mark in marks})
    # Locked in their order before any is decided, so that two such acts wait for each other and never in a ring.
    rows = select(Comment).where(Comment.id.in_(ids), Comment.letter_id == letter.id).order_by(Comment.id)
    comments = {one.id: one for one in session.scalars(rows.with_for_update(of=Comment))}
    act = Act()
    for mark in sorted(marks, key=lambda mark: mark.comment_id):
        if mark.verdict is None:
            continue
        comment = comments.get(mark.comment_id)
        if comment is None:
            act.gone += 1
        else:
            _decide(session, comment, mark.verdict, mark.seen, act, by, now)
    act.came = [one for one in waiting.under(session, letter.id, limit=MOST) if one.id > since and one.id not in ids]
    return act


def told(
    session: Session,
    letter: Letter,
    *,
    by: Person,
    done: Sequence[int],
    before: Sequence[int],
    changed: Sequence[int],
    gone: int,
    came: Sequence[int],
) -> Act:
    """What became of an act whose comments these are, read anew: an address claims nothing that the database denies."""
    act = Act(gone=gone)
    for comment, decision in moderation.decisions_on(session, [*done, *before]):
        if comment.letter_id != letter.id:
            continue
        if comment.id in before:
            act.decided_before.append((comment, decision))
        elif decision.by_id == by.id:
            (act.published if decision.verdict == "published" else act.declined).append(comment)
    act.changed = moderation.comments_of(session, letter.id, changed)
    act.came = moderation.comments_of(session, letter.id, came)
    return act


def _decide(
    session: Session, comment: Comment, verdict: Verdict, seen: str, act: Act, by: Person, now: datetime
) -> None:
    done = act.published if verdict == "published" else act.declined
    try:
        moderation.decide(session, comment, verdict, by=by, now=now, seen=seen)
    except moderation.AlreadyDecided as refusal:
        if refusal.decision.by_id == by.id and refusal.decision.verdict == verdict:
            done.append(comment)  # this very act, sent twice
        else:
            act.decided_before.append((comment, refusal.decision))
    except moderation.NotWhatYouSaw:
        act.changed.append(comment)
    else:
        done.append(comment)
