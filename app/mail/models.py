"""What is to be mailed, and what became of it."""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base

Kind = Literal["confirmation", "notice"]
KINDS: tuple[Kind, ...] = get_args(Kind)
State = Literal["waiting", "sending", "sent", "unsure", "failed", "dropped"]
STATES: tuple[State, ...] = get_args(State)


class Delivery(Base):
    """One mail to one subscriber.

    waiting -> sending -> sent. A refusal for now leads back to waiting, one for good to failed. Found in `sending`
    after a crash it becomes `unsure`: it may have been sent, and only an editor sends it again. `dropped`: the
    subscriber left before it was sent.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS!r}", name="kind"),
        CheckConstraint(f"state IN {STATES!r}", name="state"),
        CheckConstraint("(kind = 'notice') = (opening_id IS NOT NULL)", name="notice_has_its_opening"),
        # One notice to one subscriber, ever.
        Index(
            "uq_deliveries_one_notice",
            "subscriber_id",
            unique=True,
            sqlite_where=text("kind = 'notice'"),
            postgresql_where=text("kind = 'notice'"),
        ),
        Index(
            "ix_deliveries_due",
            "kind",
            "due_at",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_deliveries_opening", "opening_id", "state"),
        Index("ix_deliveries_subscriber", "subscriber_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscribers.id"))
    opening_id: Mapped[int | None] = mapped_column(ForeignKey("openings.id"))
    state: Mapped[str] = mapped_column(String(12), default="waiting", server_default="waiting")
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    claimed_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    reply: Mapped[str] = mapped_column(String(300), default="", server_default="")
    """The SMTP server's last word."""
