"""What comments say, kept as words, so that like ones are found without reading all texts again.

A sketch is made with its comment, and a trigger takes it away with the comment's text (migration 0014), so that nothing
of an erased text stays. Rows that came in past the rules get theirs from `flask reindex`.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, event, insert, select
from sqlalchemy.orm import Mapper, Session

from ..letters.index import said as letter_says
from ..text import signs
from ..text.likeness import gists, kin, name_key, said, telling, text_key
from .models import Comment, Gist, Sketch

ALIKE = 0.3
"""Pending comments that share so much of their words stand together in the queue by likeness (Jaccard's index)."""
PORTION = 1000
PUBLISHED = Comment.standing == "published"


def sketch_of(comment: Any) -> dict[str, Any]:
    """A comment's sketch, as a row. comment: the comment, or its row."""
    source = comment.text_source
    anchors = [f"#{one}" for one in signs.anchors(source)]
    return {
        "comment_id": comment.id,
        "words": " ".join(said(signs.own_words(source))),
        "quotes": "\n".join([*signs.quotations(source), *anchors]),
        "text_key": text_key(source),
        "name_key": name_key(comment.name)[:200],
    }


def gists_of(sketch: dict[str, Any]) -> list[dict[str, int]]:
    """The rows of a sketch's gists."""
    numbers = gists(telling(sketch["words"].split()))
    return [{"gist": one, "comment_id": sketch["comment_id"]} for one in sorted(set(numbers))]


def of_letter(letter: Any) -> str:
    """The words of a letter with its title, in their order."""
    return " ".join(said(f"{letter.title}\n{letter_says(letter)}"))


def sketch(session: Session, comment_ids: Iterable[int]) -> None:
    """Make the sketches of comments that came in in bulk."""
    ids = iter(comment_ids)
    while some := list(islice(ids, PORTION)):
        _keep(session, session.execute(_unsketched().where(Comment.id.in_(some))).all())


def sketch_letter(session: Session, letter_id: int) -> None:
    """Make what sketches are missing among a letter's published comments."""
    _keep(session, session.execute(_unsketched().where(Comment.letter_id == letter_id, PUBLISHED)).all())


def rebuild(session: Session) -> Iterator[str]:
    """All sketches that are missing, without a commit. Yields "sketch" for each."""
    last = 0
    while rows := session.execute(_unsketched().where(Comment.id > last).order_by(Comment.id).limit(PORTION)).all():
        _keep(session, rows)
        last = rows[-1].id
        yield from ("sketch" for _ in rows)


def by_kin(texts: Sequence[str]) -> list[tuple[int, bool]]:
    """(place, is it like one before it) for each of these sketches' words, like ones together: each kin stands where
    the first of it does."""
    firsts = kin([telling(words.split()) for words in texts], ALIKE)
    return [(place, firsts[place] != place) for place in sorted(range(len(texts)), key=lambda n: (firsts[n], n))]


def _unsketched() -> Select[int, str, str]:
    """(what a sketch is made of) for comments that have none and are not erased."""
    return (
        select(Comment.id, Comment.name, Comment.text_source)
        .outerjoin(Sketch, Sketch.comment_id == Comment.id)
        .where(Sketch.comment_id.is_(None), Comment.erased_at.is_(None))
    )


def _keep(session: Session, rows: Sequence[Any]) -> None:
    sketches = [sketch_of(row) for row in rows]
    found = [gist for sketch in sketches for gist in gists_of(sketch)]
    if sketches:
        session.execute(insert(Sketch), sketches)
    if found:
        session.execute(insert(Gist), found)


def _follow(_mapper: Mapper[Comment], connection: Connection, comment: Comment) -> None:
    sketch = sketch_of(comment)
    connection.execute(insert(Sketch), sketch)
    if found := gists_of(sketch):
        connection.execute(insert(Gist), found)


event.listen(Comment, "after_insert", _follow)
