"""What an editor sees beside a pending comment: what is nearest to it, whether it was said before, and its signals.

The rule of the column is that a comment adds something new. This shows what there is already; it never decides, orders
or hides. It asks the database twice, for however many comments.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import String, literal, select, union_all
from sqlalchemy.orm import Session, contains_eager

from ..letters.index import said as letter_says
from ..letters.models import Letter
from ..text import signs
from ..text.likeness import (
    are_nearly_the_same,
    forms,
    marked,
    marked_text,
    said,
    share,
    telling,
    weights,
)
from . import likeness, spam
from .models import Comment, Gist, Sketch

Whose = Literal["letter", "published", "nobody"]
"""Whose words a quotation is: the letter's, a published comment's, or nobody's that readers can see here."""

NEAREST = 3
"""Published comments that are shown."""
LEAST = 0.15
"""What says less of a comment is not near to it."""
LEAST_SHARED = 2
"""Words that two texts must share to be near."""
MOST_PUBLISHED = 5000
"""Published comments of a letter that are compared, the latest."""
MOST_TWINS = 4
MOST_LIKE = 12
"""Comments of the whole column that are looked at, whether they are nearly the same text."""
NEW_WORDS = 12
SIGN = "sign"
"""No standing: a row of what was learned."""


@dataclass(frozen=True, slots=True)
class Near:
    """A published comment, or a place of the letter, that says part of what the pending comment says."""

    comment: Comment | None
    """None: it is the letter."""
    percent: int
    """Of what the pending comment says."""
    html: str
    """Its text, the shared words marked."""


@dataclass(frozen=True, slots=True)
class Twin:
    """Another comment with the same text, or nearly, under any letter and whatever became of it."""

    comment: Comment
    exact: bool
    same_name: bool


@dataclass(frozen=True, slots=True)
class Quoted:
    """A line that the comment quotes, and where its original is."""

    line: str
    whose: Whose
    comment: Comment | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """All of it, for one comment."""

    near: tuple[Near, ...]
    new_words: tuple[str, ...]
    """What it says and nobody has said here, the first ones."""
    new_number: int
    said_number: int
    """Of how many telling words."""
    twins: tuple[Twin, ...]
    links: tuple[str, ...]
    words: int
    capitals: bool
    first_under_name: bool
    quoted: tuple[Quoted, ...]
    spam: spam.Opinion


@dataclass(frozen=True, slots=True)
class _Said:
    """A comment as it is compared."""

    id: int
    letter_id: int
    standing: str
    words: str
    text_key: str
    name_key: str
    telling: frozenset[str] = field(default=frozenset())


def beside(session: Session, comments: Sequence[Comment]) -> dict[int, Beside]:
    """{comment's id: what stands beside it}, for pending comments with their letters loaded."""
    if not comments:
        return {}
    own = {comment.id: likeness.sketch_of(comment) for comment in comments}
    signs_of = {
        comment.id: spam.signs_of(comment.text_source, own[comment.id]["words"].split()) for comment in comments
    }
    known, learned = _known(session, comments, own, set[str]().union(*signs_of.values()))
    here = {
        letter.id: _Discussion(letter, [one for one in known if one.letter_id == letter.id])
        for letter in {comment.letter_id: comment.letter for comment in comments}.values()
    }
    found = {comment.id: _Comparison(comment, own[comment.id], here[comment.letter_id], known) for comment in comments}
    rows = _whole(session, {one for comparison in found.values() for one in comparison.wanted()})
    return {
        one: comparison.told(rows, spam.opinion(signs_of[one], learned, comparison.comment.text_source))
        for one, comparison in found.items()
    }


def _known(
    session: Session, comments: Sequence[Comment], own: dict[int, dict[str, Any]], signs_of: set[str]
) -> tuple[list[_Said], spam.Learned]:
    """(sketches of what these comments may be near to, of their twins anywhere and of earlier ones under their names;
    what was learned of these signs), in one question: the page of the queue may ask eight."""
    columns = (Sketch.comment_id, Comment.letter_id, Comment.standing, Sketch.words, Sketch.text_key, Sketch.name_key)
    sketches = select(*columns).join(Comment, Comment.id == Sketch.comment_id)
    published = sketches.where(Comment.standing == "published", Comment.erased_at.is_(None))
    parts: list[Any] = []
    for one in sorted({comment.letter_id for comment in comments}):
        thread = published.where(Comment.letter_id == one).order_by(Comment.submitted_at.desc(), Comment.id.desc())
        parts.append(thread.limit(MOST_PUBLISHED))
    for comment in comments:
        sketch = own[comment.id]
        same = sketches.where(Sketch.text_key == sketch["text_key"]).order_by(Sketch.comment_id.desc())
        earlier = sketches.where(Sketch.name_key == sketch["name_key"], Sketch.comment_id < comment.id)
        parts += [same.limit(MOST_TWINS + 1), earlier.order_by(Sketch.comment_id).limit(1)]
        gists = [row["gist"] for row in likeness.gists_of(sketch)]
        like = select(Gist.comment_id).where(Gist.gist.in_(gists)).limit(MOST_LIKE).subquery()
        parts.append(sketches.where(Sketch.comment_id.in_(select(like.c.comment_id))))
    learned = spam.learned(signs_of).subquery()
    empty = literal("", String)
    parts.append(select(learned.c.published, learned.c.declined, literal(SIGN, String), learned.c.sign, empty, empty))
    whole = union_all(*(select(part.subquery()) for part in parts))
    rows = [tuple(row) for row in session.execute(whole)]
    known = [
        _Said(one, letter_id, standing, words, text, name, telling(words.split()))
        for one, letter_id, standing, words, text, name in {row[0]: row for row in rows if row[2] != SIGN}.values()
    ]
    return known, {row[3]: (row[0], row[1]) for row in rows if row[2] == SIGN}


