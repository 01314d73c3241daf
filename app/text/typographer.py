"""Plain text -> the same text with the quotation marks, dashes and no-break spaces of Russian or English.

Laws, each held by a property test:
- Letters and digits stay as they are, all of them and in their order. Therefore `(c)`, `10x15`, `1/2` and `m2` stay
  too: their signs would eat letters or digits.
- What has been set once is not changed by setting it again. Every rule treats a space and a no-break space, and a
  straight and a curly mark, alike, so no rule wakes up by what a later one did.
- Addresses (https://…, www.…, user@host) and code stay byte for byte.
- No text raises, and time grows with the length of the text only.

A typographer sets what was written; it corrects neither spelling nor punctuation.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from itertools import accumulate, pairwise
from typing import NamedTuple

from markdown_it.token import Token

NBSP = "\u00a0"
OPAQUE = "\ufffc"
"""Stands for one thing that no rule may look into: an address, code, an image."""

QUOTES = "\"'«»„“”‟‘’"
"""A rule that looks at a neighbouring mark looks for any of these, so that it works before and after quotes are set."""


def typeset(text: str, language: str) -> str:
    """One run of plain text (a title, a name), set. language: "ru" or "en"; text in another comes back unchanged."""
    manner = _MANNERS.get(language)
    return _set([text], manner)[0] if manner else text


def typeset_tokens(tokens: list[Token], language: str) -> None:
    """Sets the text tokens of a markdown-it token list in place; everything else in it stays untouched.

    tokens: what `MarkdownIt.parse` gave. language: "ru" or "en"; for others nothing happens. One inline block is set as
    one run, so quotation marks pair across emphasis and links, and a line break counts as a space.
    """
    manner = _MANNERS.get(language)
    if not manner:
        return
    for block in tokens:
        if block.type == "inline" and block.children:
            pieces = list(_pieces(block.children))
            texts = _set([text for _, text in pieces], manner)
            for (token, _), text in zip(pieces, texts, strict=True):
                if token:
                    token.content = text


def _pieces(children: list[Token]) -> Iterator[tuple[Token | None, str]]:
    """The tokens of a block that a reader sees as text, each with that text; without the token if it may not change."""
    in_address = False
    for token in children:
        if token.type in ("link_open", "link_close"):
            in_address = token.type == "link_open" and (token.info == "auto" or token.markup in ("autolink", "linkify"))
        elif token.type in ("softbreak", "hardbreak"):
            yield None, "\n"
        elif token.type == "text" and not in_address:
            yield token, token.content
        elif token.nesting == 0 and token.type != "html_inline":
            yield None, OPAQUE


# ---------------------------------------------------------------------------------------------------------------------
# A run: text in pieces, which rules see as one text
# ---------------------------------------------------------------------------------------------------------------------

Replacement = str | Callable[[re.Match[str]], str]
Rule = tuple[re.Pattern[str], Replacement]


class _Manner(NamedTuple):
    """How one language is set."""

    rules: Sequence[Rule]
    with_quotes: Callable[[str], str]


def _set(texts: Sequence[str], manner: _Manner) -> list[str]:
    """The pieces of one run, set. Rules see them joined; no edit crosses from one piece into the next."""
    kept: list[str] = []
    pieces = [_without_addresses(text, kept) for text in texts]
    run = "".join(pieces)
    edges = list(accumulate((len(piece) for piece in pieces), initial=0))
    for pattern, replacement in manner.rules:
        run = _replaced(pattern, replacement, run, edges)
    run = manner.with_quotes(run)
    addresses = iter(kept)
    return [_with_addresses(run[start:end], addresses) for start, end in pairwise(edges)]


def _replaced(pattern: re.Pattern[str], replacement: Replacement, run: str, edges: list[int]) -> str:
    """`pattern.sub`, which also moves the edges of the pieces along and leaves matches that lie across one."""
    if len(edges) == 2:
        run = pattern.sub(replacement, run)
        edges[1] = len(run)
        return run
    parts: list[str] = []
    done = moved = edge = 0
    for found in pattern.finditer(run):
        start, end = found.span()
        while edges[edge] <= start and edge < len(edges) - 1:
            edges[edge] += moved
            edge += 1
        if edges[edge] < end:
            continue
        new = replacement if isinstance(replacement, str) else replacement(found)
        parts += run[done:start], new
        done = end
        moved += len(new) - (end - start)
    for rest in range(edge, len(edges)):
        edges[rest] += moved
    return "".join(parts) + run[done:]


# An address begins after a space, a mark or a bracket and ends before the punctuation of its sentence. The lookbehind
# keeps it linear: it is tried once in a word, at its beginning. An apostrophe may stand within one (o'brien@host), a
# curly mark may not, or marks set around it would make it longer.
_NO_ADDRESS = r"\s\"«»„“”‟‘’<>\ufffc"
_ADDRESS = re.compile(
    rf"""
    (?<! [^{_NO_ADDRESS}] ) (?P<before> ['(\[{{]*+ )
    [^{_NO_ADDRESS}]*? (?: :// | @ | www\.(?=\w) | [a-z0-9]\.[a-z]{{2,24}}/ )
    [^{_NO_ADDRESS}]* (?<! [.,;:!?…')\]}}] )
    | \ufffc
    """,
    re.VERBOSE | re.IGNORECASE,
)

_MAYBE_ADDRESS = re.compile(r"[/@\ufffc]|www\.", re.IGNORECASE)


def _without_addresses(text: str, kept: list[str]) -> str:
    """The text with OPAQUE for each address; the addresses go into `kept`, and so does every OPAQUE it had itself."""
    if not _MAYBE_ADDRESS.search(text):
        return text

    def keep(found: re.Match[str]) -> str:
        before = found["before"] or ""
        kept.append(found.group()[len(before) :])
        return before + OPAQUE

    return _ADDRESS.sub(keep, text)


def _with_addresses(text: str, addresses: Iterator[str]) -> str:
    return re.sub(OPAQUE, lambda _: next(addresses), text) if OPAQUE in text else text


# ---------------------------------------------------------------------------------------------------------------------
# Rules. A pattern that starts with a plain space or inserts between two characters is the cheap and safe kind: it
# cannot lie across the edge of two pieces. {B} is a blank: a space or a no-break one; {L} a letter; {W} the
# beginning of a word, where a space may still be missing after a number.
# ---------------------------------------------------------------------------------------------------------------------

B = "[ \u00a0]"
L = r"[^\W\d_]"
W = r"(?<![^\W\d_IVX])"

_BLANKS: Rule = (re.compile(r"[ \t]{2,}|\t"), " ")

_ELLIPSIS: Rule = (re.compile(r"(?<![.…])\.{3}(?![.…])"), "…")
_TWO_DOTS: Rule = (re.compile(r"(?<=[?!])…(?![.…])"), "..")  # Russian lets ? and ! stand for the first dot

# `C++-API` has no ±, and an arrow or a comparison is one only between blanks.
_PLUS_MINUS: Rule = (re.compile(rf"(?<![+-])\+/?-(?![-+>]|{L})"), "±")
_ALONE = {"->": "→", "<-": "←", "!=": "≠", "<=": "≤", ">=": "≥"}
_SIGNS: Rule = (re.compile(rf"(?<!\S)(?:{'|'.join(_ALONE)})(?!\S)"), lambda found: _ALONE[found.group()])
_MINUS: Rule = (re.compile(r"(?<![^\s(\[])(?<!\d\s)-(?=\d+(?:[.,]\d+)?(?![\w-]))"), "−")

# Between two numbers a spaced hyphen is a minus or a range: an en dash is right for both. Three and more numbers are a
# telephone's or a date's.
_NUMBERS_DASH = re.compile(rf"(?<=\d){B}+[-–](?={B}+\d)")
_NUMBERS: Rule = (
    re.compile(rf"(?<!\d)\d+(?:{B}+[-–]{B}+\d+)+"),
    lambda found: _NUMBERS_DASH.sub(NBSP + "–", found.group()) if _is_pair(found.group()) else found.group(),
)


def _is_pair(numbers: str) -> bool:
    return len(_NUMBERS_DASH.findall(numbers)) == 1


# Any other spaced dash holds on to the word before it. `(?<=\S)` keeps it linear: one try for a run of blanks.
_AFTER_WORD = rf"(?<=\S)(?!(?<=\d){B}+[-–]{B}+\d){B}+"
_LINE_START = rf"(?:(?m:^)|(?<=\A[{QUOTES}(])|(?<=\n[{QUOTES}(]))"
_RU_DASH: Rule = (re.compile(rf"{_AFTER_WORD}(?:-{{1,3}}|[–—])(?=\s)"), NBSP + "—")
_RU_SPEECH: Rule = (re.compile(rf"{_LINE_START}(?:-{{1,3}}|[–—]){B}+(?=\S)"), "—" + NBSP)
# In English a spaced en dash is a style of its own, and a hyphen at the start of a line is a list's.
_EN_DASH: Rule = (re.compile(rf"{_AFTER_WORD}(?:-{{1,3}}|—)(?=\s)"), NBSP + "—")
_EN_SHORT_DASH: Rule = (re.compile(rf"{_AFTER_WORD}–(?=\s)"), NBSP + "–")
_EN_SPEECH: Rule = (re.compile(rf"{_LINE_START}(?:-{{2,3}}|—){B}+(?=\S)"), "—" + NBSP)
# Not after a quotation mark: "--verbose" is an option. Not after `<!`: a comment of HTML.
_JOINED_DASH: Rule = (
    re.compile(rf"(?:(?<={L})|(?<=[.,!?…)]))(?<!<!)-{{2,3}}(?={L}|[{QUOTES}(…])"),
    "—",
)


# Ranges. What stands next to the numbers tells a range from a telephone, a date, a version, an ISBN or 3-й.
_NUMBER = r"\d{1,2}:\d\d|\d{1,7}(?:[.,]\d{1,2})?"
_RANGE_PATTERN = rf"""
    (?<! [\w.,:/\\+#№@=*^%~–—−‑-] ) (?<! [\d)№#]{B} )
    ({_NUMBER}) - ({_NUMBER})
    (?! [\w:/\\+=*^~–—‑] | [.,]\d | {B}?\d ) (-[а-яё]{{1,3}}\b)? (?!-)
"""
_NO_RANGE_AFTER = re.compile(rf"(?:тел|телефон|факс|ф|арт|код|isbn|tel|phone|fax|code)[.:]{{0,2}}{B}?$", re.IGNORECASE)


def _range(found: re.Match[str]) -> str:
    first, last, ending = found.group(1), found.group(2), found.group(3) or ""
    before = found.string[max(0, found.start() - 12) : found.start()]
    if _NO_RANGE_AFTER.search(before) or not _ascends(first, last, is_decade=bool(ending)):
        return found.group()
    return f"{first}–{last}{ending}"


def _ascends(first: str, last: str, *, is_decade: bool) -> bool:
    """Whether two numbers make a range: from less to more, not padded with zeros as codes are, not 555-1234."""
    if ":" in first or ":" in last:
        return ":" in first and ":" in last
    if re.match(r"0\d", first) or re.match(r"0\d", last):
        return False
    if is_decade and len(first) == 4 and len(last) == 2:
        first = first[2:]  # 1980-90-е
    if max(len(first), len(last)) > 4 or (len(first), len(last)) == (3, 4):
        return first.endswith("0") and last.endswith("0") and float(first) < float(last)
    return float(first.replace(",", ".")) < float(last.replace(",", "."))


_RANGE: Rule = (re.compile(_RANGE_PATTERN.replace("[ \u00a0]", r"[\ \u00a0]"), re.VERBOSE), _range)


def _days(names: str) -> Rule:
    return re.compile(rf"\b(?:{names})-(?=(?:{names})\b)", re.IGNORECASE), lambda found: found.group()[:-1] + "–"


_RU_DAYS = _days("понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|пн|вт|ср|чт|пт|сб|вс")
_EN_DAYS = _days("(?:mon|tues|wednes|thurs|fri|satur|sun)day|mon|tue|wed|thu|fri|sat|sun")

_CENTURIES: Rule = (re.compile(rf"(?<=[IVX])-(?=[IVX]{{1,5}}{B}?(?:вв?\.|век))"), "–")

_APOSTROPHE: Rule = (re.compile(rf"(?<=[\w{OPAQUE}])'(?={L})"), "’")

# Missing spaces that typography asks for: №5, т.е., А.С.Пушкин, г.Омск, 10руб.
_SIGN_APART = r"(?<=[№§¶])(?=[\dIVXLC])"
_RU_APART: Rule = (
    re.compile(
        "|".join(
            (
                _SIGN_APART,
                r"(?<=\bP\.)(?=[PS]\.)",
                *(rf"(?<={W}[а-яё]{{{length}}}\.)(?=[а-яё]{{1,3}}\.)" for length in (1, 2, 3)),
                rf"(?<={W}[А-ЯЁ]\.)(?=(?:[А-ЯЁ]\.{B}?){{0,3}}[А-ЯЁ][а-яё])",
                rf"(?<=[а-яё]{B}[А-ЯЁ]\.)(?=[А-ЯЁ]\.)",
                rf"(?<={W}[гдпст]\.)(?=[А-ЯЁ\d])",
                rf"(?<={W}(?i:ул|им|см|пр|кв|гл)\.)(?=[А-ЯЁа-яё\d])",
                rf"(?<={W}(?i:стр|рис|илл|наб|пер)\.)(?=[А-ЯЁ\d])",
                r"(?<=\d)(?=(?:руб|коп|тыс|г)\.|(?:млн|млрд|трлн|кг|км|см|мм|м|мин|dpi|lpi)\b|[₽€])",
                r"(?<=[IVX])(?=вв?\.)",
            )
        )
    ),
    NBSP,
)
_EN_APART: Rule = (re.compile(_SIGN_APART), NBSP)

# Spaces at which a line must not break. Each pattern is one reason, looking back and ahead from behind the space.
_CLOSERS = rf"[{QUOTES})\]]*"
_WORD_START = r"[^\w'’‘\-‑\u0300-\u036f]"  # what may stand before a word; stress marks stand in the middle of one
_NOT_COUNTED = "и|или|а|но|да|в|на|по|до|от|из|с|к|у|о|не|and|or|but|to|in|of|on|at|by|for|from|as|is|was|are|were"
_GLUED_ANYWHERE = (
    # A number holds on to what it counts: 5 кг, 20 %, 2 years; but not: 2 or 3.
    rf"(?<=\d )(?<!{L}\d )(?!(?i:{_NOT_COUNTED})\b)(?={L}|[%‰₽$€£¥°])",
    *(rf"(?<=\b\d{{{length}}} )(?=\d{{3}}(?!\d))" for length in (1, 2, 3)),  # 1 000 000
    r"(?<=[№§¶] )",
    rf"(?<={W}[А-ЯЁA-Z]\. )(?<!P\.{B}S\. )(?=[А-ЯЁA-Z])",  # А. С. Пушкин, P. S.
    rf"(?<=[а-яёa-z] )(?=[А-ЯЁA-Z]\.{B}?[А-ЯЁA-Z]\.)",  # Пушкин А. С.
    # A short last word does not stand alone in the last line.
    rf"(?<=[\w,;:){QUOTES}] )(?=(?:{L}{{1,3}}|\d{{1,2}})[.!?…]*{_CLOSERS}\Z)",
)


def _glue(*reasons: str) -> Rule:
    return re.compile(rf" (?=\S)(?:{'|'.join(reasons)})"), NBSP


_RU_GLUE = _glue(
    *_GLUED_ANYWHERE,
    # Words of one and two letters hold on to the next; particles and units hold on to what is before them.
    rf"(?<!\b[бБжЖ] )(?<!\b(?:бы|же|ли|ль|Бы|Же|Ли|Ль|БЫ|ЖЕ|ЛИ|ЛЬ) )(?<!\d\s{L} )(?<!\d\s{L}{L} )"
    rf"(?:(?<=\A{L} )|(?<={_WORD_START}{L} )|(?<=\A{L}{L} )|(?<={_WORD_START}{L}{L} ))",
    rf"(?<=[\w){QUOTES}] )(?=(?i:бы|б|же|ж|ли|ль)(?![\w-]))",
    r"(?<=[а-яё]\. )(?=[а-яё]{1,3}\.(?!\w))",  # т. д., до н. э.
    rf"(?<!\d{B}г\. )(?<!т\.{B}[дп]\. )(?<={W}[гдпст]\. )",  # г. Омск, but not: в 2026 г. Потом; и т. д. Потом
    rf"(?<!\d{B}см\. )(?<={W}(?i:ул|им|см|пр|кв|гл)\. )",
    rf"(?<={W}(?i:стр|рис|илл|наб|пер)\. )",
    rf"(?<={W}(?i:проф|акад|табл)\. )",
    rf"(?<={W}(?i:дом) )(?=\d)",
    rf"(?<={W}(?:ООО|ОАО|ЗАО|ПАО|НКО) )(?=[{QUOTES}])",
)
# English lines break after short words freely; only articles and I look lost at the end of one.
_EN_GLUE = _glue(
    *_GLUED_ANYWHERE,
    rf"(?:(?<=\A[aAIO] )|(?<={_WORD_START}[aAIO] )|(?<=\A[aA]n )|(?<={_WORD_START}[aA]n ))",
    rf"(?<={W}(?:Mr|Ms|Dr|St)\. )",
    rf"(?<={W}Mrs\. )",
    rf"(?<={W}Prof\. )",
    r"(?:(?<=\bp\. )|(?<=\b(?:No|pp|ch|Ch)\. )|(?<=\b(?:vol|Vol|fig|Fig)\. ))(?=\d)",
)

# The order: spaces first, because the others look at them; no-break spaces last, because nobody does.
_RU_RULES: tuple[Rule, ...] = (
    *(_BLANKS, _RU_APART, _ELLIPSIS, _TWO_DOTS, _PLUS_MINUS, _SIGNS, _MINUS),
    *(_RU_SPEECH, _NUMBERS, _RU_DASH, _JOINED_DASH, _RANGE, _CENTURIES, _RU_DAYS, _APOSTROPHE, _RU_GLUE),
)
_EN_RULES: tuple[Rule, ...] = (
    *(_BLANKS, _EN_APART, _ELLIPSIS, _PLUS_MINUS, _SIGNS, _MINUS),
    *(_EN_SPEECH, _NUMBERS, _EN_DASH, _EN_SHORT_DASH, _JOINED_DASH, _RANGE, _EN_DAYS, _EN_GLUE),
)


# ---------------------------------------------------------------------------------------------------------------------
# Quotation marks. What stands around a mark says whether it opens or closes; only then does the sign typed count.
# ---------------------------------------------------------------------------------------------------------------------


class _Side(Enum):
    OPENS = "opens"
    CLOSES = "closes"
    NEITHER = "neither"


class _Mark(NamedTuple):
    at: int
    sign: str
    side: _Side
    after_digit: bool


_BEFORE_OPENING = "([{<«¿¡"
_AFTER_CLOSING = ",;:!?)]}>»%"
_DASHES = "-‐‑–—−/"


def _side(before: str, after: str) -> _Side:
    """Whether marks between these two characters ("" at an end of the text) open what follows or close what was."""
    is_free_before, is_free_after = not before or before.isspace(), not after or after.isspace()
    if is_free_before or is_free_after:
        if is_free_before and is_free_after:
            return _Side.NEITHER
        return _Side.OPENS if is_free_before else _Side.CLOSES
    if before in _BEFORE_OPENING:
        return _Side.NEITHER if after in _AFTER_CLOSING else _Side.OPENS
    if after in _AFTER_CLOSING or after in ".…":
        return _Side.CLOSES
    if before in _DASHES or after in _DASHES:
        both = before in _DASHES and after in _DASHES
        return _Side.NEITHER if both else _Side.OPENS if before in _DASHES else _Side.CLOSES
    if before in ",;:":
        return _Side.OPENS
    return _Side.CLOSES if before in ".!?…)]" else _Side.NEITHER


_RU_MARKS = re.compile('["«»„“”‟]+')
_EN_MARKS = re.compile("[\"“”„‟'‘’]+")
_RU_HINTS = {"«": _Side.OPENS, "„": _Side.OPENS, "»": _Side.CLOSES, "“": _Side.CLOSES}
_EN_HINTS: dict[str, _Side] = {}  # between letters an English mark may be an apostrophe, so it tells nothing


def _marks(pattern: re.Pattern[str], hints: dict[str, _Side], text: str) -> list[_Mark]:
    """The marks of a text. hints: the side of a sign that the characters around it leave open."""
    marks = []
    for found in pattern.finditer(text):
        start, end = found.span()
        before = text[start - 1 : start]
        side = _side(before, text[end : end + 1])
        for at in range(start, end):
            sign_side = hints.get(text[at], side) if side is _Side.NEITHER else side
            marks.append(_Mark(at, text[at], sign_side, at == start and before.isdecimal()))
    return marks


def _closers_ahead(marks: Sequence[_Mark]) -> list[int]:
    """For each mark, how many marks that surely close come after it before the next one that opens."""
    counts, ahead = [], 0
    for mark in reversed(marks):
        counts.append(ahead)
        if mark.side is _Side.OPENS:
            ahead = 0
        elif mark.side is _Side.CLOSES and not mark.after_digit:
            ahead += 1
    return counts[::-1]


def _is_inches(mark: _Mark, closers_ahead: int, depth: int) -> bool:
    """Whether a straight mark after a digit is a prime: 5" stays, when the open quotations are closed without it."""
    return mark.sign == '"' and mark.after_digit and closers_ahead >= depth


def _with_ru_quotes(text: str) -> str:
    """«…» outside, „…“ inside, and so on in turn."""
    marks = _marks(_RU_MARKS, _RU_HINTS, text)
    if not marks:
        return text
    signs, depth = list(text), 0
    for mark, closers_ahead in zip(marks, _closers_ahead(marks), strict=True):
        if mark.side is _Side.OPENS:
            signs[mark.at] = "«„"[depth % 2]
            depth += 1
        elif mark.side is _Side.CLOSES and not _is_inches(mark, closers_ahead, depth):
            depth = max(depth - 1, 0)
            signs[mark.at] = "»“"[depth % 2]
    return "".join(signs)


class _Open(NamedTuple):
    """A quotation that is open: how it looks and how it was typed."""

    is_double: bool
    was_double: bool


class _EnglishQuotes:
    """“…” outside, ‘…’ inside a double one; a single mark stays single and may be an apostrophe.

    Setting twice must walk through the same states, and the second walk sees only what the first one wrote. So a mark
    is set by what is open and by how that looks; how it was typed decides only which sign is written.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.signs = list(text)
        self.marks = _marks(_EN_MARKS, _EN_HINTS, text)
        self.open: list[_Open] = []
        self.open_doubles = 0
        self.last_single_closer = max(
            (mark.at for mark in self.marks if mark.sign in "'’" and mark.side is _Side.CLOSES), default=-1
        )

    def set(self) -> str:
        for mark, closers_ahead in zip(self.marks, _closers_ahead(self.marks), strict=True):
            if mark.sign in "'‘’":
                self._set_single(mark)
            elif mark.side is _Side.OPENS:
                self._open(mark, is_double=not (self.open and self.open[-1].is_double), was_double=True)
            elif mark.side is _Side.CLOSES and not _is_inches(mark, closers_ahead, len(self.open)):
                self._close_double(mark)
        return "".join(self.signs)

    def _set_single(self, mark: _Mark) -> None:
        if mark.side is _Side.CLOSES:
            self._close_single(mark)
        elif mark.side is _Side.OPENS and (mark.sign == "‘" or (mark.sign == "'" and not self._is_elision(mark))):
            self._open(mark, is_double=False, was_double=False)
        elif mark.sign == "'" and (mark.side is _Side.OPENS or _WITHIN_WORD.match(self.text, mark.at)):
            self.signs[mark.at] = "’"

    def _is_elision(self, mark: _Mark) -> bool:
        return self.last_single_closer < mark.at or bool(_ELISION.match(self.text, mark.at + 1))

    def _open(self, mark: _Mark, *, is_double: bool, was_double: bool) -> None:
        self.open.append(_Open(is_double, was_double))
        self.open_doubles += is_double
        self.signs[mark.at] = "“" if is_double else "‘"

    def _close_single(self, mark: _Mark) -> None:
        if self.open and not self.open[-1].is_double:
            self.open.pop()
        elif mark.sign == "'" and mark.after_digit:
            return  # feet
        self.signs[mark.at] = "’"

    def _close_double(self, mark: _Mark) -> None:
        """Closes the inner quotation typed with double marks, or the nearest that looks double and all within it."""
        if self.open and self.open[-1].was_double and not self.open[-1].is_double:
            self.open.pop()
            self.signs[mark.at] = "’"
            return
        self.signs[mark.at] = "”"
        while self.open_doubles and not self.open.pop().is_double:
            pass
        self.open_doubles = max(self.open_doubles - 1, 0)


_WITHIN_WORD = re.compile(rf"(?<=[\w{OPAQUE}])'(?={L})")
_ELISION = re.compile(r"\d\ds\b|(?:tis|twas|em|til|n)\b", re.IGNORECASE)  # '90s, 'tis, rock 'n' roll


def _with_en_quotes(text: str) -> str:
    return _EnglishQuotes(text).set() if _EN_MARKS.search(text) else text


_MANNERS = {"ru": _Manner(_RU_RULES, _with_ru_quotes), "en": _Manner(_EN_RULES, _with_en_quotes)}
