"""Comments, and the rows of what was decided about them.

What stands is written by inserts only: a Decision, later perhaps a Pruning. `Comment.standing` repeats it for fast
queries; triggers of the database (migrations/) write it, and refuse any other value, any change of a decision or a
pruning, and any change of a comment's text but its erasure.
"""

from datetime import date, datetime
from typing import Literal, get_args

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..accounts.models import Person
from ..db import Base
from ..letters.models import Letter

Verdict = Literal["published", "declined"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
Standing = Literal["pending", "published", "declined", "pruned"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)


class Comment(Base):
    """What a reader wrote under a letter, as it was sent."""

    __tablename__ = "comments"
    __table_args__ = (
        CheckConstraint(f"standing IN {STANDINGS!r}", name="standing"),
        UniqueConstraint("letter_id", "fingerprint"),
        Index("ix_comments_thread", "letter_id", "standing", "submitted_at", "id"),
        Index(
            "ix_comments_queue",
            "submitted_at",
            "id",
            sqlite_where=text("standing = 'pending'"),
            postgresql_where=text("standing = 'pending'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True)
    """Names the comment to readers. Random, because the order of ids would tell of comments that nobody may see."""
    letter_id: Mapped[int] = mapped_column(ForeignKey("letters.id"))
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(254), default="")
    text_source: Mapped[str]
    text_html: Mapped[str]
    submitted_at: Mapped[datetime]
    fingerprint: Mapped[str] = mapped_column(String(64))
    """Of name and text: the same comment sent twice (a double click, a reload) is one comment."""
    standing: Mapped[str] = mapped_column(String(12), default="pending", server_default="pending")
    """Kept by the database from the decision and the pruning; never written here."""
    erased_at: Mapped[datetime | None]
    """When name, address and text were erased: the retention period had passed, or the person asked for it."""

    letter: Mapped[Letter] = relationship()
    decision: Mapped["Decision | None"] = relationship(back_populates="comment", lazy="raise")
    pruning: Mapped["Pruning | None"] = relationship(lazy="raise", viewonly=True)


class Decision(Base):
    """Publish or decline: taken once, by one editor, never changed."""

    __tablename__ = "decisions"
    __table_args__ = (
        CheckConstraint(f"verdict IN {VERDICTS!r}", name="verdict"),
        UniqueConstraint("comment_id", "verdict"),  # what prunings refer to
        Index("ix_decisions_decided_at", "decided_at", "verdict"),
    )

    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id"), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(12))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    """Nobody: it was decided on the site that the comment was imported from."""
    decided_at: Mapped[datetime]
    seen: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the HTML that the editor saw and that readers get."""

    comment: Mapped[Comment] = relationship(back_populates="decision")
    by: Mapped[Person | None] = relationship(lazy="joined")


class Pruning(Base):
    """A published comment removed for good. The foreign key lets nothing but a published one be pruned."""

    __tablename__ = "prunings"
    __table_args__ = (
        CheckConstraint("verdict = 'published'", name="only_published"),
        ForeignKeyConstraint(["comment_id", "verdict"], ["decisions.comment_id", "decisions.verdict"]),
        Index("ix_prunings_pruned_at", "pruned_at"),
    )

    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id"), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(12), default="published")
    by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    pruned_at: Mapped[datetime]

    by: Mapped[Person] = relationship(lazy="joined")


class DecidedDay(Base):
    """How many comments one editor published and declined on one day (UTC). Kept by the database, as the next two."""

    __tablename__ = "decided_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    published: Mapped[int]
    declined: Mapped[int]


class DecidedLetter(Base):
    """How many of a letter's comments the desk published and declined, ever."""

    __tablename__ = "decided_letters"
    __table_args__ = (Index("ix_decided_letters_last_at", "last_at"),)

    letter_id: Mapped[int] = mapped_column(ForeignKey("letters.id"), primary_key=True)
    published: Mapped[int]
    declined: Mapped[int]
    last_at: Mapped[datetime]
    """When the last of them was decided."""


class WaitedDay(Base):
    """How many of the comments that one editor decided on one day (UTC) had waited so long."""

    __tablename__ = "waited_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    minutes: Mapped[int] = mapped_column(primary_key=True)
    """Whole minutes, of which only the first two digits are kept: 1,234 is 1,200."""
    number: Mapped[int]
