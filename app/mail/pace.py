"""How fast mails leave, by all workers of all hosts together: each takes the next stretch of time for its few mails.

The stretch is taken in the transaction of the claim, under the lock of one row, so no two workers have the same.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from .delivery import AT_ONCE
from .models import Pace

STRETCH = timedelta(seconds=10)
"""Of how long a time the mails of one claim are at most; who changes the pace sees it within this."""


def at_once(per_second: float) -> int:
    """How many mails one claim may hold. per_second: 0 for no limit."""
    return AT_ONCE if per_second <= 0 else max(1, min(AT_ONCE, int(per_second * STRETCH.total_seconds())))


def moments(session: Session, number: int, per_second: float, *, now: datetime) -> list[datetime]:
    """When each of so many mails may leave, at the earliest. per_second: 0 for no limit."""
    if per_second <= 0 or not number:
        return [now] * number
    row = session.scalars(select(Pace).with_for_update().execution_options(populate_existing=True)).one()
    start, step = max(row.next_at, now), timedelta(seconds=1 / per_second)
    row.next_at = start + step * number
    session.flush()
    return [start + step * n for n in range(number)]
