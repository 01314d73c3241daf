"""What can be seen of a text without understanding it: what it quotes, where it leads, whether it shouts. Pure."""

import re
from urllib.parse import urlsplit

from .comment import addresses, is_quoted
from .likeness import said, visible

SHOUT = 0.7
"""A text of which so many letters are capitals is written in capitals."""
SHORTEST_SHOUT = 12
"""Letters; a shorter text may be an abbreviation."""
SHORTEST_QUOTE = 2
"""Words of a line, below which nobody can tell what it quotes."""
SHORTEST_PHRASE = 4
"""Words between quotation marks that are taken for somebody's."""

_GAP = re.compile(r"…|\.{3,}|\[[^\]]*\]|<[^>]*>")
_PHRASE = re.compile('«([^«»]+)»|“([^“”]+)”|„([^„“”]+)[“”]|"([^"\n]+)"')
_ANCHOR = re.compile(r"#(c[0-9a-f]{14})\b")
_EXAMPLE = re.compile(
    r"\b(?:например|к примеру|допустим|скажем|представьте|как-то раз|однажды|у меня|у нас|со мной|"
    r"мо(?:й|я|ё|е|и|его|ей|ему|их) (?:клиент|заказчик|начальни|коллег|друг|знаком|муж|жен|брат|сестр|мам|пап|сын|доч)|"
    r"for example|for instance|e\.\s?g\.|imagine|suppose|once i|when i|i once|"
    r"my (?:client|customer|boss|manager|colleague|friend|neighbou?r|husband|wife|brother|sister|mother|father|son)\b)"
    r"|\d{2,}|(?<!\w)[$€£₽]"
)
"""In small letters; a search that knows both would try every word at every letter."""


def own_and_quoted(source: str) -> tuple[str, list[str]]:
    """(what the writer says himself, the lines that he quotes) of a comment's source."""
    lines = source.splitlines()
    quoted = [line.lstrip(" >") for line in lines if is_quoted(line)]
    return "\n".join(line for line in lines if not is_quoted(line)), [line for line in quoted if line.strip()]


def own_words(source: str) -> str:
    """What the writer says himself, without the addresses that he gives."""
    own, _ = own_and_quoted(source)
    for address in addresses(own):
        own = own.replace(address, " ")
    return own


def quotations(source: str) -> dict[str, str]:
    """{the words of what a comment quotes, as its original says them (`likeness.said`): as the comment has it}.

    That is every line behind a `>`, in pieces where something was left out of it, and every longer phrase between
    quotation marks.
    """
    own, lines = own_and_quoted(source)
    pieces = [(piece, SHORTEST_QUOTE) for line in lines for piece in _GAP.split(line)]
    phrases = ("".join(phrase) for phrase in _PHRASE.findall(own))
    pieces += [(piece, SHORTEST_PHRASE) for phrase in phrases for piece in _GAP.split(phrase)]
    return {" ".join(words): piece.strip() for piece, least in pieces if len(words := said(piece)) >= least}


def anchors(source: str) -> list[str]:
    """The public ids of comments whose addresses a comment gives."""
    return list(dict.fromkeys(_ANCHOR.findall(source)))


def hosts(source: str) -> list[str]:
    """Where the links of a comment lead, each once, in their order."""
    names = (urlsplit(address).hostname or "" for address in addresses(source))
    return list(dict.fromkeys(name.removeprefix("www.") for name in names))


def shouts(source: str) -> bool:
    """Is it written in capitals."""
    letters = [c for c in own_words(source) if c.isupper() or c.islower()]
    return len(letters) >= SHORTEST_SHOUT and sum(map(str.isupper, letters)) >= SHOUT * len(letters)


def gives_example(source: str) -> bool:
    """Does it seem to give an example: a case of one's own, a figure, somebody's words. A guess, and said to be one."""
    own, _ = own_and_quoted(source)
    return bool(_EXAMPLE.search(visible(own).lower())) or any(
        len(said("".join(phrase))) >= SHORTEST_PHRASE for phrase in _PHRASE.findall(own)
    )
