"""The desk's rows of the table: the queue's page and one decision, as an editor's browser asks for them."""

import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import clock, create_app
from app.accounts import sign_ins
from app.accounts.models import Person
from app.comments import moderation
from app.comments.models import Comment
from app.config import from_environment
from app.db import db, writing

from .building import build
from .measuring import median_of_pairs, seconds_of

Row = tuple[str, str, str, bool]
"""What, measured, bar, does it hold."""

FEW, MANY = 1_000, 100_000
"""Pending comments."""
MOST_QUERIES = 8
DECISIONS = 30
"""In one round."""


def rows(large: bool) -> Iterator[Row]:
    """Every row, as it is measured. large: with 10,000 letters and 1,000,000 decided comments (minutes)."""
    with tempfile.TemporaryDirectory() as folder:
        small, big = Path(folder) / "few", Path(folder) / "many"
        small.mkdir(), big.mkdir()
        build(small, letters=100, comments=1_000, pending=FEW)
        build(big, letters=10_000 if large else 100, comments=1_000_000 if large else 1_000, pending=MANY)
        desks = {data: Desk(data) for data in (small, big)}
        decided = "1,000,000 decided" if large else "1,000 decided"
        for order in ("oldest", "newest", "letter"):
            yield _page(desks[small], desks[big], f"/desk/queue?order={order}", f"queue, {order}, {decided}")
        yield _decision(desks[big], decided)


class Desk:
    """An editor who is signed in, on a column of any size."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.app: Flask = create_app(from_environment({"DEARFRIDAY_DATA": str(data)}))
        self.client: FlaskClient = self.app.test_client()
        with self.app.app_context(), writing():
            sign_in = sign_ins.begin(db.session(), db.session.get_one(Person, 1), "", now=clock.now())
            db.session.commit()
        with self.client.session_transaction(base_url="http://localhost/desk/") as cookie:
            cookie["_user_id"], cookie["_fresh"], cookie["sign_in"] = "k", True, sign_in
        with self.app.app_context():
            self.engine = db.engine
            db.session.execute(sa.text("SELECT 1"))  # the first connection is not what is measured

    def get(self, address: str) -> str:
        answer = self.client.get(address)
        assert answer.status_code == 200, answer.text
        return answer.text

    def queries(self, address: str) -> int:
        """How often a page asks the database."""
        asked: list[str] = []

        def listen(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            asked.append(statement)

        sa.event.listen(self.engine, "before_cursor_execute", listen)
        try:
            self.get(address)
        finally:
            sa.event.remove(self.engine, "before_cursor_execute", listen)
        return len(asked)


def _page(few: Desk, many: Desk, address: str, what: str) -> Row:
    asked = max(desk.queries(address) for desk in (few, many))
    ratio, ours, theirs = median_of_pairs(
        lambda: seconds_of(lambda: many.get(address), 10), lambda: seconds_of(lambda: few.get(address), 10)
    )
    said = f"{ratio:.2f} ({ours * 1000:.1f} ms against {theirs * 1000:.1f} ms), {asked} queries"
    title = f"{what}: {MANY:,} pending against {FEW:,}"
    return title, said, f"<= 1.20, <= {MOST_QUERIES}", ratio <= 1.2 and asked <= MOST_QUERIES


def _decision(desk: Desk, decided: str) -> Row:
    """Publishing, which is what costs most: the page store is told, and search gets the comment."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', desk.get("/desk/queue"))
    assert token
    with desk.app.app_context():
        query = sa.select(Comment).where(Comment.standing == "pending").limit(DECISIONS * 20)
        waiting = [(comment.id, moderation.seen_of(comment)) for comment in db.session.scalars(query)]
    turn = iter(waiting)

    def decide() -> None:
        comment_id, seen = next(turn)
        answer = desk.client.post(
            f"/desk/comments/{comment_id}/decision",
            data={"verdict": "published", "seen": seen, "csrf_token": token[1]},
            headers={"Accept": "application/json"},
        )
        assert answer.status_code == 200, answer.text

    with _bare(desk.data) as commit:
        ratio, ours, theirs = median_of_pairs(lambda: seconds_of(decide, DECISIONS), lambda: seconds_of(commit, 100))
    said = f"{ratio:.1f} ({ours * 1000:.2f} ms against {theirs * 1000:.2f} ms)"
    return f"a decision over HTTP, {decided}, against a bare durable commit", said, "<= 6.0", ratio <= 6


@contextmanager
def _bare(data: Path) -> Iterator[Callable[[], None]]:
    """A commit of one row as durable as ours, in a database of its own on the same disk."""
    database, numbers = sqlite3.connect(data / "bare.sqlite", isolation_level=None), count(1)
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("CREATE TABLE decisions (comment_id INTEGER PRIMARY KEY, verdict TEXT, decided_at TEXT)")

    def commit() -> None:
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO decisions VALUES (?, 'published', '2026-11-23')", (next(numbers),))
        database.execute("COMMIT")

    yield commit
    database.close()