def _whole(session: Session, ids: Iterable[int]) -> dict[int, Comment]:
    query = (
        select(Comment)
        .where(Comment.id.in_(sorted(ids)))
        .join(Comment.letter)
        .options(contains_eager(Comment.letter).lazyload("*"))
    )
    return {comment.id: comment for comment in session.scalars(query)}


class _Discussion:
    """A letter and what is said under it, for all its pending comments."""

    def __init__(self, letter: Letter, comments: list[_Said]) -> None:
        self.published = [one for one in comments if one.standing == "published"]
        self.letter = f" {likeness.of_letter(letter)} "
        self.of_letter = telling(self.letter.split())
        self.parts = [(part, telling(said(part))) for part in letter_says(letter).split("\n")]
        self.weight = weights([*(one.telling for one in self.published), self.of_letter])
        self.said = self.of_letter.union(*(one.telling for one in self.published))


class _Comparison:
    """One pending comment against all that is known."""

    def __init__(self, comment: Comment, sketch: dict[str, Any], here: _Discussion, known: list[_Said]) -> None:
        self.comment, self.key, self.name, self.here = comment, sketch["text_key"], sketch["name_key"], here
        self.text = telling(sketch["words"].split())
        self.nearest = self._nearest()
        self.twins = self._twins(known)
        self.quoted = [(line, *self._original(words)) for words, line in signs.quotations(comment.text_source).items()]
        self.first = not any(one.name_key == self.name and one.id < comment.id for one in known)

    def wanted(self) -> set[int]:
        """Ids of the comments that are shown."""
        quoted = {one for _, _, one in self.quoted if one is not None}
        return {one.id for one, _ in self.nearest} | {one.id for one, _ in self.twins} | quoted

    def told(self, rows: dict[int, Comment], opinion: spam.Opinion) -> Beside:
        """What is shown. rows: the comments that are."""
        source = self.comment.text_source
        own = forms(signs.own_words(source))
        new = [form for stem, form in own.items() if stem in self.text and stem not in self.here.said]
        near = [self._near(rows[one.id], one, part) for one, part in self.nearest if one.id in rows]
        return Beside(
            near=tuple(sorted([*near, *self._in_letter()], key=lambda one: -one.percent)),
            new_words=tuple(new[:NEW_WORDS]),
            new_number=len(new),
            said_number=len(self.text),
            twins=tuple(
                Twin(rows[one.id], exact, one.name_key == self.name) for one, exact in self.twins if one.id in rows
            ),
            links=tuple(signs.hosts(source)),
            words=len(said(source)),
            capitals=signs.shouts(source),
            first_under_name=self.first,
            quoted=tuple(Quoted(line, whose, rows.get(one or 0)) for line, whose, one in self.quoted),
            spam=opinion,
        )

    def _nearest(self) -> list[tuple[_Said, float]]:
        shares = [
            (share(self.text, one.telling, self.here.weight), one)
            for one in self.here.published
            if one.id != self.comment.id and len(self.text & one.telling) >= LEAST_SHARED
        ]
        some = sorted(shares, key=lambda pair: (-pair[0], pair[1].id))[:NEAREST]
        return [(one, part) for part, one in some if part >= LEAST]

    def _twins(self, known: list[_Said]) -> list[tuple[_Said, bool]]:
        others = [one for one in known if one.id != self.comment.id]
        exact = [(one, True) for one in others if one.text_key == self.key]
        near = [
            (one, False) for one in others if one.text_key != self.key and are_nearly_the_same(self.text, one.telling)
        ]
        some = (sorted(pairs, key=lambda pair: -pair[0].id)[:MOST_TWINS] for pairs in (exact, near))
        return [pair for pairs in some for pair in pairs]

    def _original(self, words: str) -> tuple[Whose, int | None]:
        wanted = f" {words} "
        if wanted in self.here.letter:
            return "letter", None
        theirs = [one.id for one in self.here.published if one.id != self.comment.id and wanted in f" {one.words} "]
        return ("published", max(theirs)) if theirs else ("nobody", None)

    def _near(self, comment: Comment, one: _Said, part: float) -> Near:
        return Near(comment, round(100 * part), marked(comment.text_html, self.text & one.telling))

    def _in_letter(self) -> list[Near]:
        """The part of the letter that says most of it."""
        part = share(self.text, self.here.of_letter, self.here.weight)
        text, words = max(self.here.parts, key=lambda one: share(self.text, one[1], self.here.weight))
        shared = self.text & words
        if part < LEAST or len(shared) < LEAST_SHARED:
            return []
        return [Near(None, round(100 * part), marked_text(text, shared))]
