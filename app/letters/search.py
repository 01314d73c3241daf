"""Full-text search: what letters and published comments say, by word forms, phrases, and where.

The index (`index`) is never asked alone: what it finds is joined to `publishing.live` and to the published comments,
so that search can show nothing that the pages do not show.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, cast, column, select, table
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from ..text.stems import stems
from .index import ID_BITS, is_sqlite, quoted
from .models import Adviser, Letter, Rubric, Topic
from .publishing import live

LONGEST_QUERY = 200
"""Characters of a query that are read."""
MOST_TERMS = 12

_PHRASE = re.compile('["“”„«]([^"“”„«»]+)["“”»]')
_letters = table("search_letters", column("rowid"), column("search_letters"), column("letter_id"), column("words"))
_comments = table("search_comments", column("rowid"), column("search_comments"), column("comment_id"), column("words"))


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: terms, each of which must be there; a term of several stems is a phrase."""

    terms: tuple[tuple[str, ...], ...]

    def __bool__(self) -> bool:
        return bool(self.terms)


@dataclass(frozen=True, slots=True)
class Within:
    """Where it is looked for: slugs of a rubric, a topic and an adviser, and a year; what is empty narrows nothing."""

    rubric: str = ""
    topic: str = ""
    adviser: str = ""
    year: int | None = None

    def __bool__(self) -> bool:
        return bool(self.rubric or self.topic or self.adviser or self.year)


def parse(text: str) -> Query:
    """What a reader typed, as a query: words, and phrases in quotes of any kind."""
    terms: list[tuple[str, ...]] = []

    def keep(found: re.Match[str]) -> str:
        terms.append(tuple(stems(found[1])))
        return " "

    rest = _PHRASE.sub(keep, text[:LONGEST_QUERY])
    terms += [(stem,) for stem in stems(rest)]
    return Query(tuple(dict.fromkeys(term for term in terms if term))[:MOST_TERMS])


def letters(session: Session, query: Query, now: datetime, *, within: Within, limit: int) -> list[int]:
    """Ids of the letters that say this, newest first, those with all of it in their title before the others.

    Without a query, of all letters within.
    """
    found = narrowed(live(now).with_only_columns(Letter.id), within)
    if not query:
        return list(session.scalars(found.order_by(Letter.publish_at.desc(), Letter.id.desc()).limit(limit)))
    titles = session.scalars(_saying(session, found, query, titles=True).limit(limit)).all()
    texts = session.scalars(_saying(session, found, query).limit(limit + len(titles)))
    return list(dict.fromkeys([*titles, *texts]))[:limit]


def _saying(session: Session, letters: Select[Any], query: Query, *, titles: bool = False) -> Select[Any]:
    if is_sqlite(session.connection()):
        asked = f"title : ({_fts5(query)})" if titles else _fts5(query)
        found = letters.join(_letters, Letter.id == _letters.c.rowid.op("&")((1 << ID_BITS) - 1))
        # The index is in the order of publishing, so the newest are found without looking at all the others.
        return found.where(_fts5_match(_letters.c.search_letters, asked)).order_by(_letters.c.rowid.desc())
    found = letters.join(_letters, Letter.id == _letters.c.letter_id)
    found = found.where(_tsquery_match(_letters.c.words, query, ":A" if titles else ""))
    return found.order_by(Letter.publish_at.desc(), Letter.id.desc())


def in_comments(
    session: Session, comments: Select[Any], comment_id: Any, query: Query, now: datetime, within: Within
) -> Select[Any]:
    """Those of the comments, under letters that readers may see, which say this, latest first.

    comments: the published ones, joined to their letters; comment_id: the column of their ids.
    """
    found = narrowed(comments, within).where(Letter.ready, Letter.publish_at <= now)
    if is_sqlite(session.connection()):
        found = found.join(_comments, _comments.c.rowid == comment_id)
        return found.where(_fts5_match(_comments.c.search_comments, _fts5(query))).order_by(_comments.c.rowid.desc())
    found = found.join(_comments, _comments.c.comment_id == comment_id)
    return found.where(_tsquery_match(_comments.c.words, query)).order_by(comment_id.desc())


def narrowed(letters: Select[Any], within: Within) -> Select[Any]:
    """Letters of this rubric, topic, adviser and year."""
    if within.rubric:
        rubric = select(Rubric.id).where(Rubric.slug == within.rubric).scalar_subquery()
        letters = letters.where(Letter.rubric_id == rubric)
    if within.topic:
        letters = letters.where(Letter.topics.any(Topic.slug == within.topic))
    if within.adviser:
        adviser = select(Adviser.id).where(Adviser.slug == within.adviser).scalar_subquery()
        letters = letters.where(Letter.adviser_id == adviser)
    if within.year:
        letters = letters.where(Letter.name.startswith(f"{within.year:04d}-"))
    return letters


def whole(session: Session, ids: Sequence[int], now: datetime) -> list[Letter]:
    """These letters in this order, with their texts, of which snippets are cut."""
    found = {letter.id: letter for letter in session.scalars(live(now).where(Letter.id.in_(ids)))}
    return [found[one] for one in ids if one in found]


# How the two databases are asked


def _fts5(query: Query) -> str:
    """https://www.sqlite.org/fts5.html#full_text_query_syntax."""
    return " AND ".join(f'"{" ".join(term)}"' for term in query.terms)


def _fts5_match(index: ColumnElement[Any], asked: str) -> ColumnElement[bool]:
    return index.op("MATCH", is_comparison=True)(bindparam(None, asked))


def _tsquery_match(words: ColumnElement[Any], query: Query, weight: str = "") -> ColumnElement[bool]:
    """https://www.postgresql.org/docs/current/datatype-textsearch.html#DATATYPE-TSQUERY."""
    terms = (" <-> ".join(f"{quoted(stem)}{weight}" for stem in term) for term in query.terms)
    return words.op("@@", is_comparison=True)(cast(" & ".join(f"({term})" for term in terms), TSQUERY))
