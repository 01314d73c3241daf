"""What a mail that came back does to its subscriber. Who wrote it need not be trusted, only what it carries.

A report counts if it carries our signed return path, or the leaving link that only the recipient was sent; the first is
made for one delivery and its address (mail/return_path.py), and with the second anybody may leave anyway.
"""

import re
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..mail import delivery, return_path
from ..mail.models import Delivery
from ..mail.reports import Report
from . import waitlist
from .models import Subscriber

MOST_PASSING = 3
"""So many mails to an address that failed for now end its subscriptions."""

LEAVING_LINK = re.compile(r"/waitlist/(?:leave|next|erase)/([A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])")

Outcome = Literal["ended", "counted", "complained", "known", "unknown", "nothing"]
"""What became of it: the address waits no more, one failure more is counted, the reader called it spam; it had been
read before; its recipient is none of ours; it is no report."""


def take(session: Session, report: Report, *, address: str, secret: str, now: datetime) -> Outcome:
    """Do what a mail that came back says. address, secret: config.return_address and config.secret_key."""
    if report.kind == "nothing":
        return "nothing"
    found = _addressee(session, report.text, address=address, secret=secret)
    if found is None:
        return "unknown"
    subscriber, delivery_id = found
    if report.kind == "complaint":
        ended = waitlist.end_address(session, subscriber.email_key, "complained", now=now)
        return "complained" if ended else "known"
    bounce: Literal["lasting", "passing"] = "lasting" if report.lasting else "passing"
    new = delivery_id is not None and delivery.came_back(session, delivery_id, bounce, report.failures[0].said)
    if report.lasting or _passing(session, subscriber.email_key) >= MOST_PASSING:
        return "ended" if waitlist.end_address(session, subscriber.email_key, "bounced", now=now) else "known"
    return "counted" if new else "known"


def _addressee(session: Session, text: str, *, address: str, secret: str) -> tuple[Subscriber, int | None] | None:
    """Whose mail it was, and which; None when it carries nothing of ours, or somebody who was forgotten."""
    for claim in return_path.claims(text, address=address) if address else []:
        one = session.get(Delivery, claim.delivery_id)
        subscriber = session.get(Subscriber, one.subscriber_id) if one is not None and one.subscriber_id else None
        if subscriber and subscriber.email and return_path.is_genuine(claim, subscriber.email, secret=secret):
            return subscriber, claim.delivery_id
    for token in dict.fromkeys(LEAVING_LINK.findall(text)):
        subscriber = session.scalar(select(Subscriber).where(Subscriber.leave_token == token))
        if subscriber is not None and subscriber.email:
            return subscriber, _notice_to(session, subscriber)
    return None


def _notice_to(session: Session, subscriber: Subscriber) -> int | None:
    sent = select(Delivery.id).where(Delivery.subscriber_id == subscriber.id, Delivery.kind == "notice")
    return session.scalar(sent.order_by(Delivery.id.desc()).limit(1))


def _passing(session: Session, key: str) -> int:
    """How many mails to this address failed for now, for whatever course."""
    theirs = select(Subscriber.id).where(Subscriber.email_key == key)
    passing = select(func.count()).where(Delivery.subscriber_id.in_(theirs), Delivery.bounce == "passing")
    return session.scalar(passing) or 0
