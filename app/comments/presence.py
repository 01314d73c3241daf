"""Who reads which comment. It is shown to the others and locks nothing: the database settles who decides first."""

from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..accounts.models import Person
from .models import Presence
from .waiting import READING_FOR


def reading(session: Session, person: Person, comment_id: int, *, now: datetime) -> None:
    """The editor is reading this comment, and no other one."""
    row = {"comment_id": comment_id, "seen_at": now}
    try:
        with session.begin_nested():
            done = session.execute(update(Presence).where(Presence.person_id == person.id).values(**row))
            if not done.rowcount:  # type: ignore[attr-defined]
                session.execute(insert(Presence).values(person_id=person.id, **row))
    except IntegrityError:  # the comment is gone, or another window of the same editor was first
        return


def readers(session: Session, comment_ids: list[int], *, but: Person, now: datetime) -> dict[int, str]:
    """{comment's id: another editor who reads it now}."""
    rows = session.execute(
        select(Presence.comment_id, Person.name)
        .join(Person, Person.id == Presence.person_id)
        .where(Presence.comment_id.in_(comment_ids), Person.id != but.id, Presence.seen_at > now - READING_FOR)
        .order_by(Person.name.desc())
    )
    return {comment_id: name for comment_id, name in rows}
