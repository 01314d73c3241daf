"""Where a text says what was looked for: marked, and cut to a line or two. Pure."""

from collections.abc import Collection, Iterable, Iterator
from html import escape

from .stems import Word, words

Terms = Collection[tuple[str, ...]]
"""What is looked for: words as stems, phrases as several."""

AROUND = 110
"""Characters before and after the middle of what is shown."""
ENOUGH = 60
"""Places of a text that are looked at."""


def marked(text: str, terms: Terms) -> str:
    """The text as HTML, escaped, with <mark> around every place that was looked for."""
    return with_marks(text, [place[:2] for place in _places(text, terms)], 0, len(text))


def snippet(text: str, terms: Terms) -> str:
    """The part of a text that says most of what was looked for, as `marked`; nothing when it says none of it."""
    places = []
    for place in _places(text, terms):
        places.append(place)
        if len(places) == ENOUGH:
            break
    if not places:
        return ""
    first = max(places, key=lambda place: (_told(places, place), -place[0]))
    start, end = _cut(text, first[0] - AROUND // 2, first[0] + AROUND * 2)
    shown = [place[:2] for place in places if start <= place[0] and place[1] <= end]
    return ("…" if start else "") + with_marks(text, shown, start, end).strip() + _goes_on(text, end)


def opening(text: str) -> str:
    """The text's first lines, as HTML, escaped: for what was found by its title or its place."""
    start, end = _cut(text, 0, AROUND * 2)
    return escape(text[start:end].strip()) + _goes_on(text, end)


def _places(text: str, terms: Terms) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """(start, end, term) of every place, in the order of the text and none over another."""
    firsts: dict[str, list[tuple[str, ...]]] = {}
    for term in sorted(terms, key=len, reverse=True):
        firsts.setdefault(term[0], []).append(term)
    begins = {stem[0] for term in terms for stem in term}
    # Almost every word begins otherwise, so few are stemmed; a phrase's other words are read when its first was there.
    read = list(words(text, begins if all(len(term) == 1 for term in terms) else None))
    done = 0
    for n, word in enumerate(read):
        if word.start < done:
            continue
        for term in firsts.get(word.stem, ()):
            following: list[Word] = read[n : n + len(term)]
            if tuple(one.stem for one in following) == term:
                done = following[-1].end
                yield word.start, done, term
                break


def _told(places: list[tuple[int, int, tuple[str, ...]]], here: tuple[int, int, tuple[str, ...]]) -> int:
    """How many different terms a snippet that begins here says."""
    return len({term for start, end, term in places if here[0] <= start and end <= here[0] + AROUND * 2})


def _cut(text: str, start: int, end: int) -> tuple[int, int]:
    """The nearest places between two words."""
    start, end = max(0, start), min(len(text), end)
    if start:
        gap = min((at for at in (text.find(" ", start), text.find("\n", start)) if at >= 0), default=start)
        start = gap + 1 if gap < start + AROUND // 2 else start
    if end < len(text):
        gap = max(text.rfind(" ", start, end), text.rfind("\n", start, end))
        end = gap if gap > end - AROUND // 2 else end
    return start, end


def _goes_on(text: str, end: int) -> str:
    """An ellipsis where the text goes on; behind the end of a sentence with a space, so that no four dots meet."""
    if end >= len(text):
        return ""
    return " …" if text[:end].rstrip()[-1:] in ".!?…" else "…"


def with_marks(text: str, places: Iterable[tuple[int, int]], start: int, end: int) -> str:
    """This part of a text as HTML, escaped, with <mark> around places: (start, end), in order, none over another."""
    parts, at = [], start
    for begins, ends in places:
        parts += [escape(text[at:begins]), f"<mark>{escape(text[begins:ends])}</mark>"]
        at = ends
    return "".join((*parts, escape(text[at:end])))
