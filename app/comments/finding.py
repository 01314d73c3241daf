"""What a reader's search finds: letters by what they say, then letters by what is said under them."""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy.orm import Session

from ..letters import search
from ..letters.index import said
from ..letters.models import Letter
from ..letters.search import Query, Within
from ..text import outside, snippets
from ..text.typographer import typeset
from . import thread
from .thread import Remark

PER_PAGE = 10
LAST_PAGE = 30
"""What stands further down is found by one more word."""
MOST_COMMENTS = 300
"""Comments with the words that are looked at, the latest first; one letter may have many of them."""


@dataclass(frozen=True, slots=True)
class Found:
    """A letter that was found, and where it says so, in safe HTML with the words marked."""

    letter: Letter
    title_html: str
    snippet_html: str
    remark: Remark | None
    """The comment that the snippet is from; None when it is from the letter."""


def find(session: Session, query: Query, now: datetime, *, within: Within, page: int = 1) -> tuple[list[Found], bool]:
    """(a page of what is found, whether there is more). The first page is 1; beyond LAST_PAGE there is nothing."""
    last = PER_PAGE * min(page, LAST_PAGE)
    ids = search.letters(session, query, now, within=within, limit=last + 1)
    remarks: dict[int, Remark] = {}
    if query and len(ids) <= last:
        remarks = _remarks(session, query, now, within, but=set(ids))
        ids += islice(remarks, last + 1 - len(ids))
    here = ids[last - PER_PAGE : last] if page <= LAST_PAGE else []
    letters = search.whole(session, here, now)
    return [_shown(letter, query, remarks.get(letter.id)) for letter in letters], len(ids) > last and page < LAST_PAGE


def _remarks(session: Session, query: Query, now: datetime, within: Within, but: set[int]) -> dict[int, Remark]:
    """{letter's id: its latest comment that says this}, for letters that do not say it themselves."""
    rows = session.execute(thread.saying(session, query, now, within).limit(MOST_COMMENTS))
    remarks: dict[int, Remark] = {}
    for letter_id, *remark in rows:
        if letter_id not in but:
            remarks.setdefault(letter_id, Remark(*remark))
    return remarks


def _shown(letter: Letter, query: Query, remark: Remark | None) -> Found:
    text = outside.words(remark.text_html) if remark else said(letter)
    snippet = snippets.snippet(text, query.terms) or snippets.opening(text)
    return Found(letter, snippets.marked(typeset(letter.title, letter.language), query.terms), snippet, remark)
