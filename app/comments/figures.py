"""How far the editors are from the target that readers are told: a mirror, which never decides for them.

Every figure is a sum that the database keeps with each decision (migrations/, decided_days and its like), so that
the page costs the same after twenty years. Days and months are those of UTC. What was decided on an imported site is
not the desk's.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..letters.models import Letter
from ..letters.publishing import BRIEF
from .models import END_OF_LINE, LINE, Comment, DecidedDay, DecidedLetter, WaitedDay

DAYS = 90
"""The days of the meter, today among them."""
MONTHS = 24
"""The months that are shown, this one among them."""
LETTERS = 15
"""The letters that are shown: those with the last decisions."""
Z = 1.959964
"""Standard deviations on both sides of the mean that hold 95 %."""


@dataclass(frozen=True)
class Share:
    """How many comments were published and how many declined."""

    published: int
    declined: int

    @property
    def decided(self) -> int:
        """All of them."""
        return self.published + self.declined

    @property
    def percent(self) -> float | None:
        """The published ones in per cent of the decided; None when nothing was decided."""
        return 100 * self.published / self.decided if self.decided else None

    @property
    def between(self) -> tuple[float, float]:
        """Where, in per cent, the share lies that these decisions are a sample of, with a certainty of 95 %.

        Wilson's interval: right for few decisions too (Wilson 1927, https://doi.org/10.2307/2276774).
        """
        n, p = self.decided, self.published / self.decided if self.decided else 0.0
        if not n:
            return 0.0, 100.0
        middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
        half = Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
        # The share itself is always inside; where it is an end of the interval, rounding must not put it outside.
        return 100 * max(0.0, min(p, middle - half)), 100 * min(1.0, max(p, middle + half))

    def against(self, target: float) -> int:
        """1: more is published than the target, also when chance is allowed for; -1: less; 0: it cannot be told."""
        least, most = self.between
        return (least > target) - (most < target)


@dataclass(frozen=True)
class Waits:
    """How long comments waited for their decision: half of them, and nine in ten, not longer than this."""

    median: timedelta
    most: timedelta


def window(now: datetime) -> tuple[date, date]:
    """The first and the last of the DAYS."""
    today = now.date()
    return today - timedelta(days=DAYS - 1), today


def share(session: Session, now: datetime) -> Share:
    """The desk's decisions of the last DAYS: the meter."""
    row = session.execute(select(*sums(now))).one()
    return _share(row[0], row[1])


def sums(now: datetime) -> list[ColumnElement[Any]]:
    """What the meter is made of, to be asked together with something else: how many were published, how many not."""
    return [
        select(func.sum(column)).where(DecidedDay.day.between(*window(now))).scalar_subquery()
        for column in (DecidedDay.published, DecidedDay.declined)
    ]


def by_editor(session: Session, now: datetime) -> list[tuple[Person, Share]]:
    """Who decided in the last DAYS, with their share, in the order of their names."""
    sums = (
        select(DecidedDay.by_id, func.sum(DecidedDay.published), func.sum(DecidedDay.declined))
        .where(DecidedDay.day.between(*window(now)))
        .group_by(DecidedDay.by_id)
    )
    shares = {by_id: _share(*numbers) for by_id, *numbers in session.execute(sums)}
    editors = session.scalars(select(Person).where(Person.id.in_(shares)).order_by(Person.name, Person.id))
    return [(editor, shares[editor.id]) for editor in editors]


def by_month(session: Session, now: datetime) -> list[tuple[date, Share]]:
    """(first day of the month, its share) of the last MONTHS, from the first one in which the desk decided."""
    months = list(reversed([_first_day(now.date(), months_ago=n) for n in range(MONTHS)]))
    sums = (
        select(DecidedDay.day, func.sum(DecidedDay.published), func.sum(DecidedDay.declined))
        .where(DecidedDay.day.between(months[0], now.date()))
        .group_by(DecidedDay.day)
    )
    shares = dict.fromkeys(months, Share(0, 0))
    for day, published, declined in session.execute(sums):
        so_far = shares[day.replace(day=1)]
        shares[day.replace(day=1)] = Share(so_far.published + published, so_far.declined + declined)
    first = next((n for n, month in enumerate(months) if shares[month].decided), len(months))
    return [(month, shares[month]) for month in months[first:]]


def by_letter(session: Session) -> list[tuple[Letter, Share]]:
    """The LETTERS with the last decisions, each with the share of all its comments that the desk ever decided."""
    rows = session.execute(
        select(Letter, DecidedLetter.published, DecidedLetter.declined)
        .join(DecidedLetter, DecidedLetter.letter_id == Letter.id)
        .where(DecidedLetter.published + DecidedLetter.declined > 0)
        .order_by(DecidedLetter.last_at.desc(), Letter.id.desc())
        .options(*BRIEF)
        .limit(LETTERS)
    )
    return [(letter, Share(published, declined)) for letter, published, declined in rows]


def waits(session: Session, now: datetime) -> Waits | None:
    """How long the comments decided in the last DAYS had waited; None when there were none."""
    rows = session.execute(
        select(WaitedDay.minutes, func.sum(WaitedDay.number))
        .where(WaitedDay.day.between(*window(now)))
        .group_by(WaitedDay.minutes)
        .order_by(WaitedDay.minutes)
    )
    numbers = [(minutes, int(number)) for minutes, number in rows]
    return Waits(_quantile(numbers, 0.5), _quantile(numbers, 0.9)) if numbers else None


def oldest_pending(session: Session) -> datetime | None:
    """Since when the comment waits that waits longest."""
    oldest = (
        select(Comment.submitted_at).where(text(one)).order_by(Comment.submitted_at, Comment.id).limit(1)
        for one in (LINE, END_OF_LINE)
    )
    found = session.execute(select(*(one.scalar_subquery() for one in oldest))).one()
    return min((moment for moment in found if moment is not None), default=None)


def _share(published: int | None, declined: int | None) -> Share:
    return Share(int(published or 0), int(declined or 0))


def _first_day(today: date, *, months_ago: int) -> date:
    years, month = divmod(today.year * 12 + today.month - 1 - months_ago, 12)
    return date(years, month + 1, 1)


def _quantile(numbers: Iterable[tuple[int, int]], part: float) -> timedelta:
    """The minutes that this part of all does not exceed; numbers: (minutes, how many), in order."""
    numbers = list(numbers)
    reached, wanted = 0, part * sum(number for _, number in numbers)
    for minutes, number in numbers:
        reached += number
        if reached >= wanted:
            return timedelta(minutes=minutes)
    raise ValueError(part)
