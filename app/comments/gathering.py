"""Like ones of what waits, put together: the queue's order "by likeness".

Among the WINDOW comments that wait longest, so that a long queue costs no more than a short one; the others follow in
their turn. A list keeps its order while it is read: what was decided since it was begun counts as if it still waited.
Otherwise each decision would move the kin of what was decided, and a page would show some twice and others never.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, false, func, literal, select, text, union_all
from sqlalchemy.orm import Session

from ..accounts.models import Person
from .likeness import by_kin
from .models import LINE, Comment, Decision, Postponement, Sketch

WINDOW = 500
"""Comments among which like ones are put together."""
LONGEST = timedelta(days=1)
"""How long a list is read at most; one that is older is put together anew."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """The comments of the window, like ones together."""

    ids: Sequence[int]
    """All of them, also those that were decided meanwhile or put off by this editor."""
    waiting: frozenset[int]
    """Those of them that this editor is still to be shown."""
    like: frozenset[int]
    """Those of them that are like one before them."""
    last: tuple[datetime, int] | None
    """Behind which the line goes on, one by one."""

    def after(self, moment: datetime, comment_id: int) -> Sequence[int]:
        """What follows a comment; all, when it is known no more: better one seen twice than one never seen."""
        if comment_id in self.ids:
            return self.ids[self.ids.index(comment_id) + 1 :]
        return [] if self.last is None or (moment, comment_id) > self.last else self.ids


def gather(session: Session, person: Person, *, begun: datetime) -> Gathered:
    """What waited in the line when this editor's list was begun."""
    mine = select(Postponement.comment_id).where(
        Postponement.person_id == person.id, Postponement.comment_id == Comment.id
    )
    columns = (Comment.id, Comment.submitted_at, func.coalesce(Sketch.words, literal("", String)).label("words"))
    sketched = select(*columns, (~mine.exists()).label("waits")).outerjoin(Sketch, Sketch.comment_id == Comment.id)
    waiting = sketched.where(text(LINE), Comment.submitted_at <= begun)
    decided = (
        select(*columns, false().label("waits"))
        .outerjoin(Sketch, Sketch.comment_id == Comment.id)
        .join(Decision, Decision.comment_id == Comment.id)
        .where(Decision.decided_at >= begun, Comment.submitted_at <= begun, Comment.set_aside == "")
    )
    oldest = (Comment.submitted_at, Comment.id)
    both = union_all(*(select(part.order_by(*oldest).limit(WINDOW).subquery()) for part in (waiting, decided)))
    rows = sorted(session.execute(both), key=lambda row: (row.submitted_at, row.id))[:WINDOW]
    places = by_kin([row.words for row in rows])
    return Gathered(
        [rows[place].id for place, _ in places],
        frozenset(row.id for row in rows if row.waits),
        frozenset(rows[place].id for place, like in places if like),
        (rows[-1].submitted_at, rows[-1].id) if rows else None,
    )
