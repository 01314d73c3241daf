"""A second pair of eyes: reviews, remarks on passages, links for outsiders."""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..accounts.models import Person
from ..db import Base
from ..letters.models import Letter

Outcome = Literal["accepted", "returned"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


class Review(Base):
    """A writer asked for eyes on a letter; an editor accepted it or returned it. One at a time, kept for ever."""

    __tablename__ = "reviews"
    __table_args__ = (
        CheckConstraint("outcome IN ('accepted', 'returned')", name="outcome"),
        CheckConstraint(
            "(outcome IS NULL) = (settled_at IS NULL) AND (outcome IS NULL) = (settled_by_id IS NULL)", name="settled"
        ),
        Index(
            "uq_reviews_one_open",
            "letter_id",
            unique=True,
            sqlite_where=text("outcome IS NULL"),
            postgresql_where=text("outcome IS NULL"),
        ),
        Index("ix_reviews_letter_id", "letter_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letters.id", ondelete="CASCADE"))
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    asked_at: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(String(12))
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    settled_at: Mapped[datetime | None]
    word: Mapped[str] = mapped_column(default="")
    """What the editor says with it."""

    letter: Mapped[Letter] = relationship()
    asked_by: Mapped[Person] = relationship(foreign_keys=[asked_by_id])
    settled_by: Mapped[Person | None] = relationship(foreign_keys=[settled_by_id])


class Mark(Base):
    """A remark on one passage of a letter, until somebody says that it is done."""

    __tablename__ = "review_marks"

    id: Mapped[int] = mapped_column(primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letters.id", ondelete="CASCADE"), index=True)
    passage: Mapped[str]
    """The source of the passage as it was: where the remark stands, while the passage stands so."""
    text: Mapped[str]
    by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    made_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    by: Mapped[Person] = relationship(foreign_keys=[by_id], lazy="joined")


class DraftLink(Base):
    """A link with which an outsider reads a draft, for a time."""

    __tablename__ = "draft_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letters.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of what the link holds; the link itself is shown once, and kept nowhere."""
    made_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime]

    made_by: Mapped[Person] = relationship(lazy="joined")
