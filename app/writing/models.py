"""What is kept of the writing of a letter: its versions, and what somebody has typed and not saved yet."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..accounts.models import Person
from ..db import Base

KINDS = ("before", "saved", "restored", "aside")


class Version(Base):
    """A text of a letter, kept. The database lets nobody change or delete one (migration 0011)."""

    __tablename__ = "versions"
    __table_args__ = (
        UniqueConstraint("letter_id", "number"),
        CheckConstraint(f"kind IN {KINDS!r}", name="kind"),
        Index("ix_versions_line", "letter_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letters.id", ondelete="CASCADE"))
    number: Mapped[int]
    """1 for a letter's first."""
    kind: Mapped[str] = mapped_column(String(12))
    """before: how the letter stood when its history began, or after a change that came another way (an import);
    saved, restored: by an editor; aside: a text that never was the letter's, kept because another took its place."""
    content: Mapped[str]
    """A Draft as JSON, with the sources of the parts."""
    html: Mapped[str] = mapped_column(default="")
    """{part: HTML} as JSON: what readers get if this version is published (promise 5). Empty for what is aside."""
    by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    saved_at: Mapped[datetime]
    name: Mapped[str] = mapped_column(String(120), default="")
    restored_from: Mapped[int | None]
    """The number of the version that this one brings back."""
    put_at: Mapped[datetime | None]
    """When it became the letter's text; nothing: a change of a published letter that waits, or a text aside."""
    erased_at: Mapped[datetime | None]
    """When its text was erased (retention); the row stays."""

    by: Mapped[Person | None] = relationship(lazy="joined")


class Typed(Base):
    """What one person has typed in one letter since it was last saved, and that this person is there."""

    __tablename__ = "typed_texts"

    letter_id: Mapped[int] = mapped_column(ForeignKey("letters.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    content: Mapped[str | None]
    """A Draft as JSON; nothing: all is saved."""
    base_id: Mapped[int] = mapped_column(default=0)
    """The version that it began from; 0: there was none."""
    count: Mapped[int] = mapped_column(default=0)
    """Goes up with every change of this row: by it a window knows that another one of its person went on."""
    sitting: Mapped[str] = mapped_column(String(36), default="")
    """The window that wrote last, and …"""
    seq: Mapped[int] = mapped_column(default=0)
    """… how many changes it had made by then: what is here already need not be sent again."""
    begun_as: Mapped[str | None] = mapped_column(String(36), unique=True)
    """The window in which the letter was begun, so that a request sent twice begins one letter."""
    typed_at: Mapped[datetime | None]
    seen_at: Mapped[datetime]

    person: Mapped[Person] = relationship(lazy="joined")
