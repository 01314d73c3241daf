"""The two mails of a waitlist: the confirmation, and the notice."""

from sqlalchemy.orm import Session

from ..mail.messages import Letterhead, Mail
from ..mail.models import Delivery
from .models import Subscriber


def confirmation(session: Session, delivery: Delivery, letterhead: Letterhead) -> Mail | None:
    """The only mail that an unconfirmed address ever gets: is it you? None when it has confirmed in between."""
    subscriber = _reached(session, delivery)
    if subscriber is None or subscriber.confirmed_at is not None:
        return None
    confirm_url = f"{letterhead.base_url}/waitlist/confirm/{subscriber.confirm_token}"
    return Mail(to=subscriber.email, values={"course": subscriber.course, "confirm_url": confirm_url})


def notice(session: Session, delivery: Delivery, letterhead: Letterhead) -> Mail | None:
    """Enrolment is open. The one mail that was promised; None to who left."""
    subscriber = _reached(session, delivery)
    if subscriber is None:
        return None
    leave_url = f"{letterhead.base_url}/waitlist/leave/{subscriber.leave_token}"
    return Mail(
        to=subscriber.email,
        values={"course": subscriber.course, "opening": subscriber.opening, "leave_url": leave_url},
        leave_url=leave_url,
    )


def _reached(session: Session, delivery: Delivery) -> Subscriber | None:
    """Whom a mail reaches: nobody who left or whose address was erased."""
    subscriber = session.get(Subscriber, delivery.subscriber_id)
    return subscriber if subscriber is not None and subscriber.left_at is None and subscriber.email else None
