"""The mails of a waitlist: the confirmation, the notice, and its trial."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from ..mail.messages import Letterhead, Mail
from ..mail.models import Delivery
from ..text import letter as letter_text
from .models import NoticeDraft, Opening, Subscriber

LINKS = ("leave_url", "next_url", "erase_url")
"""What a notice leads to, for its reader alone."""


def confirmation(session: Session, delivery: Delivery, letterhead: Letterhead) -> Mail | None:
    """The only mail that an unconfirmed address ever gets: is it you? None when it has confirmed in between."""
    subscriber = _reached(session, delivery)
    if subscriber is None or subscriber.confirmed_at is not None:
        return None
    confirm_url = f"{letterhead.base_url}/waitlist/confirm/{subscriber.confirm_token}"
    erase_url = f"{letterhead.base_url}/waitlist/erase/{subscriber.leave_token}"
    return Mail(
        to=subscriber.email,
        values={"course": subscriber.course, "confirm_url": confirm_url, "erase_url": erase_url},
    )


def notice(session: Session, delivery: Delivery, letterhead: Letterhead) -> Mail | None:
    """Enrolment is open. The one mail that was promised; None to who left."""
    subscriber = _reached(session, delivery)
    if subscriber is None:
        return None
    leave_url = f"{letterhead.base_url}/waitlist/leave/{subscriber.leave_token}"
    return Mail(
        to=subscriber.email,
        values={"course": subscriber.course, "opening": subscriber.opening},
        leave_url=leave_url,
        shared=f"opening {delivery.opening_id}",
        personal={
            "leave_url": leave_url,
            "next_url": f"{letterhead.base_url}/waitlist/next/{subscriber.leave_token}",
            "erase_url": f"{letterhead.base_url}/waitlist/erase/{subscriber.leave_token}",
        },
    )


def trial(session: Session, delivery: Delivery, letterhead: Letterhead) -> Mail | None:
    """The notice of a course's next opening as it is written so far, to the editor who wrote it."""
    draft = session.get(NoticeDraft, delivery.about_id)
    return None if draft is None else as_it_will_arrive(draft, letterhead)


def as_it_will_arrive(draft: NoticeDraft, letterhead: Letterhead) -> Mail:
    """A notice to its own writer. Its way to leave leads nowhere, since an editor has nothing to leave."""
    opening = Opening(
        subject=draft.subject,
        text_source=draft.text_source,
        text_html=letter_text.render(draft.text_source, letterhead.language),
        link=draft.link,
    )
    leave_url = f"{letterhead.base_url}/waitlist/leave/trial"
    return Mail(
        to=draft.by.email,
        values={"course": draft.course, "opening": opening, **dict.fromkeys(LINKS, leave_url)},
        leave_url=leave_url,
        template="notice",
    )


def ready(session: Session, deliveries: Sequence[Delivery]) -> Sequence[Subscriber]:
    """Read the subscribers of many deliveries at once; while they are kept, the writers find them in the session."""
    ids = [one.subscriber_id for one in deliveries if one.subscriber_id is not None]
    if not ids:
        return []
    with_all = (selectinload(Subscriber.opening), selectinload(Subscriber.course))  # they share a few
    query = select(Subscriber).where(Subscriber.id.in_(ids)).options(*with_all)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def _reached(session: Session, delivery: Delivery) -> Subscriber | None:
    """Whom a mail reaches: nobody who left or whose address was erased."""
    subscriber = session.get(Subscriber, delivery.subscriber_id)
    return subscriber if subscriber is not None and subscriber.left_at is None and subscriber.email else None
