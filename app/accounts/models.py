"""People of the desk."""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, text
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
    hears_of_queue: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Gets the summary of the queue every morning (column/mornings.py)."""
    hears_of_empty_slots: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    """Whether a mail goes there some days before a slot that no letter has."""
    totp_secret: Mapped[str] = mapped_column(String(64), default="", server_default="")
    """The second factor's key (RFC 6238), shared with an app; without `totp_since` it is not in force yet."""
    totp_since: Mapped[datetime | None]
    totp_step: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    """The time step of the last code that was taken: no code is taken twice."""
    left_at: Mapped[datetime | None]
    """When this person's access ended. The row stays: decisions name who took them."""

    @property
    def has_second_factor(self) -> bool:
        """Is a code asked for after the password."""
        return self.totp_since is not None

    @property
    def has_come(self) -> bool:
        """False: invited, and no password chosen yet."""
        return bool(self.password_hash)

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


class SignIn(Base):
    """One browser in which somebody is signed in. Without its row the browser's cookie is worth nothing."""

    __tablename__ = "sign_ins"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    device: Mapped[str] = mapped_column(String(60))
    """As its owner knows it: "Firefox, Linux". No address and no more of the browser is kept."""
    since: Mapped[datetime]
    used_at: Mapped[datetime]
    """When something was last done there, to some minutes."""


class RecoveryCode(Base):
    """A code on paper that stands in for the second factor, once."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("person_id", "code_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class MailedKey(Base):
    """A link by mail with which somebody chooses a password, once, and only for a time."""

    __tablename__ = "mailed_keys"
    __table_args__ = (CheckConstraint("purpose IN ('invitation', 'reset')", name="purpose"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(12))
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    """SHA-256 of what the link holds; made when the mail is written, and kept nowhere else."""
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
