"""How many waited for a course, as time went on: what its rows say, so who comes back after leaving is counted anew."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Date, case, func, literal_column, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from .models import Course, Opening, Subscriber

Step = Literal["day", "week", "month", "year"]
MOST_STEPS = 60
"""Of how many points a curve is made at most; then its steps become longer (a year has no longer ones)."""
LINES = 5
"""So many lines of the scale at most, besides the one of nothing."""


@dataclass(frozen=True)
class Period:
    """What happened in one step of the curve, in days of UTC."""

    first: date
    confirmed: int
    left: int
    """On their own request, or because their mailbox refused us."""
    told: int
    waiting: int
    """How many confirmed ones waited at its end."""


@dataclass(frozen=True)
class Curve:
    """Periods without gaps, the oldest first; none while nobody has confirmed."""

    step: Step = "day"
    periods: list[Period] = field(default_factory=list)

    @property
    def lines(self) -> list[int]:
        """Where the scale has its lines: round numbers from 0 to what is above all points."""
        most = max((one.waiting for one in self.periods), default=0)
        between = next(n * 10**power for power in range(12) for n in (1, 2, 5) if n * 10**power * LINES >= most)
        return list(range(0, max(most + between - 1, between) // between * between + 1, between))


def curve(session: Session, course: Course, *, until: date) -> Curve:
    """The curve of those who had confirmed. until: its last day, today."""
    confirmed, left, told = _sums(session, course)
    if not confirmed:
        return Curve()
    first, until = min(confirmed), max(until, *confirmed)
    step = next(step for step in _STEPS if _STEPS[step] * MOST_STEPS > (until - first).days or step == "year")
    waiting, found = 0, []
    starts = list(_starts(first, until, step))
    sums = [_by_start(counts, starts) for counts in (confirmed, left, told)]
    for start in starts:
        came, went, mailed = (counts[start] for counts in sums)
        waiting += came - went - mailed
        found.append(Period(start, came, went, mailed, waiting))
    return Curve(step, found)


_STEPS: dict[Step, int] = {"day": 1, "week": 7, "month": 30, "year": 365}


def _sums(session: Session, course: Course) -> tuple[dict[date, int], dict[date, int], dict[date, int]]:
    """{day: how many} of those who confirmed, of those of them who left untold, of those who were told."""
    confirmed_on, left_on = _day(session, Subscriber.confirmed_at), _day(session, Subscriber.left_at)
    theirs = (Subscriber.course_id == course.id) & Subscriber.confirmed_at.is_not(None)
    rows = session.execute(
        select(
            confirmed_on.label("confirmed_on"),
            # Who was told first, and left after that, waited until the opening.
            case((Subscriber.opening_number == course.next_opening, left_on)).label("left_on"),
            Subscriber.opening_number,
            func.count(),
        )
        .where(theirs)
        .group_by("confirmed_on", "left_on", Subscriber.opening_number)
    ).all()
    openings = session.execute(select(Opening.number, Opening.opened_at).where(Opening.course_id == course.id))
    opened = {number: moment.date() for number, moment in openings}
    confirmed, left, told = Counter[date](), Counter[date](), Counter[date]()
    for came, went, opening, number in rows:
        confirmed[_as_date(came)] += number
        if opening in opened:
            told[opened[opening]] += number
        elif went is not None:
            left[_as_date(went)] += number
    return confirmed, left, told


def _day(session: Session, moment: InstrumentedAttribute[datetime | None]) -> ColumnElement[Any]:
    """The day of UTC: text on SQLite, a date on PostgreSQL."""
    if session.get_bind().dialect.name == "sqlite":
        return func.substr(moment, literal_column("1"), literal_column("10"))
    return func.timezone(literal_column("'UTC'"), moment).cast(Date)


def _as_date(day: date | str) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day


def _starts(first: date, until: date, step: Step) -> Iterator[date]:
    """The first days of all periods."""
    start = _start(first, step)
    while start <= until:
        yield start
        start = _start(start + timedelta(days={"day": 1, "week": 7, "month": 31, "year": 366}[step]), step)


def _start(day: date, step: Step) -> date:
    """The first day of the period that has this day."""
    if step == "week":
        return day - timedelta(days=day.weekday())
    return {"day": day, "month": day.replace(day=1), "year": day.replace(month=1, day=1)}[step]


def _by_start(counts: dict[date, int], starts: list[date]) -> Counter[date]:
    """The sums of days as sums of periods; what a clock of another machine put after today is of today."""
    found = Counter[date]()
    for day, number in counts.items():
        found[max(start for start in starts if start <= day)] += number
    return found
