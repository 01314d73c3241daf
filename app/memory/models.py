"""The memory of the desk: who did what, and when."""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..accounts.models import Person
from ..comments.models import Comment
from ..courses.models import Course
from ..db import Base
from ..letters.models import Letter

Deed = Literal["published", "declined", "pruned", "signed_in", "exported", "imported", "took_along"]
DEEDS: tuple[Deed, ...] = get_args(Deed)


class Act(Base):
    """One thing that somebody did at the desk.

    Rows are only added, and the database refuses to change or remove one. Triggers add decisions, prunings and
    sign-ins; what leaves or enters as a table is added by who sends it.
    No reader's name, address or text stands here, so that nothing here has to be erased with them.
    """

    __tablename__ = "acts"
    __table_args__ = (
        CheckConstraint(f"deed IN {DEEDS!r}", name="deed"),
        CheckConstraint("(deed IN ('published', 'declined', 'pruned')) = (comment_id IS NOT NULL)", name="about"),
        CheckConstraint("(comment_id IS NULL) = (letter_id IS NULL)", name="letter"),
        CheckConstraint("(deed IN ('imported', 'took_along')) = (course_id IS NOT NULL)", name="course"),
        # The only one, for each decision writes it: in the order of the list, with what the list is searched for.
        Index("ix_acts_done_at", "done_at", "id", "by_id", "letter_id", "deed"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    done_at: Mapped[datetime]
    deed: Mapped[str] = mapped_column(String(12))
    by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id"))
    letter_id: Mapped[int | None] = mapped_column(ForeignKey("letters.id"))
    course_id: Mapped[int | None] = mapped_column(ForeignKey("courses.id"))

    by: Mapped[Person] = relationship(lazy="raise")
    comment: Mapped[Comment | None] = relationship(lazy="raise")
    letter: Mapped[Letter | None] = relationship(lazy="raise")
    course: Mapped[Course | None] = relationship(lazy="raise")
