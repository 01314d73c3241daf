"""Does a comment look like those that this desk declines? Learned from the desk's own decisions and from nothing else.

For every sign of a comment (a word, a link, capitals) it is kept how often comments with it were published or declined.
The most telling signs of a new one are put together as if they did not depend on each other (naive Bayes, with as few
signs as P. Graham's "A Plan for Spam", 2002), for a desk that would publish one in two: that most comments are declined
here makes none of them spam. It shows what it found and never decides, orders or hides; it is off until the desk has
taken ENOUGH decisions. It knows no names.

It is learned anew from the texts that are still there, so what was erased is forgotten (promise 9).
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from math import log

from sqlalchemy import Select, delete, insert, select
from sqlalchemy.orm import Session

from ..text import signs as seen
from ..text.likeness import forms, telling
from .models import Comment, Decision, Sketch, SpamSign

ENOUGH = 200
"""Decisions."""
ENOUGH_OF_EACH = 20
"""Published ones and declined ones: with one kind alone there is nothing to tell apart."""
LEARNED_FROM = 5000
"""Decisions, the latest."""
FEWEST = 3
"""Comments that must have had a sign, or it is chance, and may be somebody's name or number."""
LOOKED_AT = 12
"""Signs of a comment, the most telling ones, that are put together."""
LIKELY = 3.0
"""Log odds above which it is said: 20 to 1."""
SHOWN = 4
"""Signs that are given as reasons."""
ALL = ""
"""Stands for all comments among the signs."""

Learned = dict[str, tuple[int, int]]
"""{sign: how many comments with it were published, declined}."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A sign of a comment, and what the desk decided on comments that had it."""

    kind: str
    what: str
    declined: int
    decided: int


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the desk's own decisions say of a comment."""

    learned_from: int
    enough: int
    """From how many decisions on it is on."""
    is_on: bool
    likely: bool
    reasons: tuple[Reason, ...]


def signs_of(source: str, words: Iterable[str]) -> set[str]:
    """The signs of a comment. words: what it says, as its sketch keeps it."""
    hosts = seen.hosts(source)
    found = {f"word:{word}"[:120] for word in telling(words)}
    found |= {f"link:{host}"[:120] for host in hosts}
    found |= {"links:"} if hosts else set()
    return found | ({"capitals:"} if seen.shouts(source) else set())


def learn(session: Session) -> int:
    """Learn from the latest decisions of the desk. Returns from how many."""
    query = (
        select(Decision.verdict, Comment.text_source, Sketch.words)
        .join(Comment, Comment.id == Decision.comment_id)
        .join(Sketch, Sketch.comment_id == Comment.id)
        .where(Decision.by_id.is_not(None))
        .order_by(Decision.decided_at.desc(), Decision.comment_id.desc())
        .limit(LEARNED_FROM)
    )
    published, declined = Counter[str](), Counter[str]()
    for verdict, source, words in session.execute(query):
        count = published if verdict == "published" else declined
        count.update({ALL} | signs_of(source, words.split()))
    rows = {
        sign: (published[sign], declined[sign])
        for sign in {*published, *declined}
        if sign == ALL or published[sign] + declined[sign] >= FEWEST
    }
    everything = select(SpamSign).with_only_columns(SpamSign.sign, SpamSign.published, SpamSign.declined)
    if rows != {sign: (one, other) for sign, one, other in session.execute(everything)}:
        session.execute(delete(SpamSign))
        if rows:
            new = [{"sign": sign, "published": one, "declined": other} for sign, (one, other) in rows.items()]
            session.execute(insert(SpamSign), new)
    return published[ALL] + declined[ALL]


def learned(signs: Collection[str]) -> Select[str, int, int]:
    """What was learned of these signs, and of how many decisions: the rows of `Learned`."""
    columns = (SpamSign.sign, SpamSign.published, SpamSign.declined)
    return select(SpamSign).with_only_columns(*columns).where(SpamSign.sign.in_(sorted({ALL, *signs})))


def opinion(signs: set[str], learned: Learned, source: str) -> Opinion:
    """What the desk's decisions say of a comment with these signs. source: its text."""
    published, declined = learned.get(ALL, (0, 0))
    if published + declined < ENOUGH or min(published, declined) < ENOUGH_OF_EACH:
        return Opinion(published + declined, ENOUGH, False, False, ())

    def tells(sign: str) -> float:
        """How much likelier a declined comment has this sign than a published one (log)."""
        there, not_there = learned[sign]
        return log((not_there + 0.5) / (declined + 1)) - log((there + 0.5) / (published + 1))

    found = signs & learned.keys()
    telling_most = sorted(found, key=lambda sign: (-abs(tells(sign)), sign))[:LOOKED_AT]
    likely = sum(map(tells, telling_most)) >= LIKELY
    against = [sign for sign in sorted(found, key=lambda sign: (-tells(sign), sign)) if tells(sign) > 0]
    said = forms(source)
    reasons = tuple(_reason(sign, learned[sign], said) for sign in against[:SHOWN])
    return Opinion(published + declined, ENOUGH, True, likely, reasons if likely else ())


def _reason(sign: str, decided: tuple[int, int], forms_: dict[str, str]) -> Reason:
    kind, _, what = sign.partition(":")
    return Reason(kind, forms_.get(what, what) if kind == "word" else what, decided[1], sum(decided))
