"""Which letters are like each other: those that share the words which few letters have.

A word weighs more the more often a letter says it and the fewer letters have it (tf-idf: K. Spärck Jones, "A
statistical interpretation of term specificity and its application in retrieval", 1972). Pairs are weighed when a letter
is saved, and kept in both directions; a reader's page only reads them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from heapq import nlargest
from math import log

from sqlalchemy import Connection, delete, event, func, insert, or_, select
from sqlalchemy.orm import Mapper, Session

from ..text.stems import stems
from .index import holders, said
from .models import Letter, Likeness
from .publishing import BRIEF, live

LOOKED_AT = 40
"""Words of a text, those it says most, whose rarity is asked."""
TELLING = 12
"""Words of these, the weightiest, that are compared."""
RARE = 0.2
"""A word that a larger share of letters has tells nothing."""
SHORTEST = 4
"""Letters of a stem: shorter ones are mostly what every text has."""
KEPT = 12
"""Pairs kept for each letter that is saved."""


def compare(connection: Connection, letter_id: int, common: set[str] | None = None) -> None:
    """Weigh a letter against all others that are in the index; a draft is like none.

    common: words that are known to be everybody's, which grow by those found here; for many letters in one go.
    """
    had = set(connection.scalars(select(Likeness.letter_id).where(Likeness.other_id == letter_id)))
    mine = or_(Likeness.letter_id == letter_id, Likeness.other_id == letter_id)
    connection.execute(delete(Likeness).where(mine))
    row = connection.execute(select(Letter.__table__).where(Letter.id == letter_id, Letter.ready)).one_or_none()
    if row is None:
        return
    weights = _nearest(connection, f"{row.title}\n{said(row)}", but=letter_id, common=common)
    nearest = nlargest(KEPT, weights, key=lambda one: (weights[one], one))
    pairs = [(letter_id, one) for one in nearest]
    # Another letter may have this one among its own nearest without being among the nearest of this one.
    pairs += [(one, letter_id) for one in {*nearest, *(had & weights.keys())}]
    rows = [
        {"letter_id": one, "other_id": two, "weight": weights[two if one == letter_id else one]} for one, two in pairs
    ]
    if rows:
        connection.execute(insert(Likeness), rows)


def like(session: Session, text: str, now: datetime, *, limit: int) -> list[Letter]:
    """Letters that readers may see and that are most like a text, in brief, the most like first."""
    weights = _nearest(session.connection(), text)
    likeliest = nlargest(limit * 4, weights, key=lambda one: (weights[one], one))
    letters = session.scalars(live(now).options(*BRIEF).where(Letter.id.in_(likeliest)))
    return nlargest(limit, letters, key=lambda letter: (weights[letter.id], letter.id))


def rebuild(session: Session) -> Iterator[str]:
    """All pairs anew, without a commit; the index must be whole. Yields "likeness" for each letter weighed."""
    common: set[str] = set()
    for letter_id in session.scalars(select(Letter.id).where(Letter.ready).order_by(Letter.id)).all():
        compare(session.connection(), letter_id, common)
        yield "likeness"


def _nearest(
    connection: Connection, text: str, but: int | None = None, common: set[str] | None = None
) -> dict[int, float]:
    """{letter's id: the weight of the words it shares with the text}, for letters in the index."""
    common = set() if common is None else common
    number = connection.scalar(select(func.count()).select_from(Letter).where(Letter.ready)) or 0
    most = max(3, int(number * RARE))
    said_often = Counter(stem for stem in stems(text) if len(stem) >= SHORTEST).most_common(LOOKED_AT)
    telling = []
    for stem, times in said_often:
        if stem in common:
            continue
        found = [one for one in holders(connection, stem, most) if one != but]
        if len(found) > most:
            common.add(stem)
        elif found:
            telling.append(((1 + log(times)) * log(1 + number / len(found)), stem, found))
    weights: dict[int, float] = defaultdict(float)
    for weight, _, found in nlargest(TELLING, telling):
        for one in found:
            weights[one] += weight
    return weights


def _follow(_mapper: Mapper[Letter], connection: Connection, letter: Letter) -> None:
    compare(connection, letter.id)


event.listen(Letter, "after_insert", _follow)
event.listen(Letter, "after_update", _follow)
