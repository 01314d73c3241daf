"""A reader asks to be erased: a mail with a key goes to the address, if anything is known of it, and the key erases.

What is asked for is answered the same for every address, and takes as long: whether anything is known is looked up when
the mail is written, by the worker.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ..accounts.people import email_key
from ..courses import tallies
from ..mail import delivery
from ..mail.messages import Letterhead, Mail
from ..mail.models import AWAITED, Delivery
from ..refusals import Refusal
from ..text.address import mailbox
from . import erasing
from .models import ErasureKey

KEY_LIVES = timedelta(days=1)
AN_HOUR_TO_ONE_MAILBOX = tallies.Limit("erase hour", 1, tallies.HOUR)
A_DAY_TO_ONE_MAILBOX = tallies.Limit("erase day", 2, tallies.DAY)
"""Mails with a key into one mailbox, whatever is typed and by whom."""


class KeyIsSpent(Refusal):
    """This link is no longer good. Ask for a new one."""


def ask(session: Session, email: str, *, secret_key: str, now: datetime) -> None:
    """Somebody typed this address: a key is on its way there, unless its mailbox had enough of them or is unknown.

    secret_key: config.secret_key, with which the senders of comments were hashed.
    """
    limits = (AN_HOUR_TO_ONE_MAILBOX, A_DAY_TO_ONE_MAILBOX)
    if not all(tallies.count(session, limit, mailbox(email), now=now) for limit in limits):
        return
    sender = erasing.sender_of(email, secret_key) or ""
    key = ErasureKey(email=email, email_key=email_key(email), sender=sender, made_at=now)
    session.add(key)
    session.flush()
    delivery.put(session, "erasure", about_id=key.id, urgency=AWAITED, now=now)


def key_by_mail(session: Session, claimed: Delivery, letterhead: Letterhead) -> Mail | None:
    """The mail with the key; None when nothing is known of the address, or the key is too old."""
    key = session.get(ErasureKey, claimed.about_id)
    moment = claimed.claimed_at or claimed.due_at
    if key is None or key.made_at <= moment - KEY_LIVES or not erasing.is_known(session, key.email, key.sender):
        return None
    token = secrets.token_urlsafe(32)
    key.token_hash = _hash(token)
    session.flush()
    return Mail(to=key.email, values={"address": f"{letterhead.base_url}/erase/{token}"})


def holder(session: Session, token: str, *, now: datetime) -> str:
    """The address that this key erases, while it is good. Raises KeyIsSpent."""
    email = session.scalar(
        select(ErasureKey.email).where(ErasureKey.token_hash == _hash(token), ErasureKey.made_at > now - KEY_LIVES)
    )
    if email is None:
        raise KeyIsSpent
    return email


def erase_expired(session: Session, *, now: datetime) -> None:
    """Forget who asked."""
    old = ErasureKey.made_at <= now - KEY_LIVES
    ids = select(ErasureKey.id).where(old)
    theirs = (Delivery.kind == "erasure") & Delivery.about_id.in_(ids)
    session.execute(update(Delivery).where(theirs).values(reply="").execution_options(synchronize_session=False))
    session.execute(delete(ErasureKey).where(old).execution_options(synchronize_session=False))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
