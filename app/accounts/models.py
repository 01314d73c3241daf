"""People of the desk."""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import CheckConstraint, String, text
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base

Role = Literal["writer", "moderator", "editor"]
ROLES: tuple[Role, ...] = get_args(Role)


class Person(Base):
    """Somebody who may sign in to the desk."""

    __tablename__ = "people"
    __table_args__ = (CheckConstraint(f"role IN {ROLES!r}", name="role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), unique=True)
    """The address in small letters: two people never share one."""
    name: Mapped[str] = mapped_column(String(120))
    role: Mapped[str] = mapped_column(String(20))
    password_hash: Mapped[str] = mapped_column(String(200))
    session_key: Mapped[str] = mapped_column(String(64), unique=True)
    """What a session cookie names instead of the id: a new key signs the person out everywhere."""
    created_at: Mapped[datetime]
    hears_of_empty_slots: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Whether a mail goes there some days before a slot that no letter has."""
    left_at: Mapped[datetime | None]
    """When this person's access ended. The row stays: decisions name who took them."""

    @property
    def is_active(self) -> bool:
        """May this person sign in (Flask-Login)."""
        return self.left_at is None

    @property
    def is_authenticated(self) -> bool:
        """A loaded person is a signed-in one (Flask-Login)."""
        return True

    @property
    def is_anonymous(self) -> bool:
        """Never (Flask-Login)."""
        return False

    def get_id(self) -> str:
        """What the session cookie holds (Flask-Login's alternative id)."""
        return self.session_key
