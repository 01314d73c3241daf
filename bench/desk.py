"""The desk's rows of the table: the queue's pages, a decision and the figures, as an editor's browser asks for them.

Requests go to the application itself and not through a socket, so that nothing but the application is measured.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import clock, create_app
from app.accounts import sign_ins
from app.accounts.models import Person
from app.comments import moderation
from app.comments.models import Comment
from app.comments.waiting import ORDERS
from app.config import from_environment
from app.db import db, writing

from .building import Column, environment
from .measuring import ROUNDS, median_of_pairs, seconds_of

Row = tuple[str, str, str, bool]
"""What, measured, bar, does it hold."""

MOST_QUERIES = 8
DECISIONS = 30
"""In one round."""
WORDPRESS = 0.043
"""Seconds that WordPress needs for a decision, as issue 4 says; WordPress itself is not measured here."""


def rows(few: Column, many: Column) -> Iterator[Row]:
    """Every row, as it is measured. few, many: columns of which one has a hundred times as many comments."""
    one, other = Desk(few), Desk(many)
    where = "PostgreSQL" if many.url else "SQLite"
    sizes = f"{many.pending:,} pending and {many.comments:,} decided against {few.pending:,} and {few.comments:,}"
    for order in ORDERS:
        yield _queue(one, other, f"/desk/queue?order={order}", f"queue, {order}, {where}: {sizes}")
    ratio, ours, theirs = _ratio(one, other, "/desk/figures")
    title = f"figures, {where}: {many.comments:,} decisions against {few.comments:,}"
    yield title, f"{ratio:.2f} ({_ms(ours)} against {_ms(theirs)})", "<= 3.00", ratio <= 3
    yield from _decision(other, f"a decision, {where}, {many.comments:,} decided")


class Desk:
    """An editor who is signed in, on a column of any size."""

    def __init__(self, column: Column) -> None:
        self.data = column.data
        self.app: Flask = create_app(from_environment(environment(column.data, column.url)))
        client: FlaskClient = self.app.test_client()
        with self.app.app_context(), writing():
            sign_in = sign_ins.begin(db.session(), db.session.get_one(Person, 1), "", now=clock.now())
            db.session.commit()
        with client.session_transaction(base_url="http://localhost/desk/") as cookie:
            cookie["_user_id"], cookie["_fresh"], cookie["sign_in"] = "k1", True, sign_in
        page = client.get("/desk/queue")
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token, page.text
        self.token = token[1]
        found = client.get_cookie("desk", path="/desk")
        assert found
        self.cookie = SimpleCookie({"desk": found.value})["desk"].OutputString()
        with self.app.app_context():
            self.engine = db.engine

    def get(self, address: str) -> bytes:
        return self.ask(address)

    def ask(self, address: str, form: dict[str, str] | None = None) -> bytes:
        """What the application answers, as a server gets it."""
        path, _, query = address.partition("?")
        body = urlencode(form).encode() if form else b""
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST" if form else "GET", "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query,
            "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost", "HTTP_COOKIE": self.cookie, "HTTP_ORIGIN": "http://localhost",
            "HTTP_ACCEPT": "application/json" if form else "text/html",
            "CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body), "wsgi.url_scheme": "http", "wsgi.errors": None, "wsgi.version": (1, 0),
            "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
        }  # fmt: skip
        statuses: list[str] = []
        answer = self.app.wsgi_app(environ, lambda status, headers: statuses.append(status))  # type: ignore[arg-type]
        said = b"".join(answer)
        assert statuses == ["200 OK"], (statuses, said)
        return said

    def queries(self, address: str) -> int:
        """How often a page asks the database."""
        asked: list[str] = []

        def listen(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            asked.append(statement)

        sa.event.listen(self.engine, "before_cursor_execute", listen)
        try:
            self.ask(address)
        finally:
            sa.event.remove(self.engine, "before_cursor_execute", listen)
        return len(asked)


def _ratio(few: Desk, many: Desk, address: str) -> tuple[float, float, float]:
    return median_of_pairs(
        lambda: seconds_of(lambda: many.ask(address), 10), lambda: seconds_of(lambda: few.ask(address), 10)
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms" if seconds < 0.01 else f"{seconds * 1000:.0f} ms"


def _queue(few: Desk, many: Desk, address: str, title: str) -> Row:
    asked = max(desk.queries(address) for desk in (few, many))
    ratio, ours, theirs = _ratio(few, many, address)
    said = f"{ratio:.2f} ({_ms(ours)} against {_ms(theirs)}), {asked} queries"
    return title, said, f"<= 1.20, <= {MOST_QUERIES}", ratio <= 1.2 and asked <= MOST_QUERIES


def _decision(desk: Desk, title: str) -> Iterator[Row]:
    """Publishing, which is what costs most: the page store is told, and search gets the comment."""
    with desk.app.app_context():
        query = sa.select(Comment).where(Comment.standing == "pending").limit(DECISIONS * ROUNDS * 2)
        waiting = [(comment.id, moderation.seen_of(comment)) for comment in db.session.scalars(query)]
    turn = iter(waiting)

    def decide() -> None:
        """By the rules, and on disk: what the desk does with a decision between its request and its answer."""
        comment_id, seen = next(turn)
        with writing():
            comment = moderation.to_decide(db.session(), comment_id)
            assert comment
            moderation.decide(db.session(), comment, "published", by=editor, now=clock.now(), seen=seen)
            db.session.commit()
        db.session.remove()

    def ask() -> None:
        comment_id, seen = next(turn)
        form = {"verdict": "published", "seen": seen, "csrf_token": desk.token}
        desk.ask(f"/desk/comments/{comment_id}/decision", form)

    with _bare(desk.data) as commit:
        with desk.app.app_context():
            editor = db.session.get_one(Person, 1)
            db.session.expunge(editor)
            db.session.rollback()
            ratio, ours, theirs = median_of_pairs(
                lambda: seconds_of(decide, DECISIONS), lambda: seconds_of(commit, 100)
            )
        said = f"{ratio:.1f} ({_ms(ours)} against {_ms(theirs)})"
        yield f"{title}, page store told, against a bare durable SQLite commit", said, "<= 6.0", ratio <= 6
        ratio, ours, theirs = median_of_pairs(lambda: seconds_of(ask, DECISIONS), lambda: seconds_of(commit, 100))
    part = ours / WORDPRESS
    said = f"{part:.2f} ({_ms(ours)}, {ratio:.1f} bare commits)"
    yield f"{title}, its whole request, against WordPress's {_ms(WORDPRESS)}", said, "<= 0.35", part <= 0.35


@contextmanager
def _bare(data: Path) -> Iterator[Callable[[], None]]:
    """A commit of one row as durable as ours, in a database of its own on the same disk."""
    database, numbers = sqlite3.connect(data / "bare.sqlite", isolation_level=None), count(1)
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("DROP TABLE IF EXISTS decisions")
    database.execute("CREATE TABLE decisions (comment_id INTEGER PRIMARY KEY, verdict TEXT, decided_at TEXT)")

    def commit() -> None:
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO decisions VALUES (?, 'published', '2026-11-23')", (next(numbers),))
        database.execute("COMMIT")

    yield commit
    database.close()
