"""Which texts are the same text, and how much of one text another one says. Pure.

Texts are compared as the stems of their words, with Cyrillic and Latin look-alikes folded (the idea of a skeleton:
Unicode Technical Standard 39, section 4), so neither a word form nor a letter of the other alphabet hides a repetition.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from heapq import nlargest
from html import escape, unescape
from math import log

from .snippets import with_marks
from .stems import fold, words
from .stems import stems as stems_of

NEARLY = 0.7
"""Two texts of which one says so much of all that both say are nearly the same text."""
FEWEST = 4
"""Telling words of a text below which nothing is nearly the same: "Thank you, Ilya" is not "Thank you, Vera"."""
TELLING = 12
"""Words of a text, its rarest, by which texts that may be like it are found."""
MOST_HOLDERS = 60
"""Texts that have a word, beyond which it finds nothing: nearly all of them would have to be looked at."""

_64_BITS = (1 << 64) - 1
_ORDERS = [
    int.from_bytes(hashlib.blake2b(bytes([n]), digest_size=8).digest(), "big") | 1  # odd: no two numbers become one
    for n in range(8)
]

# Letters that look alike, as capitals or as small ones, each above its twin.
_LATIN = "aceopxykmthbijs" + "ACEOPXYKMTHBIJS" + "ëË"
_CYRILLIC = "асеорхукмтнвіјѕ" + "АСЕОРХУКМТНВІЈЅ" + "ёЁ"
_TO_LATIN, _TO_CYRILLIC = str.maketrans(_CYRILLIC, _LATIN), str.maketrans(_LATIN, _CYRILLIC)
_ONLY_LATIN = re.compile("[dfglnqruvwz]", re.IGNORECASE)
_ONLY_CYRILLIC = re.compile("[бгджзийлпфцчшщъыьэюяєґ]", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]+")
_ANY_LATIN, _ANY_CYRILLIC = re.compile("[a-zA-ZëË]"), re.compile("[\u0400-\u052f]")
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u2060-\u2064\ufeff]")
_TAG = re.compile(r"""(</?[a-z][a-z0-9]*(?:[^>"]|"[^"]*")*>)""")

_COMMON = """
    a about after again all also am an and any are as at be because been before being but by can could did do does
    doing don't done down even ever every few for from get give go going got had has have having he her here hers him
    his how i if i'm in into is it its it's itself just let like made make many me might more most much must my myself
    never no nor not nothing now of off on once one only or other our ours out over own really same say said see she
    should since so some something still such than that that's the their them then there these they thing think this
    those through to too two under until up upon us very was way we well were what when where which while who why will
    with without would yes yet you your yours
    а бы без более больше будет будто бывает был была были было быть в вам вас ваш весь во вообще вот все всегда всего
    всё вы где да даже два для до его ее если есть еще её же за здесь и из или им иногда их к как какой когда кого
    конечно конечно который кто куда ли либо лучше между меня мне много может можно мой мы на над надо наверное нас наш
    не него нее нельзя нет ни никогда ним них ничего но ну нужно о об один он она они оно опять от очень перед по под
    пока после потом потому почему почти при про просто раз разве с сам свой себя сейчас со совсем так также такой там
    тебя тем теперь то тогда того тоже только том тот тут ты у уже хоть хорошо хотя чего чем через что чтоб чтобы чуть
    эта эти это этот этого я является
"""


def fingerprint(name: str, text: str) -> str:
    """By which what was sent twice is known: SHA-256 of name and text, white space apart."""
    return hashlib.sha256("\n".join((" ".join(name.split()), " ".join(text.split()))).encode()).hexdigest()


def one_script(text: str) -> str:
    """The text with every word in one alphabet, character for character.

    A word is in the alphabet of those of its letters that have no twin; a word without such letters, in that of the
    whole text; without any of them in the text, Cyrillic.
    """
    latin, cyrillic = _ONLY_LATIN.findall(text), _ONLY_CYRILLIC.findall(text)
    if (latin and not _ANY_CYRILLIC.search(text)) or (cyrillic and not _ANY_LATIN.search(text)):
        return text
    home = _TO_LATIN if len(latin) > len(cyrillic) else _TO_CYRILLIC

    def settled(found: re.Match[str]) -> str:
        word = found[0]
        if _ONLY_CYRILLIC.search(word):
            return word.translate(_TO_CYRILLIC)
        return word.translate(_TO_LATIN if _ONLY_LATIN.search(word) else home)

    return _LETTERS.sub(settled, text)


def visible(text: str) -> str:
    """The text without soft hyphens, zero-width spaces and their like, which part words for nobody but a machine."""
    return _INVISIBLE.sub("", text)


def said(text: str) -> list[str]:
    """The words of a text in their order, as they are compared."""
    return stems_of(one_script(visible(text)))


def forms(text: str) -> dict[str, str]:
    """{a word as it is compared: as the text has it where it says it first}."""
    bare = visible(text)
    found: dict[str, str] = {}
    for word in words(one_script(bare)):
        found.setdefault(word.stem, bare[word.start : word.end])
    return found


COMMON = frozenset(said(_COMMON)) | frozenset(stems_of(_COMMON))
"""Words that every text has, and that tell nothing."""


def telling(some: Iterable[str]) -> frozenset[str]:
    """Those of a text's words (`said`) that tell what it is about."""
    return frozenset(some) - COMMON


def text_key(text: str) -> str:
    """The same for texts that are the same but for word forms, capitals, punctuation and look-alikes."""
    return hashlib.sha256((" ".join(said(text)) or " ".join(visible(text).split())).encode()).hexdigest()


def name_key(name: str) -> str:
    """The same for names that look the same."""
    return " ".join(fold(one_script(visible(name))).split())


def are_nearly_the_same(one: frozenset[str], other: frozenset[str]) -> bool:
    """Are two texts, by their telling words, nearly the same text (Jaccard's index)."""
    least = min(len(one), len(other))
    return least >= FEWEST and least >= NEARLY * max(len(one), len(other)) and jaccard(one, other) >= NEARLY


def gists(text: frozenset[str]) -> list[int]:
    """Numbers of which two texts that are nearly the same have one in common, with very few exceptions (0.93 of those
    that share NEARLY of their words, 0.999 of those that share nine tenths), and others hardly ever.

    Each is made of two of the text's words, the first ones in an order of its own (A. Broder, "On the resemblance and
    containment of documents", 1997). None for a text with fewer than FEWEST telling words.
    """
    if len(text) < FEWEST:
        return []
    return gists_of(firsts(text))


def firsts(text: frozenset[str]) -> list[int]:
    """The first of a text's words in each of the orders. Of two texts together it is the lesser of both, each time."""
    numbers = [_number(word) for word in text]
    return [min(number * order & _64_BITS for number in numbers) for order in _ORDERS]


def gists_of(first: Sequence[int]) -> list[int]:
    """The gists of a text with these `firsts`."""
    return [(first[n] ^ first[n + 1] * 3) & (_64_BITS >> 1) for n in range(0, len(first), 2)]


@lru_cache(maxsize=65536)
def _number(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """What two texts both say, as a share of all that they say."""
    both = len(one & other)
    return both / (len(one) + len(other) - both) if both else 0.0


def weights(texts: Collection[frozenset[str]]) -> Callable[[str], float]:
    """How much a word tells among these texts: the more, the fewer of them have it."""
    holders = Counter(word for text in texts for word in text)
    number = len(texts)

    def weight(word: str) -> float:
        return log(2 + number / (1 + holders[word]))

    return weight


def share(text: frozenset[str], other: frozenset[str], weight: Callable[[str], float]) -> float:
    """How much of what a text says another one says too, from 0 to 1, by the weight of the words."""
    both = text & other
    return weight_of(both, weight) / weight_of(text, weight) if both else 0.0


def weight_of(text: frozenset[str], weight: Callable[[str], float]) -> float:
    """How much the words of a text tell together."""
    # In one order, so that a sum of fractions is the same whatever the order of a set.
    return sum(map(weight, sorted(text)))


def likest(texts: Sequence[frozenset[str]]) -> list[tuple[int, float] | None]:
    """For each text the one of the others that says most of it: (place, share); None when none says any of it.

    Not all are compared with all: candidates are those that share one of a text's rarest words.
    """
    holders = _holders(texts)
    weight = weights(texts)
    weighed = {word: weight(word) for word in holders}
    found: list[tuple[int, float] | None] = []
    for place, text in enumerate(texts):
        score: dict[int, float] = {}
        for word in _rarest(text, holders):
            worth = weighed[word]
            for other in holders[word]:
                score[other] = score.get(other, 0.0) + worth
        score.pop(place, None)
        best = nlargest(3, ((worth, -other) for other, worth in score.items()))
        if not best:
            found.append(None)
            continue
        both, nearest = max((weight_of(text & texts[-other], weighed.__getitem__), other) for _, other in best)
        found.append((-nearest, both / weight_of(text, weighed.__getitem__)))
    return found


def kin(texts: Sequence[frozenset[str]], least: float) -> list[int]:
    """For each text the place of the first one of its kin: texts that share so much (Jaccard) with one before them."""
    holders = _holders(texts)
    first = list(range(len(texts)))
    for place, text in enumerate(texts):
        candidates = {other for word in _rarest(text, holders) for other in holders[word] if other < place}
        alike = [(jaccard(text, texts[other]), -other) for other in candidates]
        if alike and max(alike)[0] >= least:
            first[place] = first[-max(alike)[1]]
    return first


def _holders(texts: Sequence[frozenset[str]]) -> dict[str, list[int]]:
    holders: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        for word in text:
            holders.setdefault(word, []).append(place)
    return holders


def _rarest(text: frozenset[str], holders: Mapping[str, list[int]]) -> list[str]:
    """A text's rarest words that another text has too."""
    some = sorted((len(holders[word]), word) for word in text)
    return [word for number, word in some if 1 < number <= MOST_HOLDERS][:TELLING]


def marked(html: str, shared: Collection[str]) -> str:
    """HTML of ours with <mark> around the words that another text has too, and all its tags where they were."""
    home = one_script(unescape(_TAG.sub("\n", html)))
    parts, at = [], 0
    for part in _TAG.split(html):
        if part.startswith("<"):
            parts.append(part)
            at += 1
            continue
        text = unescape(part)
        parts.append(_marked(text, home[at : at + len(text)], shared))
        at += len(text)
    return "".join(parts)


def marked_text(text: str, shared: Collection[str]) -> str:
    """A plain text as HTML, escaped, with <mark> around the words that another text has too."""
    return _marked(text, one_script(text), shared)


def _marked(text: str, settled: str, shared: Collection[str]) -> str:
    """settled: the same text in one script, character for character."""
    if not text.strip():
        return escape(text)
    seen = [place for place, character in enumerate(settled) if not _INVISIBLE.match(character)]
    bare = "".join(settled[place] for place in seen)
    places = [(seen[word.start], seen[word.end - 1] + 1) for word in words(bare) if word.stem in shared]
    return with_marks(text, places, 0, len(text))
