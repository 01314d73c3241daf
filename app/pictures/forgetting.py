"""A picture that no text has is removed some time later; in the meantime whoever took it out can bring it back."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Column, String, delete, select, update
from sqlalchemy.orm import Session

from ..db import Base
from ..text import pictures
from . import folder
from .models import Picture

UNUSED = timedelta(days=30)
HALF_PUT = timedelta(days=1)
"""Files without a row that are older are of a picture whose sender never got an answer."""
OF_READERS = {"comments", "questions", "sketches"}
"""Tables of what readers wrote: naming a picture there keeps none."""


def forget(session: Session, media: Path, *, now: datetime) -> int:
    """Note which pictures no text has, and remove those that none has had for so long. Returns how many.

    A letter's history counts: what it brings back has its pictures. The caller commits, then calls `folder.clear`.
    """
    used = set(_used(session))
    known = {key: since for key, since in session.execute(select(Picture.key, Picture.unused_since))}
    gone = 0
    for key, since in known.items():
        if (key in used) is (since is not None):
            since_now = None if key in used else now
            session.execute(update(Picture).where(Picture.key == key).values(unused_since=since_now))
        elif since is not None:
            # Sent again since we read it, it stays.
            old = delete(Picture).where(Picture.key == key, Picture.unused_since <= now - UNUSED)
            if session.execute(old).rowcount == 1:  # type: ignore[attr-defined]
                folder.take_away(media, key)
                gone += 1
    for name in folder.older(media, now - HALF_PUT):
        if name not in known:
            folder.take_away(media, name)
    return gone


def _used(session: Session) -> Iterator[str]:
    """The keys of all pictures that are named anywhere: in every text of the desk, also of a table to come."""
    for column in filter(may_name, (column for table in Base.metadata.sorted_tables for column in table.c)):
        naming = select(column).where(column.contains("/media/")).execution_options(yield_per=100)
        for text in session.scalars(naming):
            yield from pictures.mentioned(text)


def may_name(column: Column[Any]) -> bool:
    """May a picture be named in this column of the database: a text of the desk, or the place of one."""
    is_text = isinstance(column.type, String) and column.type.length is None
    return column.table.name not in OF_READERS and (is_text or column.name == "picture")
