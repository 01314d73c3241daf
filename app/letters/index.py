"""The index of search: the stems of ready letters and of published comments, in FTS5 or as tsvectors (migration 0004).

What leaves the site leaves the index by the database's own triggers, so it never holds what was withheld, pruned or
erased. What comes in is put here: a letter by every flush that changed it, a comment when it is published. `rebuild`
makes the index anew, for rows that came in another way.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import Connection, event, select, text
from sqlalchemy.orm import Mapper, Session

from ..text import outside
from ..text.stems import stems
from .models import Letter

ID_BITS = 20
"""SQLite's index of letters is in the order of publishing: its key is the second of publish_at, then the letter's id
in so many bits."""
MOST_WORDS = 16_000
"""Words of a text that are found: PostgreSQL places no more
(https://www.postgresql.org/docs/current/textsearch-limitations.html)."""
GAP = 8
"""Places between title and text, so that no phrase begins in one and ends in the other."""
PORTION = 1000

_table = Letter.__table__.c
_read = select(
    *(_table.id, _table.publish_at, _table.title, _table.asker),
    *(_table.question_html, _table.answer_html, _table.postscript_html, _table.course_note_html),
).where(_table.ready)


def is_sqlite(connection: Connection) -> bool:
    """Does it speak to SQLite, and not to PostgreSQL."""
    return connection.dialect.name == "sqlite"


def put_letter(connection: Connection, letter_id: int) -> None:
    """A letter's words, as they stand in the database; none while it is a draft."""
    row = connection.execute(_read.where(_table.id == letter_id)).one_or_none()
    if row is None:
        return
    title, body = stems(row.title), stems(f"{row.asker}\n\n{said(row)}")[:MOST_WORDS]
    if is_sqlite(connection):
        key = (int(row.publish_at.timestamp()) << ID_BITS) | row.id
        words = {"key": key, "title": " ".join(title), "text": " ".join(body)}
        connection.execute(text("DELETE FROM search_letters WHERE rowid = :key"), words)
        connection.execute(text("INSERT INTO search_letters (rowid, title, text) VALUES (:key, :title, :text)"), words)
        return
    placed = [(stem, f"{n}A") for n, stem in enumerate(title, 1)]
    placed += [(stem, f"{n}") for n, stem in enumerate(body, len(title) + GAP)]
    connection.execute(
        text(
            "INSERT INTO search_letters (letter_id, words) VALUES (:id, CAST(:words AS tsvector)) "
            "ON CONFLICT (letter_id) DO UPDATE SET words = EXCLUDED.words"
        ),
        {"id": row.id, "words": _vector(placed)},
    )


def said(row: Any) -> str:
    """What a letter, or its row, says below its title."""
    parts = (row.question_html, row.answer_html, row.postscript_html, row.course_note_html)
    return "\n".join(outside.words(outside.without_struck(part)) for part in parts if part)


_PUT_IN_FTS5 = text("INSERT INTO search_comments (rowid, text) VALUES (:id, :words)")
_PUT_IN_TSVECTOR = text("INSERT INTO search_comments (comment_id, words) VALUES (:id, CAST(:words AS tsvector))")


def put_comments(connection: Connection, comments: Iterable[tuple[int, str]]) -> None:
    """(id, HTML) of comments that were published in this transaction."""
    rows = [(comment_id, stems(outside.words(html))[:MOST_WORDS]) for comment_id, html in comments]
    if not rows:
        return
    if is_sqlite(connection):
        statement = _PUT_IN_FTS5
        values = [{"id": comment_id, "words": " ".join(words)} for comment_id, words in rows]
    else:
        statement = _PUT_IN_TSVECTOR
        values = [
            {"id": comment_id, "words": _vector((stem, f"{n}") for n, stem in enumerate(words, 1))}
            for comment_id, words in rows
        ]
    connection.execute(statement, values)


def _vector(placed: Iterable[tuple[str, str]]) -> str:
    """(stem, its place and weight) as PostgreSQL writes a tsvector."""
    places: dict[str, list[str]] = {}
    for stem, place in placed:
        places.setdefault(stem, []).append(place)
    return " ".join(f"{quoted(stem)}:{','.join(where)}" for stem, where in places.items())


def quoted(stem: str) -> str:
    """A stem as PostgreSQL's text search reads it. Stems are letters, digits and apostrophes, whatever was typed."""
    return "'" + stem.replace("'", "''") + "'"


def holders(connection: Connection, stem: str, at_most: int) -> list[int]:
    """Ids of the letters in the index that have this word, at most so many and one more."""
    if is_sqlite(connection):
        found = "SELECT rowid & :bits FROM search_letters WHERE search_letters MATCH :word LIMIT :most"
        values = {"bits": (1 << ID_BITS) - 1, "word": f'"{stem}"', "most": at_most + 1}
    else:
        found = "SELECT letter_id FROM search_letters WHERE words @@ CAST(:word AS tsquery) LIMIT :most"
        values = {"word": quoted(stem), "most": at_most + 1}
    return list(connection.scalars(text(found), values))


def rebuild(session: Session, published: Iterable[tuple[int, str]]) -> Iterator[str]:
    """The whole index anew, without a commit. published: (id, HTML) of all published comments.

    Yields "letter" or "comment" for each that is in, for a progress bar.
    """
    session.execute(text("DELETE FROM search_letters"))
    session.execute(text("DELETE FROM search_comments"))
    for letter_id in session.scalars(
        select(Letter.id).where(Letter.ready).order_by(Letter.publish_at, Letter.id)
    ).all():
        put_letter(session.connection(), letter_id)
        yield "letter"
    rows = iter(published)
    while some := list(islice(rows, PORTION)):
        put_comments(session.connection(), some)
        yield from ("comment" for _ in some)


def _follow(_mapper: Mapper[Letter], connection: Connection, letter: Letter) -> None:
    put_letter(connection, letter.id)


event.listen(Letter, "after_insert", _follow)
event.listen(Letter, "after_update", _follow)
