"""Courses, who waits for them, and the openings that tell them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal, get_args

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, Select, String, select, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, attribute_keyed_dict, foreign, mapped_column, relationship

from ..accounts.models import Person
from ..column.models import LANGUAGES
from ..db import Base

LeftWhy = Literal["asked", "bounced", "complained"]
LEFT_WHY: tuple[LeftWhy, ...] = get_args(LeftWhy)


class Course(Base):
    """What a P. P. S. invites to."""

    __tablename__ = "courses"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    starts_on: Mapped[date | None]
    """Nothing: the date is not known yet."""
    created_at: Mapped[datetime]
    next_opening: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    """The number of the opening that is still to come. The database counts on with each opening."""

    texts: Mapped[dict[str, "CourseText"]] = relationship(
        collection_class=attribute_keyed_dict("language"),
        order_by="CourseText.language",
        cascade="all, delete-orphan",
    )
    """{language: text}; at least one."""

    def begins_on(self, today: date) -> date | None:
        """When the next one begins; a day that has passed says nothing of it."""
        return self.starts_on if self.starts_on is not None and self.starts_on >= today else None

    def said(self, language: str) -> "CourseText":
        """The course's text in this language, or in the other one when there is none."""
        return self.texts.get(language) or next(iter(self.texts.values()))

    def described(self, language: str) -> "CourseText":
        """As `said`; a text that has only a name gives way to one that says more."""
        said = self.said(language)
        return said if said.about_html else next((one for one in self.texts.values() if one.about_html), said)


class CourseText(Base):
    """A course's name, and what it is, in one language."""

    __tablename__ = "course_texts"
    __table_args__ = (CheckConstraint(f"language IN {LANGUAGES!r}", name="language"),)

    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    about_source: Mapped[str] = mapped_column(default="")
    about_html: Mapped[str] = mapped_column(default="")


class Opening(Base):
    """Enrolment opens: one moment, one text. While it is not closed the course page leads to enrolment."""

    __tablename__ = "openings"
    __table_args__ = (
        # A form that was sent twice, or is of yesterday, says the number of an opening that there is.
        Index("uq_openings_number", "course_id", "number", unique=True),
        Index(
            "uq_openings_one_open",
            "course_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id"), index=True)
    subject: Mapped[str] = mapped_column(String(200))
    text_source: Mapped[str]
    text_html: Mapped[str]
    link: Mapped[str] = mapped_column(String(500))
    """Where people enrol."""
    opened_at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    closed_at: Mapped[datetime | None]
    number: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    """The first, the second … opening of its course."""
    paused_at: Mapped[datetime | None]
    """Nothing of it is sent while this is set."""
    stopped_at: Mapped[datetime | None]
    """An editor stopped it for good: who had not got the notice by then waits for the next opening."""

    by: Mapped[Person] = relationship(lazy="joined")
    course: Mapped[Course] = relationship(lazy="joined")

    def have_not_left(self, progress: Mapping[str, int]) -> int:
        """How many of its notices have still to be sent. progress: {state of a delivery: how many}."""
        return progress.get("sending", 0) + (progress.get("waiting", 0) if self.stopped_at is None else 0)


class NoticeDraft(Base):
    """The notice of a course's next opening, while it is written."""

    __tablename__ = "notice_drafts"

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), unique=True)
    subject: Mapped[str] = mapped_column(String(200))
    text_source: Mapped[str]
    link: Mapped[str] = mapped_column(String(500))
    saved_at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    """Who saved it last; a trial of it goes there."""

    by: Mapped[Person] = relationship(lazy="joined")
    course: Mapped[Course] = relationship(lazy="joined")


class Subscriber(Base):
    """One address that waits for one course. After its opening it waits no more: it has got its one notice."""

    __tablename__ = "subscribers"
    __table_args__ = (
        CheckConstraint(f"left_why IS NULL OR left_at IS NOT NULL AND left_why IN {LEFT_WHY!r}", name="left_why"),
        # An address waits for an opening once.
        Index("uq_subscribers_waiting", "course_id", "email_key", "opening_number", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("courses.id"))
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), index=True)
    confirm_token: Mapped[str] = mapped_column(String(43), unique=True)
    leave_token: Mapped[str] = mapped_column(String(43), unique=True)
    asked_at: Mapped[datetime]
    """When the address was last left at the form; it gets at most one confirmation mail an hour."""
    confirmed_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    left_why: Mapped[LeftWhy | None] = mapped_column(String(12))
    """They asked, their mailbox refused us for good or three times, or they called our mail spam."""
    consent: Mapped[str] = mapped_column(String(300), default="", server_default="")
    """How an imported address had agreed, in the words of whoever imported it; empty: by our confirmation mail."""
    opening_number: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    """Which opening of the course this subscriber waits for, or was told of (`is_told`). When one comes, the database
    moves those who had not confirmed, or had left, to the next number; those who are told keep theirs untouched."""

    course: Mapped[Course] = relationship(lazy="joined")
    opening: Mapped[Opening | None] = relationship(
        primaryjoin=lambda: (
            (foreign(Subscriber.course_id) == Opening.course_id)
            & (foreign(Subscriber.opening_number) == Opening.number)
        ),
        viewonly=True,
    )
    """The opening that they are told of."""

    @hybrid_property
    def is_told(self) -> bool:
        """The opening that they waited for has come."""
        return self.opening_number < self.course.next_opening

    @is_told.inplace.expression
    @classmethod
    def _is_told(cls) -> ColumnElement[bool]:
        return cls.opening_number < next_opening_of(cls.course_id).scalar_subquery()


def next_opening_of(course_id: Any) -> Select[int]:
    """The number of the opening that is still to come of the course with this id, a number or a column."""
    return select(Course.next_opening).where(Course.id == course_id)


class Tally(Base):
    """How often something was asked for in one window of time, by one network or for one mailbox."""

    __tablename__ = "tallies"
    __table_args__ = (Index("ix_tallies_until", "until"), Index("ix_tallies_key", "key"))

    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    key: Mapped[str] = mapped_column(String(254), primary_key=True)
    since: Mapped[datetime] = mapped_column(primary_key=True)
    number: Mapped[int]
    until: Mapped[datetime]
    """When the window ends, and the row with it."""
