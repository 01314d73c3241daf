"""An editor puts a comment off: to the end of the own queue, or on the pile of those that may be something.

It changes nothing for the other editors, and decides nothing.
"""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..accounts.models import Person
from .models import Comment, Pile, Postponement


def postpone(session: Session, comment: Comment, pile: Pile, *, by: Person, now: datetime) -> None:
    """Skip the comment, or lay it on the pile; what was put off before is put off anew."""
    take_up(session, comment, by=by)
    row = Postponement(person_id=by.id, comment_id=comment.id, pile=pile, postponed_at=now)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # the same editor, in another window, at the same moment
        return


def take_up(session: Session, comment: Comment, *, by: Person) -> None:
    """The comment waits in its turn again for this editor."""
    session.execute(delete(Postponement).where(Postponement.person_id == by.id, Postponement.comment_id == comment.id))


def forget_decided(session: Session) -> int:
    """Nobody comes back to a comment that was decided. Returns how many rows went."""
    decided = select(Comment.id).where(Comment.id == Postponement.comment_id, Comment.standing != "pending")
    done = session.execute(delete(Postponement).where(decided.exists()).execution_options(synchronize_session=False))
    return int(done.rowcount)  # type: ignore[attr-defined]
