"""Selections: letters that an editor puts together, an adviser's on a theme."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from .models import Letter, Selected, Selection, Topic
from .publishing import BRIEF

OFFERED = 100
"""Letters of an adviser on a theme that are offered, the newest first."""


def put_together(session: Session, selection: Selection, names: Sequence[str]) -> list[str]:
    """Give a selection the letters of these names, in this order. Returns the names that no letter has."""
    ids = dict(session.execute(select(Letter.name, Letter.id).where(Letter.name.in_(names))).all())
    session.execute(delete(Selected).where(Selected.selection_id == selection.id))
    for position, name in enumerate(dict.fromkeys(name for name in names if name in ids)):
        session.add(Selected(selection_id=selection.id, letter_id=ids[name], position=position))
    session.flush()
    return [name for name in names if name not in ids]


def letters(session: Session, selection: Selection) -> list[Letter]:
    """A selection's letters in brief, also those that readers do not see yet, in the editor's order."""
    query = select(Letter).options(*BRIEF).join(Selected, Selected.letter_id == Letter.id)
    return list(session.scalars(query.where(Selected.selection_id == selection.id).order_by(Selected.position)))


def offered(session: Session, selection: Selection) -> list[Letter]:
    """Letters with a slot by the selection's adviser, on its theme, that are not in it; the newest first.

    None while it has neither: then it is no theme.
    """
    if selection.adviser_id is None and selection.topic_id is None:
        return []
    inside = select(Selected.letter_id).where(Selected.selection_id == selection.id)
    query = select(Letter).options(*BRIEF).where(Letter.ready, Letter.id.not_in(inside))
    if selection.adviser_id is not None:
        query = query.where(Letter.adviser_id == selection.adviser_id)
    if selection.topic_id is not None:
        query = query.where(Letter.topics.any(Topic.id == selection.topic_id))
    return list(session.scalars(query.order_by(Letter.publish_at.desc()).limit(OFFERED)))


def all_of_them(session: Session) -> list[Selection]:
    """All selections, the newest first."""
    return list(session.scalars(select(Selection).order_by(Selection.id.desc())))
