"""The column's settings: read by everybody, saved by an editor."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from ..text import letter as letter_text
from .models import Settings


def settings(session: Session) -> Settings:
    """The one row. The first migration wrote it."""
    row = session.get(Settings, 1)
    assert row is not None
    return row


@dataclass(frozen=True)
class Change:
    """What the settings form holds."""

    title: str
    tagline: str
    language: str
    target_percent: int
    rules: str
    mail_from: str
    pruned_days: int
    declined_days: int
    pruning_after_days: int
    questions_days: int
    unconfirmed_days: int
    empty_days: int
    hide_names: bool = False
    mail_reply_to: str = ""
    mails_per_second: float = 0
    dkim_selector: str = ""
    history_days: int = 365
    picture: str = ""


def save(session: Session, change: Change, *, now: datetime) -> None:
    """Save what an editor set; the rules become HTML here (promise 5)."""
    row = settings(session)
    for name, value in vars(change).items():
        if name != "rules":
            setattr(row, name, value)
    row.rules_source = change.rules
    row.rules_html = letter_text.render(change.rules, change.language) if change.rules.strip() else ""
    row.updated_at = now
    session.flush()


def name_feeds(session: Session, host: str) -> bool:
    """Keep the host by which feeds and letters are named (letters/naming.py), once and for ever; False: it is kept."""
    kept = update(Settings).where(Settings.id == 1, Settings.feeds_host.is_(None)).values(feeds_host=host)
    return session.execute(kept).rowcount == 1  # type: ignore[attr-defined,no-any-return]
