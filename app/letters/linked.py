"""A letter for search engines: schema.org's Article with its Comments, in the words of the page and no others.

Google reads Article and Comment for such a page; QAPage is for pages where users answer.
https://developers.google.com/search/docs/appearance/structured-data/article
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Protocol

from ..text.outside import words
from ..text.typographer import typeset
from .models import Letter


class Remark(Protocol):
    """A published comment, as comments.thread gives it."""

    @property
    def public_id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def submitted_at(self) -> datetime: ...
    @property
    def text_html(self) -> str: ...


def article(letter: Letter, remarks: Iterable[Remark], *, base_url: str, column: str) -> dict[str, Any]:
    """The letter as JSON-LD. column: the column's title, its publisher, and its author where no adviser is named."""
    assert letter.publish_at is not None
    address = f"{base_url}/letters/{letter.name}/"
    publisher = {"@type": "Organization", "name": column, "url": f"{base_url}/"}
    comments = [_comment(remark, address) for remark in remarks]
    return {
        "@context": "https://schema.org",
        "@type": "Article",
        "@id": address,
        "url": address,
        "mainEntityOfPage": address,
        "headline": typeset(letter.title, letter.language),
        "inLanguage": letter.language,
        "datePublished": iso(letter.publish_at),
        "dateModified": iso(changed_at(letter)),
        "author": {"@type": "Person", "name": letter.adviser.name} if letter.adviser else publisher,
        "publisher": publisher,
        "image": f"{address}card.png",
        "articleBody": body(letter),
        "commentCount": len(comments),
        "comment": comments,
    }


def body(letter: Letter) -> str:
    """The words of the letter: question, answer, postscripts."""
    parts = (letter.question_html, letter.answer_html, letter.postscript_html, letter.course_note_html)
    return "\n".join(filter(None, map(words, parts)))


def changed_at(letter: Letter) -> datetime:
    """When what readers have changed last: a save before the letter came out is nobody's business."""
    assert letter.publish_at is not None
    return max(letter.publish_at, letter.updated_at)


def _comment(remark: Remark, address: str) -> dict[str, Any]:
    return {
        "@type": "Comment",
        "@id": f"{address}#{remark.public_id}",
        "url": f"{address}#{remark.public_id}",
        "author": {"@type": "Person", "name": remark.name},
        "datePublished": iso(remark.submitted_at),
        "text": words(remark.text_html),
    }


def iso(moment: datetime) -> str:
    """RFC 3339 in UTC, for machines: 2026-11-27T10:00:00Z."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
