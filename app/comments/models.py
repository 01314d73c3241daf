"""Comments, and the rows of what was decided about them.

What stands is written by inserts only: a Decision, later perhaps a Pruning. `Comment.standing` repeats it for fast
queries; triggers of the database (migrations/) write it, and refuse any other value, any change of a decision or a
pruning, and any change of a comment's text but its erasure.
"""

from datetime import date, datetime
from typing import Literal, get_args

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..accounts.models import Person
from ..db import Base
from ..letters.models import Letter

Verdict = Literal["published", "declined"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
Standing = Literal["pending", "published", "declined", "pruned"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)
Pile = Literal["skipped", "maybe"]
PILES: tuple[Pile, ...] = get_args(Pile)
Reason = Literal["spent", "harmful"]
REASONS: tuple[Reason, ...] = get_args(Reason)

LINE = "standing = 'pending' AND set_aside = ''"
"""What waits in its turn."""
END_OF_LINE = "standing = 'pending' AND set_aside <> ''"
"""What waits behind all that. Each of the two has its index, and both together have none: whoever asks for all that
waits asks for one and for the other."""


def _partial(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


class Comment(Base):
    """What a reader wrote under a letter, as it was sent."""

    __tablename__ = "comments"
    __table_args__ = (
        CheckConstraint(f"standing IN {STANDINGS!r}", name="standing"),
        UniqueConstraint("letter_id", "fingerprint"),
        Index("ix_comments_thread", "letter_id", "standing", "submitted_at", "id"),
        _partial("ix_comments_line", "submitted_at", "id", where=LINE),
        _partial("ix_comments_line_by_letter", "letter_id", "submitted_at", "id", where=LINE),
        _partial("ix_comments_sender", "sender", "submitted_at", where="sender IS NOT NULL"),
        _partial("ix_comments_set_aside", "submitted_at", "id", where=END_OF_LINE),
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
    sender: Mapped[str | None] = mapped_column(String(64))
    """A keyed hash of the address, if one was given: it stays when the address is dropped (same_address.py)."""
    set_aside: Mapped[str] = mapped_column(String(200), default="", server_default="")
    """Not empty: it waits at the end of the queue, and why (setting_aside.py): a phrase, or ADDRESS."""
    erased_at: Mapped[datetime | None]
    """When name, address and text were erased: the retention period had passed, or the person asked for it."""

    letter: Mapped[Letter] = relationship()
    decision: Mapped["Decision | None"] = relationship(back_populates="comment", lazy="raise")
    pruning: Mapped["Pruning | None"] = relationship(lazy="raise", viewonly=True)


PENDING: ColumnElement[bool] = Comment.standing == literal_column("'pending'")
"""What waits. No bound value: no database uses an index of the pending ones for a value that it does not know."""


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


class Postponement(Base):
    """A comment that one editor put off: skipped to the end, or laid on the pile of those that may be something."""

    __tablename__ = "postponements"
    __table_args__ = (CheckConstraint(f"pile IN {PILES!r}", name="pile"),)

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True, index=True)
    pile: Mapped[str] = mapped_column(String(12))
    postponed_at: Mapped[datetime]


class Presence(Base):
    """Which comment an editor is reading. It locks nothing: others see it, and that is all."""

    __tablename__ = "presences"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), index=True)
    seen_at: Mapped[datetime]


class SetAside(Base):
    """A commenter's address, or a phrase, whose comments wait at the end of the queue."""

    __tablename__ = "set_asides"
    __table_args__ = (
        CheckConstraint("kind IN ('address', 'phrase')", name="kind"),
        UniqueConstraint("kind", "key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    words: Mapped[str] = mapped_column(String(254))
    """As it was typed."""
    key: Mapped[str] = mapped_column(String(254))
    """As it is compared."""
    by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    made_at: Mapped[datetime]

    by: Mapped[Person] = relationship(lazy="joined")


class Report(Base):
    """A reader's word on a published comment: it adds nothing any more, or is harmful. By itself it changes nothing."""

    __tablename__ = "reports"
    __table_args__ = (
        CheckConstraint(f"reason IN {REASONS!r}", name="reason"),
        UniqueConstraint("comment_id", "reporter"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    reason: Mapped[str] = mapped_column(String(12))
    reporter: Mapped[str | None] = mapped_column(String(32))
    """By which a reader who reports twice is known, for some days; it does not say who that is (reports.py)."""
    reported_at: Mapped[datetime]


class Sketch(Base):
    """A comment's words as they are compared (comments/likeness.py). It goes with the comment's text."""

    __tablename__ = "sketches"
    __table_args__ = (
        Index("ix_sketches_text", "text_key", "comment_id"),
        Index("ix_sketches_name", "name_key", "comment_id"),
    )

    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True)
    words: Mapped[str]
    """What it says itself: stems in their order, a space between two."""
    quotes: Mapped[str]
    """What it quotes: a line each, stems as above; `#` and a public id where it gives a comment's address."""
    text_key: Mapped[str] = mapped_column(String(64))
    name_key: Mapped[str] = mapped_column(String(200))


class Gist(Base):
    """By which nearly the same texts find each other (text/likeness.py, `gists`)."""

    __tablename__ = "gists"

    gist: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    comment_id: Mapped[int] = mapped_column(
        ForeignKey("sketches.comment_id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Worth(Base):
    """What a published comment is to its discussion (comments/weighing.py), for the list of pruning."""

    __tablename__ = "worths"
    __table_args__ = (Index("ix_worths_loss", "loss", "comment_id"),)

    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True)
    letter_id: Mapped[int] = mapped_column(ForeignKey("letters.id"), index=True)
    loss: Mapped[float] = mapped_column(Double)
    """How much the discussion would lose without it."""
    nearest_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="SET NULL"), index=True)
    """The published comment that says most of it."""
    nearness: Mapped[int]
    """How much of it that one says, in per cent."""
    in_letter: Mapped[int]
    """How much of it the letter says, in per cent."""
    words: Mapped[int]
    example: Mapped[bool]
    quoted: Mapped[int]
    """How many published comments quote it or answer it by name."""
    reported: Mapped[int]
    """How many readers said that it adds nothing any more, or is harmful."""


class Weighing(Base):
    """Whether the worths of a letter's comments are as its discussion is. Triggers set `due` when that changes."""

    __tablename__ = "weighings"

    letter_id: Mapped[int] = mapped_column(ForeignKey("letters.id", ondelete="CASCADE"), primary_key=True)
    due: Mapped[bool]
    weighed_at: Mapped[datetime | None]


class SpamSign(Base):
    """How this desk decided on comments with a sign: a word, a link (comments/spam.py)."""

    __tablename__ = "spam_signs"

    sign: Mapped[str] = mapped_column(String(120), primary_key=True)
    """Its kind, a colon, what it is; nothing: all comments that were learned from."""
    published: Mapped[int]
    declined: Mapped[int]


class SecondLook(Base):
    """What a second editor would have decided, not knowing what the first one did. It changes nothing, and it stays."""

    __tablename__ = "second_looks"
    __table_args__ = (
        CheckConstraint(f"second IN {VERDICTS!r}", name="second"),
        ForeignKeyConstraint(["comment_id", "first"], ["decisions.comment_id", "decisions.verdict"]),
        Index("ix_second_looks_looked_at", "looked_at", "first", "second"),
    )

    comment_id: Mapped[int] = mapped_column(primary_key=True)
    first: Mapped[str] = mapped_column(String(12))
    """The verdict that stands, and below who took it: the database compares both with the decision."""
    first_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    second: Mapped[str] = mapped_column(String(12))
    by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    looked_at: Mapped[datetime]
