"""Blind second looks: would another editor have decided the same? What they say is kept and changes nothing.

Which comments are shown is left to chance (the order of their random names), never to whoever looks, so that however
few are looked at, they are a sample of all.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased, joinedload

from ..accounts.models import Person
from ..refusals import Refusal
from .figures import Z
from .models import VERDICTS, Comment, Decision, SecondLook, Verdict

FROM = timedelta(days=30)
"""How long after its decision a comment may be shown."""
LATEST = 2000
"""The decisions of that time among which chance chooses, the latest first."""
COUNTED = timedelta(days=365)
"""Looks of this time make the figure."""
FEWEST = 20
"""Looks without which there is no figure: it would say nothing."""
SHOWN = 10
"""Comments on which two editors differed that are shown, the latest first."""


class LookedAtBefore(Refusal):
    """Somebody else gave a second opinion on this comment before you."""


class NotForYou(Refusal):
    """A second opinion is given on what another editor decided."""


@dataclass(frozen=True)
class Agreement:
    """How often the first and the second editor agreed, by what the first and the second said."""

    numbers: dict[tuple[str, str], int]

    @property
    def looks(self) -> int:
        """All second looks."""
        return sum(self.numbers.values())

    @property
    def agreed(self) -> int:
        """Those in which both said the same."""
        return sum(number for (first, second), number in self.numbers.items() if first == second)

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa: 1 is agreement in everything, 0 what chance would bring with the shares that both have.

        None with fewer than FEWEST looks, and when chance alone would make all of them agree
        (Cohen 1960, https://doi.org/10.1177/001316446002000104).
        """
        if self.looks < FEWEST or self._by_chance == 1:
            return None
        return (self.agreed / self.looks - self._by_chance) / (1 - self._by_chance)

    @property
    def between(self) -> tuple[float, float]:
        """Where kappa lies with a certainty of 95 %, roughly."""
        kappa, share = self.kappa, self.agreed / self.looks if self.looks else 0.0
        if kappa is None:
            return -1.0, 1.0
        half = Z * math.sqrt(share * (1 - share) / self.looks) / (1 - self._by_chance)
        return max(-1.0, kappa - half), min(1.0, kappa + half)

    @property
    def meaning(self) -> str:
        """A word for kappa (Landis & Koch 1977, https://doi.org/10.2307/2529310)."""
        kappa = self.kappa
        if kappa is None:
            return "too few" if self.looks < FEWEST else "all the same"
        steps = ((0, "none"), (0.2, "slight"), (0.4, "fair"), (0.6, "moderate"), (0.8, "substantial"))
        return next((word for most, word in steps if kappa <= most), "almost perfect")

    @property
    def _by_chance(self) -> float:
        return sum(self._part(0, verdict) * self._part(1, verdict) for verdict in VERDICTS)

    def _part(self, whose: int, verdict: str) -> float:
        return sum(number for said, number in self.numbers.items() if said[whose] == verdict) / self.looks


@dataclass(frozen=True)
class Difference:
    """A comment on which two editors differed."""

    comment: Comment
    first: str
    first_by: str
    second: str
    second_by: str


def next_one(session: Session, *, by: Person, declined_days: int, now: datetime) -> Comment | None:
    """A comment that another editor decided lately, by chance; None when there is none that has had no second look.

    declined_days: how long texts of declined comments are kept. What is older is left out, also of the published, or
    the sample would hold more of those.
    """
    since = now - min(FROM, timedelta(days=declined_days))
    latest = (
        select(Decision.comment_id, Decision.by_id)
        .where(Decision.decided_at > since, Decision.decided_at <= now, Decision.by_id.is_not(None))
        .order_by(Decision.decided_at.desc())
        .limit(LATEST)
        .subquery()
    )
    query = (
        select(Comment)
        .join(latest, latest.c.comment_id == Comment.id)
        .where(latest.c.by_id != by.id, Comment.erased_at.is_(None))
        .where(~select(SecondLook.comment_id).where(SecondLook.comment_id == Comment.id).exists())
        .options(joinedload(Comment.letter))
        .order_by(Comment.public_id)
        .limit(1)
    )
    return session.scalar(query)


def record(session: Session, comment: Comment, opinion: Verdict, *, by: Person, now: datetime) -> None:
    """Keep a second opinion, once for each comment. Raises NotForYou, LookedAtBefore; the database holds both."""
    decision = session.scalar(select(Decision).where(Decision.comment_id == comment.id))
    if decision is None or decision.by_id in (None, by.id):
        raise NotForYou
    look = {"comment_id": comment.id, "first": decision.verdict, "first_by_id": decision.by_id}
    try:
        with session.begin_nested():
            session.execute(insert(SecondLook).values(**look, second=opinion, by_id=by.id, looked_at=now))
    except IntegrityError:
        raise LookedAtBefore from None


def agreement(session: Session, now: datetime) -> Agreement:
    """The looks of the time that is COUNTED. They are counted, not summed: each has cost an editor half a minute."""
    rows = session.execute(
        select(SecondLook.first, SecondLook.second, func.count())
        .where(SecondLook.looked_at > now - COUNTED, SecondLook.looked_at <= now)
        .group_by(SecondLook.first, SecondLook.second)
    )
    return Agreement({(first, second): number for first, second, number in rows})


def differences(session: Session) -> list[Difference]:
    """The latest comments on which two editors differed: something to talk about."""
    one, other = aliased(Person), aliased(Person)
    rows = session.execute(
        select(Comment, SecondLook.first, one.name, SecondLook.second, other.name)
        .join(SecondLook, SecondLook.comment_id == Comment.id)
        .join(one, one.id == SecondLook.first_by_id)
        .join(other, other.id == SecondLook.by_id)
        .where(SecondLook.first != SecondLook.second)
        .options(joinedload(Comment.letter))
        .order_by(SecondLook.looked_at.desc(), Comment.id)
        .limit(SHOWN)
    )
    return [Difference(*row) for row in rows]
