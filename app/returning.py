"""Mails that came back, from where they arrive to what they do: the edge of the worker and of `flask bounces read`."""

import logging
from collections import Counter
from collections.abc import Iterable

from sqlalchemy.orm import Session

from . import clock
from .config import Config
from .courses import bounces
from .mail import mailboxes, reports
from .mail.mailboxes import Returned

log = logging.getLogger(__name__)

OURS = {"ended", "counted", "complained", "known"}
"""Outcomes of mails that were about one of ours."""


def read_mailbox(session: Session, config: Config) -> Counter[str]:
    """Read what is unread in the mailbox of DEARFRIDAY_BOUNCES_URL; returns {outcome: how many}. Raises NoMailbox."""
    done: Counter[str] = Counter()
    with mailboxes.imap(config.bounces_url) as box:
        for one in list(box.unread()):
            outcome = take(session, config, one)
            box.settle(one, ours=outcome in OURS)
            done[outcome] += 1
    return done


def read(session: Session, config: Config, mails: Iterable[Returned], *, recipient: str = "") -> Counter[str]:
    """Read these mails; returns {outcome: how many}. recipient: to whom the mail server says that they came."""
    return Counter(take(session, config, one, recipient=recipient) for one in mails)


def take(session: Session, config: Config, one: Returned, *, recipient: str = "") -> str:
    """Do what one mail says, and commit it. Returns the outcome."""
    raw = f"Delivered-To: {recipient}\n".encode() + one.raw if recipient else one.raw
    outcome = bounces.take(
        session, reports.read(raw), address=config.return_address, secret=config.secret_key, now=clock.now()
    )
    session.commit()
    log.info("a mail came back: %s", outcome)
    return outcome
