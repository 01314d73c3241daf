"""Is a quotation in another language than the text around it: what its letters and its commonest words tell. Pure.

Only Russian and English are told apart, by their alphabets, as these are the languages that the product speaks. What is
written in the other alphabet without a common word of that language is of an unknown one: `lang=""` (HTML, 3.2.6.2).
"""

import re

_ALPHABETS = {"ru": re.compile("[а-яё]", re.IGNORECASE), "en": re.compile("[a-z]", re.IGNORECASE)}
_COMMON = {
    "ru": frozenset("и в не на что я с он как это по но за мы вы так же у к все а о для из то есть нет да".split()),
    "en": frozenset("the a an and of to is in you it that i for we not was with be are on this but no yes my".split()),
}
_WORD = re.compile(r"[^\W\d_]+")
ENOUGH = 12
"""Letters; a shorter text tells nothing."""


def alphabet_of(text: str) -> str | None:
    """ "ru" when most of its letters are Cyrillic, "en" when Latin; None when it has too few of both."""
    numbers = {code: len(letter.findall(text)) for code, letter in _ALPHABETS.items()}
    likeliest = max(numbers, key=lambda code: numbers[code])
    return likeliest if numbers[likeliest] >= ENOUGH and numbers[likeliest] * 2 > sum(numbers.values()) else None


def foreign(text: str, around: str | None) -> str | None:
    """The language of a quotation as `lang` takes it ("" is an unknown one); None when it is that of what is around."""
    alphabet = alphabet_of(text)
    if alphabet is None or around not in _ALPHABETS or alphabet == around:
        return None
    words = set(_WORD.findall(text.casefold()))
    return alphabet if words & _COMMON[alphabet] else ""
