"""Questions that readers sent."""

from datetime import datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

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
    email: Mapped[str] = mapped_column(String(254), default="")
    text_source: Mapped[str]
    text_html: Mapped[str]
    received_at: Mapped[datetime]
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    """Of name and text: the same question sent twice (a double click, a reload) is one question."""
    set_aside_at: Mapped[datetime | None]
    set_aside_by_id: Mapped[int | None]
