"""Deliveries: put, claim a few, begin one, record what became of it (promise 6). The edge commits between the steps.

A claim keeps other workers away for a while and says nothing about the mail: when the claim has run out, anybody may
take it. `begin` is committed before a mail leaves and `record` after: whatever crashes in between leaves that one row
in `sending`, and such a row is in doubt, never silently sent again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..refusals import Refusal
from .models import AWAITED, BULK, ORDINARY, Bounce, Delivery
from .smtp import FateUnknown, MailFailed, RefusedForGood, ServerAway

AT_ONCE = 50
"""Deliveries in one claim: few, so that an urgent mail never waits for more than these."""
LEASE = timedelta(minutes=5)
"""How long a claim keeps others away. A worker that died held its claims for no longer."""
LONGEST_HAND_OVER = timedelta(minutes=15)
"""More than all timeouts of one hand-over together: a hand-over that began before this has lost its worker."""
FIRST_PAUSE = timedelta(minutes=10)
LONGEST_PAUSE = timedelta(hours=6)
"""Pauses between tries that a server refused for now double from the first to the longest."""
GIVE_UP_AFTER = timedelta(days=3)
"""The last try of a mail that a server refuses for now comes so long after the first."""

_table = Delivery.__table__
_now: BindParameter[datetime] = bindparam("now", type_=_table.c.claimed_at.type)
_this: BindParameter[int] = bindparam("this")
_before: BindParameter[int] = bindparam("before")
_begins = and_(_table.c.id == _this, _table.c.state == "waiting")
# In doubt too: a sweep that took a slow worker for a dead one knew less than the worker does.
_was_sent = and_(_table.c.id == _before, or_(_table.c.state == "sending", _table.c.state == "in_doubt"))
_NEXT = (
    update(_table)  # type: ignore[arg-type]
    .where(_table.c.id.in_([_this, _before]), _table.c.claimed_by == bindparam("me"), or_(_begins, _was_sent))
    .values(
        state=case((_table.c.id == _this, literal_column("'sending'")), else_=literal_column("'sent'")),
        claimed_at=case((_table.c.id == _this, _now), else_=_table.c.claimed_at),
        first_tried_at=case(
            (_table.c.id == _this, func.coalesce(_table.c.first_tried_at, _now)), else_=_table.c.first_tried_at
        ),
        finished_at=case((_table.c.id == _before, _now), else_=_table.c.finished_at),
        reply=case((_table.c.id == _before, bindparam("said")), else_=_table.c.reply),
    )
)
_IS_MINE = select(_table.c.id).where(
    _table.c.id == _this, _table.c.state == "sending", _table.c.claimed_by == bindparam("me")
)
NOBODY = 0
"""The id of no delivery."""


class NothingToSettle(Refusal):
    """Only a delivery whose fate is not known, or that failed, can be settled by hand."""


def put(
    session: Session,
    kind: str,
    *,
    now: datetime,
    subscriber_id: int | None = None,
    about_id: int | None = None,
    once: str | None = None,
    urgency: int = ORDINARY,
) -> bool:
    """A mail of this kind is due now; False when `once` names one that there was before.

    kind: a writer of `work.MAILS`. about_id: the row from which that writer takes the address and the rest.
    """
    values = {"kind": kind, "subscriber_id": subscriber_id, "about_id": about_id, "once": once, "urgency": urgency}
    try:
        with session.begin_nested():
            session.execute(insert(Delivery).values(**values, made_at=now, due_at=now))
    except IntegrityError:
        if once is None or session.scalar(select(Delivery.id).where(Delivery.once == once)) is None:
            raise
        return False
    return True


def claim(session: Session, *, by: str, openings: Sequence[int], now: datetime, limit: int = AT_ONCE) -> list[Delivery]:
    """The next deliveries that are due, kept for this worker: the most urgent, and notices of these openings last.

    by: a name that no other claim has. The rows stay `waiting`; `begin` asks whether they are still ours.
    """
    lanes: list[tuple[int | None, int]] = [(None, AWAITED), (None, ORDINARY), (None, BULK)]
    for opening_id, urgency in lanes + [(one, BULK) for one in openings]:
        due = (
            select(Delivery.id)
            .where(
                Delivery.state == "waiting",
                Delivery.opening_id == opening_id if opening_id else Delivery.opening_id.is_(None),
                Delivery.urgency == urgency,
                Delivery.due_at <= now,
            )
            .order_by(Delivery.due_at, Delivery.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        ids = list(session.scalars(due))
        if ids:
            return _claimed(session, ids, by, now)
    return []


def _claimed(session: Session, ids: list[int], by: str, now: datetime) -> list[Delivery]:
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(ids), Delivery.state == "waiting", Delivery.due_at <= now)
        .values(claimed_by=by, claimed_at=now, due_at=now + LEASE)
        .execution_options(synchronize_session=False)
    )
    mine = select(Delivery).where(Delivery.id.in_(ids), Delivery.claimed_by == by).order_by(Delivery.id)
    return list(session.scalars(mine.execution_options(populate_existing=True)))


def begin(session: Session, delivery_id: int, *, by: str, now: datetime, before: tuple[int, str] | None = None) -> bool:
    """Its mail leaves now; False when it is no longer this worker's to send.

    before: the delivery that was sent before and the server's reply, to be written down in the same statement. Raises
    sqlalchemy's IntegrityError, by the database's triggers, when the subscriber left or the opening is paused.
    """
    changed = _next(session, delivery_id, before or (NOBODY, ""), by, now)
    if before is None or changed == 0:
        return changed == 1
    # One of the two has changed: which?
    return changed == 2 or session.connection().scalar(_IS_MINE, {"this": delivery_id, "me": by}) is not None


def _next(session: Session, delivery_id: int, before: tuple[int, str], by: str, now: datetime) -> int:
    sent, said = before
    values = {"this": delivery_id, "before": sent, "said": said[:300], "me": by, "now": now}
    return session.connection().execute(_NEXT, values).rowcount


def record(
    session: Session, delivery_id: int, outcome: str | MailFailed, *, by: str, now: datetime, jitter: float = 0.5
) -> None:
    """What became of a delivery that was begun. outcome: the server's reply, or the failure. jitter: 0 to 1."""
    if not isinstance(outcome, MailFailed):
        _next(session, NOBODY, (delivery_id, outcome), by, now)
        return
    said = str(outcome)[:300]
    values: dict[str, object] = {"reply": said}
    if isinstance(outcome, ServerAway):
        values |= {"state": "waiting", "due_at": now}  # nothing wrong with this mail: it stays first in line
    elif isinstance(outcome, FateUnknown):
        values |= {"state": "in_doubt", "finished_at": now}
    elif isinstance(outcome, RefusedForGood):
        values |= {"state": "failed", "finished_at": now}
    else:
        values |= _later(session, delivery_id, now, jitter)
    session.execute(
        update(Delivery)
        .where(_is(delivery_id, by), Delivery.state == "sending")
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _later(session: Session, delivery_id: int, now: datetime, jitter: float) -> dict[str, object]:
    """Refused for now: the next try, or after days of them the end."""
    tried, first = session.execute(
        select(Delivery.attempts, Delivery.first_tried_at).where(Delivery.id == delivery_id)
    ).one()
    last = (first or now) + GIVE_UP_AFTER
    if now >= last:
        return {"attempts": tried + 1, "state": "failed", "finished_at": now}
    return {"attempts": tried + 1, "state": "waiting", "due_at": min(now + pause_after(tried + 1, jitter), last)}


def pause_after(refusals: int, jitter: float) -> timedelta:
    """How long to wait after so many refusals for now; jitter (0 to 1) keeps a thousand mails from coming at once."""
    doubled: timedelta = FIRST_PAUSE * 2 ** min(refusals - 1, 16)
    return min(doubled, LONGEST_PAUSE) * (0.75 + jitter / 2)


def refuse(session: Session, delivery_id: int, reason: RefusedForGood, *, by: str, now: datetime) -> None:
    """No mail can be written to that address: the delivery fails before anything has left."""
    _end(session, delivery_id, by, state="failed", finished_at=now, reply=str(reason)[:300])


def drop(session: Session, delivery_id: int, *, by: str, now: datetime) -> None:
    """The subscriber left, or the mail has no sense any more: it is not sent."""
    _end(session, delivery_id, by, state="dropped", finished_at=now)


def _end(session: Session, delivery_id: int, by: str, **values: object) -> None:
    session.execute(
        update(Delivery)
        .where(_is(delivery_id, by), Delivery.state == "waiting")
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def release(session: Session, *, by: str, delivery_ids: Sequence[int], due_at: datetime) -> None:
    """Claimed and not begun: others may have them from `due_at` on."""
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(delivery_ids), Delivery.claimed_by == by, Delivery.state == "waiting")
        .values(due_at=due_at, claimed_by=None)
        .execution_options(synchronize_session=False)
    )


