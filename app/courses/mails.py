"""The two mails of a waitlist: the confirmation, and the notice."""

from sqlalchemy.orm import Session

from ..mail.messages import Mail
from ..mail.models import Delivery
from .models import Subscriber


def compose(session: Session, delivery: Delivery, *, base_url: str, language: str) -> Mail | None:
    """The mail of a delivery; None when it must not be sent any more (left, or confirmed in between)."""
    subscriber = session.get(Subscriber, delivery.subscriber_id)
    if subscriber is None or subscriber.left_at is not None or not subscriber.email:
        return None
    if delivery.kind == "notice":
        return notice(subscriber, delivery.id, base_url=base_url, language=language)
    if subscriber.confirmed_at is not None:
        return None
    return confirmation(subscriber, delivery.id, base_url=base_url, language=language)


def confirmation(subscriber: Subscriber, delivery_id: int, *, base_url: str, language: str) -> Mail:
    """The only mail that an unconfirmed address ever gets: is it you?"""
    return Mail(
        template="confirmation",
        to=subscriber.email,
        message_id=f"confirmation-{delivery_id}-{subscriber.leave_token[:12]}",
        language=language,
        values={
            "course": subscriber.course,
            "confirm_url": f"{base_url}/waitlist/confirm/{subscriber.confirm_token}",
        },
    )


def notice(subscriber: Subscriber, delivery_id: int, *, base_url: str, language: str) -> Mail:
    """Enrolment is open. The one mail that was promised."""
    leave_url = f"{base_url}/waitlist/leave/{subscriber.leave_token}"
    return Mail(
        template="notice",
        to=subscriber.email,
        message_id=f"notice-{delivery_id}-{subscriber.leave_token[:12]}",
        language=language,
        values={"course": subscriber.course, "opening": subscriber.opening, "leave_url": leave_url},
        leave_url=leave_url,
    )
