"""Letters and what orders them: advisers, rubrics, topics."""

from datetime import datetime, time

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    String,
    Table,
    Time,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..db import Base


class Adviser(Base):
    """Who answers."""

    __tablename__ = "advisers"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    about_source: Mapped[str] = mapped_column(default="")
    about_html: Mapped[str] = mapped_column(default="")
    picture: Mapped[str] = mapped_column(String(80), default="", server_default="")
    """The address of a portrait; empty: none."""


class Rubric(Base):
    """A weekday's theme, with its hour: the rule by which slots come."""

    __tablename__ = "rubrics"
    __table_args__ = (CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    """As it stands in "This was a Friday letter on …"."""
    title: Mapped[str] = mapped_column(String(120))
    """As a heading."""
    weekday: Mapped[int]
    """0 is Monday, as in `datetime.date.weekday`."""
    time: Mapped[time] = mapped_column(Time)
    """Wall time in the zone."""
    zone: Mapped[str] = mapped_column(String(64))
    """IANA name, as "Europe/Moscow"."""


class Topic(Base):
    """What a letter is about; a letter may have several."""

    __tablename__ = "topics"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))


letter_topics = Table(
    "letter_topics",
    Base.metadata,
    Column("letter_id", ForeignKey("letters.id", ondelete="CASCADE"), primary_key=True),
    Column("topic_id", ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_letter_topics_topic_id", "topic_id"),
)


class Related(Base):
    """One letter that the editor put under another, in the editor's order."""

    __tablename__ = "related_letters"

    letter_id: Mapped[int] = mapped_column(ForeignKey("letters.id", ondelete="CASCADE"), primary_key=True)
    related_id: Mapped[int] = mapped_column(ForeignKey("letters.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int]


class Likeness(Base):
    """How much two letters are alike, in both directions (letters/likeness.py)."""

    __tablename__ = "likenesses"

    letter_id: Mapped[int] = mapped_column(ForeignKey("letters.id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("letters.id", ondelete="CASCADE"), primary_key=True, index=True)
    weight: Mapped[float] = mapped_column(Double)


class Selection(Base):
    """Letters that an editor put together: an adviser's on a theme, or whatever belongs together."""

    __tablename__ = "selections"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    about_source: Mapped[str] = mapped_column(default="")
    about_html: Mapped[str] = mapped_column(default="")
    adviser_id: Mapped[int | None] = mapped_column(ForeignKey("advisers.id"))
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("topics.id"))
    created_at: Mapped[datetime]

    adviser: Mapped[Adviser | None] = relationship()
    topic: Mapped[Topic | None] = relationship()


class Selected(Base):
    """A letter's place in a selection."""

    __tablename__ = "selected_letters"

    selection_id: Mapped[int] = mapped_column(ForeignKey("selections.id", ondelete="CASCADE"), primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letters.id", ondelete="CASCADE"), primary_key=True, index=True)
    position: Mapped[int]


class Letter(Base):
    """One piece: asker's name, question, answer, P. S., P. P. S. Visible when ready and its moment has come."""

    __tablename__ = "letters"
    __table_args__ = (
        # Two letters never share a slot of a rubric, whoever schedules them.
        UniqueConstraint("rubric_id", "publish_at"),
        CheckConstraint("NOT ready OR (publish_at IS NOT NULL AND name IS NOT NULL)", name="ready_has_its_slot"),
        CheckConstraint("(publish_at IS NULL) = (slot_at IS NULL)", name="slot_and_moment"),
        Index("ix_letters_live", "publish_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(String(20), unique=True)
    """The date of its slot, "2026-11-27"; "2026-11-27-2" for a second one on that day. Its address for ever."""
    version: Mapped[int] = mapped_column(default=1)
    """Counts the saves, so that a stale form cannot overwrite a newer text."""

    title: Mapped[str] = mapped_column(String(300))
    asker: Mapped[str] = mapped_column(String(120))
    language: Mapped[str] = mapped_column(String(8))
    question_source: Mapped[str] = mapped_column(default="")
    question_html: Mapped[str] = mapped_column(default="")
    answer_source: Mapped[str] = mapped_column(default="")
    answer_html: Mapped[str] = mapped_column(default="")
    postscript_source: Mapped[str] = mapped_column(default="")
    postscript_html: Mapped[str] = mapped_column(default="")
    course_note_source: Mapped[str] = mapped_column(default="")
    course_note_html: Mapped[str] = mapped_column(default="")

    adviser_id: Mapped[int | None] = mapped_column(ForeignKey("advisers.id"))
    rubric_id: Mapped[int | None] = mapped_column(ForeignKey("rubrics.id"))
    course_id: Mapped[int | None] = mapped_column(ForeignKey("courses.id"))
    question_id: Mapped[int | None] = mapped_column(ForeignKey("questions.id"), unique=True)
    """The question it answers; a question becomes one letter at most."""
    written_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    ready: Mapped[bool] = mapped_column(default=False)
    slot_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=False))
    """Wall time of the slot in its zone, as the editor set it."""
    slot_zone: Mapped[str | None] = mapped_column(String(64))
    publish_at: Mapped[datetime | None]
    """The same moment in UTC, derived from slot_at and slot_zone."""
    takes_comments: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    adviser: Mapped[Adviser | None] = relationship(lazy="joined")
    rubric: Mapped[Rubric | None] = relationship(lazy="joined")
    topics: Mapped[list[Topic]] = relationship(secondary=letter_topics, order_by=Topic.name)

    def is_live(self, now: datetime) -> bool:
        """May readers see it at this moment (the row's own answer to `publishing.live`)."""
        return self.ready and self.publish_at is not None and self.publish_at <= now


class Redirect(Base):
    """An address of an imported site that now leads to a letter."""

    __tablename__ = "redirects"

    path: Mapped[str] = mapped_column(String(500), primary_key=True)
    """With its first slash and without its last, percent-decoded."""
    letter_id: Mapped[int] = mapped_column(ForeignKey("letters.id", ondelete="CASCADE"), index=True)


class Announcement(Base):
    """That a WebSub hub is told of a letter, once (letters/announcing.py)."""

    __tablename__ = "announcements"

    letter_id: Mapped[int] = mapped_column(ForeignKey("letters.id", ondelete="CASCADE"), primary_key=True)
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    """When it is to be made, or tried again; nothing: it was made, or given up."""
    tries: Mapped[int] = mapped_column(default=0)
    made_at: Mapped[datetime | None]


class Change(Base):
    """A change of a letter that is out, which readers get at its moment (writing/changing.py)."""

    __tablename__ = "changes"
    __table_args__ = (
        Index(
            "uq_changes_one_waits",
            "letter_id",
            unique=True,
            sqlite_where=text("made_at IS NULL"),
            postgresql_where=text("made_at IS NULL"),
        ),
        Index(
            "ix_changes_due", "due_at", sqlite_where=text("made_at IS NULL"), postgresql_where=text("made_at IS NULL")
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letters.id", ondelete="CASCADE"))
    version_id: Mapped[int] = mapped_column(ForeignKey("versions.id", ondelete="CASCADE"))
    """What the letter will say."""
    slot_at: Mapped[datetime] = mapped_column(DateTime(timezone=False))
    """Wall time in the zone, as the editor set it."""
    slot_zone: Mapped[str] = mapped_column(String(64))
    due_at: Mapped[datetime]
    """The same moment in UTC."""
    by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    made_at: Mapped[datetime | None]
    """Nothing: it waits for its moment."""
