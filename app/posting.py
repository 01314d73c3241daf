"""Sending what is due: an edge, since it commits between the steps of every mail.

A run claims a few deliveries at a time and hands them over one by one over one connection. The record of one mail and
the beginning of the next are the same transaction, and no transaction is open while a server takes its time; in that
time the next mail is written. Any number of runs on any number of hosts send together.
"""

import logging
import random
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from flask import g
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from . import clock
from .column.models import Settings
from .column.settings import settings
from .config import Config
from .courses import mails, opening
from .courses.models import Subscriber
from .mail import delivery, pace, signing
from .mail.messages import Desk, Letterhead, Writer
from .mail.models import Delivery
from .mail.return_path import return_path
from .mail.signing import Key, NoKey
from .mail.smtp import Begin, Envelope, MailFailed, RefusedForGood, ServerAway, Transport, transport

log = logging.getLogger(__name__)

PATIENCE = 60
"""How often a step is tried again, a second apart, while the database is busy or away: what a server has taken must be
written down."""

Wait = Callable[[float], bool]
"""Waits so many seconds; True when the worker is told to end meanwhile."""

Done = TypeVar("Done")


class DatabaseAway(Exception):
    """What became of a mail could not be written down; after LONGEST_HAND_OVER it is in doubt."""


def until(seconds: float) -> bool:
    """Wait, where nobody can tell the worker to end."""
    if seconds > 0:
        time.sleep(seconds)
    return False


def deliver_due(config: Config, session: Session, writers: dict[str, Writer], *, wait: Wait) -> int:
    """Send everything that is due; returns how many left. Ends early when `wait` says so or the server is away."""
    with transport(config.mail_url, config.data / "mails") as post:
        return deliver_all(config, session, writers, post, wait=wait)


def deliver_all(config: Config, session: Session, writers: dict[str, Writer], post: Transport, *, wait: Wait) -> int:
    """The same over an open transport."""
    session.expire_on_commit = False  # what a claim has read is good until the next claim
    sent = turn = 0
    desk: Desk | None = None
    while not wait(0):
        run = _claimed(config, session, writers, post, wait, turn, desk)
        if run is None:
            break
        desk = run.desk
        sent += run.send()
        turn += 1
        if run.server_is_away:
            break
    return sent


def _claimed(
    config: Config,
    session: Session,
    writers: dict[str, Writer],
    post: Transport,
    wait: Wait,
    turn: int,
    desk: Desk | None,
) -> "_Run | None":
    session.expunge_all()
    now, by = clock.now(), secrets.token_hex(16)
    column = settings(session)
    try:
        head = replace(letterhead(config, column), key=key_of(config, column))
    except NoKey as error:  # unsigned they would be taken for spam, for good
        log.error("no mail leaves: %s", error)
        session.rollback()
        return None
    openings = opening.running(session)
    first = turn % len(openings) if openings else 0  # two courses that open together take turns
    claimed = delivery.claim(
        session,
        by=by,
        openings=openings[first:] + openings[:first],
        now=now,
        limit=pace.at_once(column.mails_per_second),
    )
    moments = pace.moments(session, len(claimed), column.mails_per_second, now=now)
    subscribers = mails.ready(session, claimed)
    session.commit()
    if not claimed:
        return None
    g.column = column  # the templates' column(), read once for these mails
    in_time = dict(zip(claimed, moments, strict=True))
    if desk is None or desk.letterhead != head:
        desk = Desk(head)
    return _Run(config, session, writers, post, wait, by, in_time, desk, subscribers)


def letterhead(config: Config, column: Settings) -> Letterhead:
    """What all mails of the column share."""
    return Letterhead(column.title, column.mail_from, config.base_url, column.language, column.mail_reply_to)


def key_of(config: Config, column: Settings) -> Key | None:
    """What signs the column's mails; None when an editor chose no key. Raises NoKey when the one chosen is not here."""
    return signing.key(config.data, column.dkim_selector, column.mail_from) if column.dkim_selector else None


