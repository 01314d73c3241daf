"""Words of Russian and English texts as search and likeness compare them: folded, and cut to their stems (pure).

Stems are Snowball's (https://snowballstem.org, M. F. Porter), through PyStemmer.
"""

import re
import unicodedata
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import lru_cache

from Stemmer import Stemmer

_PART = r"[^\W_]+(?:[\u0300-\u036f]+[^\W_]*)*"
_WORD = re.compile(f"{_PART}(?:['’ʼ]{_PART})*")
_RUSSIAN, _ENGLISH = Stemmer("russian", 0), Stemmer("english", 0)
_CYRILLIC = re.compile("[а-я]")
_BREVE = "\u0306"
LONGEST_WORD = 100
"""Characters; what is longer is no word, and is cut."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: where it stands, and its stem."""

    start: int
    end: int
    stem: str


def words(text: str, begins: Container[str] | None = None) -> Iterator[Word]:
    """The words of a text in their order, with places in characters. A hyphen parts words, an apostrophe does not.

    begins: only words whose stems begin with one of these letters.
    """
    for found in _WORD.finditer(text):
        if begins is None or _first(text[found.start()]) in begins:
            yield Word(found.start(), found.end(), stem(found[0]))


@lru_cache(maxsize=4096)
def _first(letter: str) -> str:
    return fold(letter)[:1]


def stems(text: str) -> list[str]:
    """The stems of a text in the order of its words."""
    return list(map(stem, _WORD.findall(text)))


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """What all forms of a word have in common: `клиентам` and `Клиент` give `клиент`, `letters` gives `letter`."""
    folded = fold(word[:LONGEST_WORD])[:LONGEST_WORD]
    return str((_RUSSIAN if _CYRILLIC.search(folded) else _ENGLISH).stemWord(folded))


def fold(text: str) -> str:
    """A text without what people leave out when they type: capitals, stress marks, accents, the dots of ё."""
    text = text.casefold()
    if not text.isascii():
        marked = unicodedata.normalize("NFKD", text)
        bare = [
            character
            for before, character in zip(" " + marked, marked, strict=False)
            # й is a letter, and not an и with a mark.
            if not unicodedata.combining(character) or (character == _BREVE and before == "и")
        ]
        text = unicodedata.normalize("NFC", "".join(bare)).casefold()
    return text.replace("’", "'").replace("ʼ", "'")
