"""Questions that readers sent, and what the desk did with them: each step is a row that says who and when."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..accounts.models import Person
from ..db import Base


class Question(Base):
    """One question in the inbox. It waits until a letter is made of it or it is set aside."""

    __tablename__ = "questions"
    __table_args__ = (
        Index(
            "ix_questions_waiting",
            "received_at",
            "id",
            sqlite_where=text("set_aside_at IS NULL"),
            postgresql_where=text("set_aside_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    """To be printed above the letter."""
    text_source: Mapped[str]
    text_html: Mapped[str]
    words: Mapped[str] = mapped_column(default="", server_default="")
    """The stems of name and text, each once, between spaces: by them it is found, and others that are like it."""
    received_at: Mapped[datetime]
    consented_at: Mapped[datetime | None]
    """When its sender agreed that it is published; nothing: it came before that was asked."""
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    """Of name and text: the same question sent twice (a double click, a reload) is one question."""
    set_aside_at: Mapped[datetime | None]
    set_aside_by_id: Mapped[int | None]


class Contact(Base):
    """The address that a question's sender left, kept apart from the question: lists and letters never read it."""

    __tablename__ = "question_contacts"

    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"), primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    told_at: Mapped[datetime | None]
    """When the mail about the letter was put on its way, once."""


class Shortlisting(Base):
    """That a question is likely to become a letter."""

    __tablename__ = "shortlistings"

    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"), primary_key=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    made_at: Mapped[datetime]


class Merging(Base):
    """That a question is the same as another one, and is answered with it."""

    __tablename__ = "mergings"
    __table_args__ = (CheckConstraint("question_id <> into_id", name="not_into_itself"),)

    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"), primary_key=True)
    into_id: Mapped[int] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"), index=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    made_at: Mapped[datetime]


class Note(Base):
    """What one person of the desk tells the others about a question."""

    __tablename__ = "question_notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"), index=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    text: Mapped[str]
    written_at: Mapped[datetime]

    by: Mapped[Person] = relationship(lazy="joined")


class Closing(Base):
    """The inbox is closed for a while, with a text that readers see in the form's place."""

    __tablename__ = "inbox_closings"
    __table_args__ = (
        CheckConstraint("door = 1", name="one_door"),
        Index(
            "uq_inbox_closings_one_closed",
            "door",
            unique=True,
            sqlite_where=text("opened_at IS NULL"),
            postgresql_where=text("opened_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    door: Mapped[int] = mapped_column(default=1)
    """There is one door, so that the UNIQUE key has something to hold."""
    text_source: Mapped[str]
    text_html: Mapped[str]
    closed_at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    opened_at: Mapped[datetime | None]