@dataclass
class _Run:
    """The mails of one claim."""

    config: Config
    session: Session
    writers: dict[str, Writer]
    post: Transport
    wait: Wait
    by: str
    claimed: dict[Delivery, datetime]
    """When each may leave, at the earliest."""
    desk: Desk
    subscribers: Sequence[Subscriber]
    """Kept, so that the session keeps them."""
    server_is_away: bool = False
    unrecorded: tuple[int, str | MailFailed] | None = None
    """What became of the mail before; written down with the beginning of the next."""
    left_over: list[int] = field(default_factory=list)
    ahead: dict[int, Envelope] = field(default_factory=dict)
    """The mail that was written while a server thought about the one before."""

    def send(self) -> int:
        """Hand them over, one by one; returns how many the server took."""
        try:
            return self._send()
        finally:  # what a server has taken is written down, whatever is wrong with the next mail
            self.session.rollback()
            self._firmly(self._end)

    def _send(self) -> int:
        sent = 0
        rest = list(self.claimed.items())
        for place, (one, moment) in enumerate(rest):
            if self.server_is_away or self._told_to_end(moment):
                self.left_over += [later.id for later, _ in rest[place:]]
                break
            envelope = self.ahead.pop(one.id, None) or self._written(one)
            if envelope is not None:
                following = rest[place + 1][0] if place + 1 < len(rest) else None
                sent += self._handed_over(one, envelope, following)
        return sent

    def _end(self) -> None:
        self._record()
        if self.left_over:
            delivery.release(self.session, by=self.by, delivery_ids=self.left_over, due_at=clock.now())

    def _told_to_end(self, moment: datetime) -> bool:
        seconds = (moment - clock.now()).total_seconds()
        if seconds > 0 and self.unrecorded is not None:
            self._firmly(self._record)
            self.unrecorded = None
        return self.wait(max(seconds, 0))

    def _written(self, one: Delivery) -> Envelope | None:
        """The mail, or None when there is nothing to send; then that is written down."""
        if one.kind not in self.writers:  # of a newer version of the site; the claim runs out, its own worker sends it
            log.warning("no writer for a mail of the kind %s", one.kind)
            return None
        try:
            envelope = self._composed(one)
        except RefusedForGood as error:
            self._refuse(one, error)
            return None
        if envelope is None:
            self._firmly(lambda: delivery.drop(self.session, one.id, by=self.by, now=clock.now()))
        elif self.session.in_transaction():  # its writer asked the database; what follows is the server's time
            self.session.commit()
        return envelope

    def _composed(self, one: Delivery) -> Envelope | None:
        mail = self.writers[one.kind](self.session, one, self.desk.letterhead)
        if mail is None:
            return None
        return self.desk.write(mail, one, sender=self._sender(one, mail.to), now=clock.now())

    def _write_ahead(self, one: Delivery) -> None:
        """Write a notice before its turn: all that it says has been read with the claim.

        What goes wrong goes wrong again in its turn, and is dealt with then.
        """
        with suppress(Exception):
            envelope = self._composed(one)
            if envelope is not None:
                self.ahead[one.id] = envelope
        if self.session.in_transaction():
            self.session.rollback()

    def _sender(self, one: Delivery, recipient: str) -> str:
        if not self.config.return_address:
            return self.desk.letterhead.address
        address, secret = self.config.return_address, self.config.secret_key
        return return_path(one.id, recipient, address=address, secret=secret)

    def _begun(self, one: Delivery) -> bool:
        """One commit: the mail before is recorded, and this one begins, if it still may."""

        def begin() -> bool:
            before = self.unrecorded
            if before is not None and isinstance(before[1], MailFailed):
                self._record()
                before = None
            return delivery.begin(self.session, one.id, by=self.by, now=clock.now(), before=before)  # type: ignore[arg-type]

        def put_back() -> bool:
            self._record()
            self._put_back(one)
            return False

        try:
            begun = self._firmly(begin)
        except IntegrityError:  # its subscriber left, or its opening was paused: the database lets nothing go there
            self.session.rollback()
            begun = self._firmly(put_back)
        self.unrecorded = None
        return begun

    def _put_back(self, one: Delivery) -> None:
        self.session.expire_all()
        if self.writers[one.kind](self.session, one, self.desk.letterhead) is None:
            delivery.drop(self.session, one.id, by=self.by, now=clock.now())
        else:
            delivery.release(self.session, by=self.by, delivery_ids=[one.id], due_at=clock.now())

    def _record(self) -> None:
        if self.unrecorded is not None:
            delivery_id, outcome = self.unrecorded
            jitter = random.random()
            delivery.record(self.session, delivery_id, outcome, by=self.by, now=clock.now(), jitter=jitter)

    def _firmly(self, step: Callable[[], Done]) -> Done:
        """Take a step and commit it; again, while the database is busy or away."""
        for _ in range(PATIENCE):
            try:
                done = step()
                self.session.commit()
                return done
            except OperationalError:
                log.warning("the database does not answer; once more", exc_info=True)
                self.session.rollback()
                until(1)
        raise DatabaseAway

    def _handed_over(self, one: Delivery, envelope: Envelope, following: Delivery | None) -> bool:
        """Did the server take it."""
        begun = False

        def begin() -> bool:
            nonlocal begun
            begun = self._begun(one)
            return begun

        def meanwhile() -> None:
            if following is not None and following.kind == "notice":
                self._write_ahead(following)

        outcome = self._outcome(one, envelope, begin, meanwhile)
        self.server_is_away = isinstance(outcome, ServerAway)
        if begun:
            self.unrecorded = one.id, outcome or ""
        elif isinstance(outcome, ServerAway):
            self.left_over.append(one.id)
        elif isinstance(outcome, RefusedForGood):
            self._refuse(one, outcome)
        return begun and isinstance(outcome, str)

    def _outcome(
        self, one: Delivery, envelope: Envelope, begin: Begin, meanwhile: Callable[[], None]
    ) -> str | MailFailed | None:
        try:
            reply = self.post.send(envelope, begin, meanwhile)
            return reply and reply.replace(envelope.recipient, "…")
        except MailFailed as failure:
            said = type(failure)(str(failure).replace(envelope.recipient, "…"))
            log.warning("%s %d: %s: %s", one.kind, one.id, type(failure).__name__, said)
            return said

    def _refuse(self, one: Delivery, reason: RefusedForGood) -> None:
        self._firmly(lambda: delivery.refuse(self.session, one.id, reason, by=self.by, now=clock.now()))
