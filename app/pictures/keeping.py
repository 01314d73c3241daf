"""A picture is kept: its files on disk, its row in the database."""

import hmac
from base64 import b32encode
from datetime import datetime
from pathlib import Path

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from . import folder
from .making import Kind, Made
from .models import Picture


def key(data: bytes, kind: Kind, secret: str) -> str:
    """The name of a picture: always the same for the same bytes, and nobody who has them can tell it (promise 1).

    Whoever guessed that a letter to come has a certain picture could ask for a plain hash of it.
    """
    digest = hmac.digest(secret.encode(), kind.encode() + b"\0" + data, "sha256")
    return b32encode(digest[:16]).decode().rstrip("=").lower()


def keep(session: Session, media: Path, key: str, made: Made, *, by_id: int | None, now: datetime) -> Picture:
    """Keep a picture; it is on disk when this returns, and found by readers at once by those who know its address.

    One that is there already is the same picture. As yet no text has it.
    """
    row = _row(session, key, made, by_id=by_id, now=now)
    folder.put(media, key, made.files)  # behind the row's lock: nobody takes the same one away meanwhile
    return row


def _row(session: Session, key: str, made: Made, *, by_id: int | None, now: datetime) -> Picture:
    size = {"width": made.width, "height": made.height}
    while True:
        try:
            with session.begin_nested():
                new = insert(Picture).values(key=key, **size, by_id=by_id, added_at=now, unused_since=now)
                session.execute(new)
        except IntegrityError:
            wanted = update(Picture).where(Picture.key == key).values(unused_since=now)
            known = session.execute(wanted.execution_options(synchronize_session=False))
            if known.rowcount != 1:  # type: ignore[attr-defined]
                continue  # it was forgotten in between
        return session.get_one(Picture, key, populate_existing=True)
