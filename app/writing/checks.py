"""What an editor may have overlooked in a letter: remarks beside the text, which forbid nothing."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from ..letters import card
from ..letters.drafting import PARTS, Draft
from ..text import letter as letter_text
from ..text.typographer import typeset

MOST_LINKS = 40
"""Links within the site that are tried."""

_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NUMBER = re.compile(r"(?<![\w.,/-])\+?[(\d][\d\s().\u00a0\u2011-]{7,}\d(?![\w/])")
_AMOUNT = re.compile(r"\d{1,3}(?:[ \u00a0.,]\d{3})+")
_DATE = re.compile(r"(?:\d{4}-\d\d-\d\d|\d{1,2}\.\d{1,2}\.\d{2,4})")


@dataclass(frozen=True)
class Remark:
    """One thing to look at. kind: which; part: the field of the draft; detail: the very words."""

    kind: str
    part: str
    detail: str = ""


def remarks(draft: Draft, *, base_url: str, is_missing: Callable[[str], bool]) -> list[Remark]:
    """Everything to look at, from top to bottom. is_missing: does a path of the site answer 404."""
    found = []
    if draft.title and not card.fits(typeset(draft.title, draft.language)):
        found.append(Remark("long_title", "title"))
    found += [Remark("contact", "question", one) for one in contacts(draft.question)]
    found += [Remark("unnamed", "question", words) for words in letter_text.unnamed_quotations(draft.question)]
    for part in PARTS:
        source = getattr(draft, part)
        found += [Remark("no_alt", part, address) for address in letter_text.pictures_without_words(source)]
        found += [Remark("foreign", part, address) for address in letter_text.foreign_pictures(source)]
        missing = (one for one in _within(source, base_url) if is_missing(urlsplit(one).path))
        found += [Remark("broken_link", part, address) for address in missing]
    if not draft.postscript.strip() and draft.rubric_id is None:
        found.append(Remark("no_postscript", "postscript"))
    return found


def contacts(text: str) -> list[str]:
    """Mail addresses and telephone numbers in a text."""
    numbers = (found[0].strip() for found in _NUMBER.finditer(text))
    return [*_MAIL.findall(text), *(number for number in numbers if _is_telephone(number))]


def _is_telephone(number: str) -> bool:
    digits = len(re.sub(r"\D", "", number))
    if _AMOUNT.fullmatch(number) or _DATE.match(number):
        return False
    return 10 <= digits <= 15 or (number.startswith("+") and 8 <= digits <= 15)


def _within(source: str, base_url: str) -> Iterator[str]:
    """The addresses of this site that a text leads to, each once, without what is behind # and ?."""
    home = urlsplit(base_url).netloc
    seen: set[str] = set()
    for address in letter_text.addresses(source):
        try:
            parts = urlsplit(address)
        except ValueError:
            continue
        is_ours = parts.path.startswith("/") and (not parts.netloc or parts.netloc == home)
        path = unquote(parts.path)
        if is_ours and parts.scheme in ("", "http", "https") and path not in seen and len(seen) < MOST_LINKS:
            seen.add(path)
            yield path
