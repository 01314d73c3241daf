"""Deliveries, one by one: claim, hand over, record (promise 6). The edge commits between the steps.

The claim is committed before the mail leaves, and the record after: whatever crashes in between leaves the row in
`sending`, and such a row is in doubt, never silently sent again.
"""

from datetime import datetime, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..refusals import Refusal
from .models import ORDINARY, Delivery
from .smtp import FateUnknown, MailFailed, RefusedForGood, ServerAway

GIVE_UP_AFTER = 8
"""Refusals for now, after which a delivery has failed: with FIRST_PAUSE doubling, about two days."""
FIRST_PAUSE = timedelta(minutes=10)
LONGEST_HAND_OVER = timedelta(minutes=15)
"""More than all timeouts of one hand-over together: a claim older than this has lost its worker."""


class NothingToSettle(Refusal):
    """Only a delivery whose fate is not known, or that failed, can be sent again by hand."""


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
    try:
        with session.begin_nested():
            session.execute(
                insert(Delivery).values(
                    kind=kind,
                    subscriber_id=subscriber_id,
                    about_id=about_id,
                    once=once,
                    urgency=urgency,
                    made_at=now,
                    due_at=now,
                )
            )
    except IntegrityError:
        if once is None or session.scalar(select(Delivery.id).where(Delivery.once == once)) is None:
            raise
        return False
    return True


def claim(session: Session, *, now: datetime) -> Delivery | None:
    """The next delivery that is due, now in this worker's hands; the most urgent first.

    The guarded UPDATE lets exactly one worker have it. Returns None when nothing is due.
    """
    due = (
        select(Delivery.id)
        .where(Delivery.state == "waiting", Delivery.due_at <= now)
        .order_by(Delivery.urgency, Delivery.due_at, Delivery.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    while (delivery_id := session.scalar(due)) is not None:
        this = update(Delivery).where(Delivery.id == delivery_id, Delivery.state == "waiting")
        try:
            with session.begin_nested():
                mine = session.execute(this.values(state="sending", claimed_at=now))
        except IntegrityError:  # they left while it was on its way: the database lets nothing go there
            session.execute(this.values(state="dropped", finished_at=now))
            continue
        if mine.rowcount == 1:  # type: ignore[attr-defined]
            return session.get(Delivery, delivery_id, populate_existing=True)
    return None


def record(session: Session, delivery: Delivery, outcome: str | MailFailed, *, now: datetime) -> None:
    """What became of a claimed delivery. outcome: the server's reply, or the failure."""
    delivery.reply = str(outcome)[:300]
    if isinstance(outcome, ServerAway):
        delivery.state = "waiting"  # nothing wrong with this mail: it stays first in line
    elif isinstance(outcome, FateUnknown):
        delivery.state, delivery.finished_at = "in_doubt", now
    elif isinstance(outcome, RefusedForGood):
        delivery.state, delivery.finished_at = "failed", now
    elif isinstance(outcome, MailFailed):
        delivery.attempts += 1
        delivery.due_at = now + FIRST_PAUSE * 2 ** (delivery.attempts - 1)
        delivery.state = "waiting" if delivery.attempts < GIVE_UP_AFTER else "failed"
    else:
        delivery.state, delivery.finished_at = "sent", now
    session.flush()


def drop(session: Session, delivery: Delivery, *, now: datetime) -> None:
    """The subscriber left, or the mail has no sense any more: it is not sent."""
    delivery.state, delivery.finished_at = "dropped", now
    session.flush()


def mark_in_doubt(session: Session, *, now: datetime) -> int:
    """Deliveries whose worker was lost between claim and record: they may have been sent. Returns how many."""
    lost = session.execute(
        update(Delivery)
        .where(Delivery.state == "sending", Delivery.claimed_at <= now - LONGEST_HAND_OVER)
        .values(state="in_doubt", finished_at=now)
        .execution_options(synchronize_session=False)
    )
    return int(lost.rowcount)  # type: ignore[attr-defined]


def send_again(session: Session, delivery: Delivery, *, by: Person, now: datetime) -> None:
    """An editor's word for a delivery in doubt or failed; it carries the same Message-ID. Raises NothingToSettle."""
    again = session.execute(
        update(Delivery)
        .where(Delivery.id == delivery.id, Delivery.state.in_(["in_doubt", "failed"]))
        .values(
            state="waiting",
            due_at=now,
            attempts=0,
            first_tried_at=None,
            finished_at=None,
            settled_by_id=by.id,
            settled_at=now,
        )
    )
    if again.rowcount != 1:  # type: ignore[attr-defined]
        raise NothingToSettle
    session.refresh(delivery)


def to_look_at(session: Session, opening_id: int, limit: int = 200) -> list[Delivery]:
    """An opening's deliveries that wait for an editor's word."""
    query = select(Delivery).where(Delivery.opening_id == opening_id, Delivery.state.in_(["in_doubt", "failed"]))
    return list(session.scalars(query.order_by(Delivery.id).limit(limit)))
