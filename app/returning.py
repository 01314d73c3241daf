"""Mails that came back, from where they arrive to what they do: the edge of the worker and of `flask bounces read`."""

import logging
from collections import Counter
from collections.abc import Iterable

from sqlalchemy.orm import Session

from . import clock
from .config import Config
from .courses import bounces
from .mail import mailboxes, places, reports
from .mail.mailboxes import Returned

log = logging.getLogger(__name__)

OURS = {"ended", "counted", "complained", "known"}
"""Outcomes of mails that were about one of ours."""


def read_mailbox(session: Session, config: Config) -> Counter[str]:
    """Read what is new in the mailbox of DEARFRIDAY_BOUNCES_URL; returns {outcome: how many}. Raises NoMailbox.

    What a mail did is committed before it is marked or moved, and only after that it counts as read. Whatever ends this
    in between, the mail is read again next time, and does nothing the second time.
    """
    done: Counter[str] = Counter()
    with mailboxes.imap(config.bounces_url) as box:
        last = places.last_read(session, box.name, box.validity)
        session.commit()  # nothing is locked while the server takes its time
        for one in box.after(last):
            outcome = take(session, config, one)
            if outcome in OURS:
                box.settle(one)
            places.keep(session, box.name, box.validity, one.uid)
            session.commit()
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
