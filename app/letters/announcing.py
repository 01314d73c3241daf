"""Telling a WebSub hub of a new letter (https://www.w3.org/TR/websub/): once a letter, later if anything was down.

The row of an announcement is what happens once: the database gives a letter one, and a claim is a guarded UPDATE. A
worker that dies between its claim and its record is made good after PATIENCE; the hub then hears of the letter again,
which costs it one more look at the feed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .models import Announcement, Letter
from .publishing import live

NEWS = timedelta(days=14)
"""A letter older than this is no news: a hub that is set for an old column hears of new letters only."""
PATIENCE = timedelta(minutes=10)
"""How long a claim stands before another worker takes the announcement up."""
SLOWEST = timedelta(hours=12)
"""The longest pause between two tries; the pauses double from one minute."""
MOST_TRIES = 16
"""Then the hub has been away for some four days, and the next letter will tell it of the feed anyway."""
TIMEOUT = 10
"""Seconds that a hub has to answer."""


class HubFailed(Exception):
    """The hub did not take the announcement; the message says how it answered."""


@dataclass(frozen=True)
class Claimed:
    """One announcement that is ours to make."""

    letter_id: int
    feeds: tuple[str, ...]
    """Paths of the feeds in which the letter is new."""


def enlist(session: Session, *, now: datetime) -> int:
    """Give every letter that came out lately its announcement; returns how many are new."""
    query = (
        live(now)
        .with_only_columns(Letter.id)
        .outerjoin(Announcement, Announcement.letter_id == Letter.id)
        .where(Letter.publish_at > now - NEWS, Announcement.letter_id.is_(None))
    )
    return sum(_enlisted(session, letter_id, now) for letter_id in session.scalars(query).all())


def _enlisted(session: Session, letter_id: int, now: datetime) -> bool:
    try:
        with session.begin_nested():
            session.execute(insert(Announcement).values(letter_id=letter_id, due_at=now, tries=0))
    except IntegrityError:  # another worker was first
        return False
    return True


def claim(session: Session, *, now: datetime) -> Claimed | None:
    """The announcement that has been due longest, now ours for PATIENCE; None when none is due."""
    query = (
        live(now)
        .join(Announcement, Announcement.letter_id == Letter.id)
        .add_columns(Announcement.due_at)
        .where(Announcement.due_at <= now)
        .order_by(Announcement.due_at, Letter.id)
    )
    for letter, due_at in session.execute(query.limit(20)).all():
        ours = (
            update(Announcement)
            .where(Announcement.letter_id == letter.id, Announcement.due_at == due_at)
            .values(due_at=now + PATIENCE, tries=Announcement.tries + 1)
        )
        if session.execute(ours).rowcount == 1:  # type: ignore[attr-defined]
            return Claimed(letter.id, feeds_of(letter))
    return None


def record(session: Session, claimed: Claimed, *, failed: bool, now: datetime) -> None:
    """Write down how it went: made, to be tried again later, or given up after MOST_TRIES."""
    row = session.get_one(Announcement, claimed.letter_id, populate_existing=True)
    if not failed:
        row.made_at, row.due_at = now, None
    elif row.tries >= MOST_TRIES:
        row.due_at = None
    else:
        row.due_at = now + min(timedelta(minutes=2 ** (row.tries - 1)), SLOWEST)
    session.flush()


def feeds_of(letter: Letter) -> tuple[str, ...]:
    """The feeds in which a letter stands."""
    folders = ["/"]
    if letter.rubric is not None:
        folders.append(f"/rubrics/{quote(letter.rubric.slug)}/")
    folders += [f"/topics/{quote(topic.slug)}/" for topic in letter.topics]
    return tuple(f"{folder}feed.{kind}" for folder in folders for kind in ("xml", "json"))


def tell(hub: str, feeds: list[str], *, timeout: float = TIMEOUT) -> None:
    """One POST that names the feeds' whole addresses. Raises HubFailed.

    WebSub leaves this step to hub and publisher; hubs take PubSubHubbub 0.4's form, with `hub.url` for each feed.
    """
    form = urlencode([("hub.mode", "publish"), *(("hub.url", feed) for feed in feeds)]).encode()
    request = Request(hub, data=form, headers={"Content-Type": "application/x-www-form-urlencoded"})  # noqa: S310
    try:
        with urlopen(request, timeout=timeout):  # noqa: S310  # config.py lets nothing but http and https in
            return
    except (OSError, HTTPException, ValueError) as error:  # URLError and HTTPError are OSErrors
        raise HubFailed(str(error)) from error