def _is(delivery_id: int, by: str) -> ColumnElement[bool]:
    return (Delivery.id == delivery_id) & (Delivery.claimed_by == by)


def came_back(session: Session, delivery_id: int, bounce: Bounce, said: str) -> bool:
    """A sent mail has come back; False when that was known. One in doubt has been sent, if it could come back."""
    done = session.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.state.in_(["sent", "in_doubt"]))
        .values(state="bounced", bounce=bounce, reply=said[:300])
    )
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def mark_in_doubt(session: Session, *, now: datetime) -> int:
    """Deliveries whose worker was lost between begin and record: they may have been sent. Returns how many."""
    lost = session.execute(
        update(Delivery)
        .where(Delivery.state == "sending", Delivery.claimed_at <= now - LONGEST_HAND_OVER)
        .values(state="in_doubt", finished_at=now)
        .execution_options(synchronize_session=False)
    )
    return int(lost.rowcount)  # type: ignore[attr-defined]


def send_again(session: Session, delivery: Delivery, *, by: Person, now: datetime) -> None:
    """An editor's word for a delivery in doubt or failed; it carries the same Message-ID. Raises NothingToSettle."""
    values = {"state": "waiting", "due_at": now, "attempts": 0, "first_tried_at": None, "finished_at": None}
    _settle(session, delivery, ["in_doubt", "failed"], values, by, now)


def take_as_sent(session: Session, delivery: Delivery, *, by: Person, now: datetime) -> None:
    """An editor's word for a delivery in doubt: it has arrived. Raises NothingToSettle."""
    _settle(session, delivery, ["in_doubt"], {"state": "sent"}, by, now)


def _settle(
    session: Session, delivery: Delivery, states: list[str], values: dict[str, object], by: Person, now: datetime
) -> None:
    settled = session.execute(
        update(Delivery)
        .where(Delivery.id == delivery.id, Delivery.state.in_(states))
        .values(settled_by_id=by.id, settled_at=now, **values)
    )
    if settled.rowcount != 1:  # type: ignore[attr-defined]
        raise NothingToSettle
    session.refresh(delivery)
