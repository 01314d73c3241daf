"""What is to be mailed, and what became of it."""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base

State = Literal["waiting", "sending", "sent", "in_doubt", "failed", "bounced", "dropped"]
STATES: tuple[State, ...] = get_args(State)
Bounce = Literal["lasting", "passing"]
BOUNCES: tuple[Bounce, ...] = get_args(Bounce)

AWAITED, ORDINARY, BULK = 0, 1, 2
"""How urgent: somebody looks into the mailbox for it; today; when there is nothing else to send."""


class Delivery(Base):
    """One mail to one address, which stands in the row that the mail is about: a subscriber, a question, a person.

    waiting -> sending -> sent -> perhaps bounced. A refusal for now leads back to waiting, one for good to failed, and
    failed back to waiting when an editor tries again. Found in `sending` after a crash it becomes `in_doubt`: it may
    have been sent, and only an editor says what next. `dropped`: it had no sense any more, as when the subscriber left.
    The database refuses every other step.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES!r}", name="state"),
        CheckConstraint(
            f"bounce IS NULL OR state = 'bounced' AND bounce IN {BOUNCES!r}",
            name="bounce",
        ),
        CheckConstraint("(kind = 'notice') = (opening_id IS NOT NULL)", name="notice_has_its_opening"),
        CheckConstraint(
            "subscriber_id IS NOT NULL OR (about_id IS NOT NULL AND kind NOT IN ('confirmation', 'notice'))",
            name="somebody_gets_it",
        ),
        # One notice to one subscriber, ever; one that was not sent does not count.
        Index(
            "uq_deliveries_one_notice",
            "subscriber_id",
            unique=True,
            sqlite_where=text("kind = 'notice' AND state <> 'dropped'"),
            postgresql_where=text("kind = 'notice' AND state <> 'dropped'"),
        ),
        Index(
            "uq_deliveries_once",
            "once",
            unique=True,
            sqlite_where=text("once IS NOT NULL"),
            postgresql_where=text("once IS NOT NULL"),
        ),
        Index(
            "ix_deliveries_due",
            "opening_id",
            "urgency",
            "due_at",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_deliveries_sending",
            "claimed_at",
            sqlite_where=text("state = 'sending'"),
            postgresql_where=text("state = 'sending'"),
        ),
        Index("ix_deliveries_opening", "opening_id", "state", "id"),
        Index("ix_deliveries_subscriber", "subscriber_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    """The name of its writer (`work.MAILS`) and of its folder under templates/mail/."""
    subscriber_id: Mapped[int | None] = mapped_column(ForeignKey("subscribers.id"))
    opening_id: Mapped[int | None] = mapped_column(ForeignKey("openings.id"))
    about_id: Mapped[int | None]
    """For mails that are not to subscribers: the row it is about, in the table that its writer knows."""
    once: Mapped[str | None] = mapped_column(String(80))
    """A name that makes a second mail of the same matter impossible: "summary 2026-11-23 to 4"."""
    urgency: Mapped[int] = mapped_column(SmallInteger, default=ORDINARY, server_default=text("1"))
    state: Mapped[str] = mapped_column(String(12), default="waiting", server_default="waiting")
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    """From when on a worker may take it. Who claims it moves this on, so that others leave it alone meanwhile."""
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often a server refused it for now."""
    first_tried_at: Mapped[datetime | None]
    claimed_by: Mapped[str | None] = mapped_column(String(32))
    claimed_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    reply: Mapped[str] = mapped_column(String(300), default="", server_default="")
    """The SMTP server's last word."""
    bounce: Mapped[Bounce | None] = mapped_column(String(12))
    """What the mail that came back said: the address is wrong for good, or it failed this time."""
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    settled_at: Mapped[datetime | None]
    """Who said what becomes of a delivery in doubt, and when."""


class Pace(Base):
    """One row: until when the time is given away in which mails may leave (see pace.py)."""

    __tablename__ = "pace"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1, autoincrement=False)
    next_at: Mapped[datetime]


class MailboxPlace(Base):
    """Up to which mail a mailbox on a server has been read."""

    __tablename__ = "mailbox_places"

    mailbox: Mapped[str] = mapped_column(String(64), primary_key=True)
    validity: Mapped[int] = mapped_column(BigInteger)
    """The server's word under which its numbers hold; under another one everything is read anew."""
    last_uid: Mapped[int] = mapped_column(BigInteger)
