"""The column itself: the one row of what an editor sets."""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import CheckConstraint, Double, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from ..db import Base

Language = Literal["en", "ru"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


class Settings(Base):
    """What an editor would change, in one row."""

    __tablename__ = "settings"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("target_percent BETWEEN 0 AND 100", name="target"),
        CheckConstraint(f"language IN {LANGUAGES!r}", name="language"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=1, autoincrement=False)
    title: Mapped[str] = mapped_column(String(120), default="Dear Friday")
    tagline: Mapped[str] = mapped_column(String(300), default="")
    language: Mapped[str] = mapped_column(String(8), default="en")
    target_percent: Mapped[int] = mapped_column(default=20)
    rules_source: Mapped[str] = mapped_column(default="")
    """Markdown; empty: the rules in the product's own words, which name the target."""
    rules_html: Mapped[str] = mapped_column(default="")
    mail_from: Mapped[str] = mapped_column(String(254), default="column@example.org")
    mail_reply_to: Mapped[str] = mapped_column(String(254), default="", server_default="")
    """Where answers to mails go; empty: to `mail_from`."""
    mails_per_second: Mapped[float] = mapped_column(Double, default=0, server_default=text("0"))
    """How many mails leave in a second at most, by all workers together; 0: as many as the mail server takes."""
    dkim_selector: Mapped[str] = mapped_column(String(63), default="", server_default="")
    """Names the key with which mails are signed, `dkim/<selector>.pem` in the data folder; empty: unsigned."""
    pruned_days: Mapped[int] = mapped_column(default=30)
    """How long the text of a pruned comment is kept."""
    declined_days: Mapped[int] = mapped_column(default=90)
    """How long the text of a declined comment is kept."""
    pruning_after_days: Mapped[int] = mapped_column(default=180, server_default="180")
    """How long a comment has been published before the list of pruning has it."""
    questions_days: Mapped[int] = mapped_column(default=730)
    """How long a question that became no letter is kept."""
    unconfirmed_days: Mapped[int] = mapped_column(default=7)
    """How long an address that was never confirmed, or has left, is kept."""
    history_days: Mapped[int] = mapped_column(default=365, server_default=text("365"))
    """How long the desk can tell which comments came from one address."""
    hide_names: Mapped[bool] = mapped_column(default=False, server_default=false())
    """The queue does not say who wrote a comment until it is decided."""
    empty_days: Mapped[int] = mapped_column(default=3, server_default=text("3"))
    """How many days before an empty slot the desk is told of it."""
    picture: Mapped[str] = mapped_column(String(80), default="", server_default="")
    """The address of the column's own picture; empty: the small square of the product."""
    updated_at: Mapped[datetime | None]
    feeds_host: Mapped[str | None] = mapped_column(String(253))
    """The host in the ids of feeds, letters and comments: kept from the first letter on, wherever the site moves."""


class ErasureKey(Base):
    """Somebody asked that what was sent with this address is erased; the key goes there by mail."""

    __tablename__ = "erasure_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), index=True)
    sender: Mapped[str] = mapped_column(String(64))
    """The keyed hash by which comments are found whose address was dropped; empty for none."""
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Of what the link holds, once its mail is written."""
    made_at: Mapped[datetime]
