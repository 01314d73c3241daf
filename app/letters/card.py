"""The picture that stands for a letter where its address is passed on: its title, set in the site's look. Pure."""

import unicodedata
from dataclasses import astuple, dataclass
from functools import lru_cache
from hashlib import blake2b
from importlib.resources import files
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1200, 630
"""What Open Graph and Twitter ask for (1.91 to 1)."""
LOOK = 1
"""Raised with every change below, so that pictures kept in the old look are drawn anew."""

# As in static/css/tokens.css, by day.
PAPER, INK, SOFT, LINE, ACCENT = "#fffdf9", "#211d19", "#655d54", "#ddd4c6", "#a5341f"
MARGIN = 88
TOP, BOTTOM = 158, 498
"""The title stands between these."""
LARGEST, SMALLEST = 92, 40
"""Pixels of the title's letters."""
LEGIBLE = 52
"""Smaller letters say nothing in a feed on a telephone, where the picture is about 350 pixels wide."""
LEADING = 1.16
ELLIPSIS = "…"


@dataclass(frozen=True)
class Card:
    """What a picture says."""

    title: str
    column: str
    left: str = ""
    """At its foot: who asked."""
    right: str = ""
    """And when."""

    @property
    def mark(self) -> str:
        """Changes when the picture does."""
        return blake2b(repr((LOOK, astuple(self))).encode(), digest_size=12).hexdigest()


def draw(card: Card) -> bytes:
    """The picture as PNG, 1200 by 630 pixels."""
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 14, HEIGHT), fill=ACCENT)
    pen.rounded_rectangle((MARGIN, 70, MARGIN + 22, 92), radius=4, fill=ACCENT)
    pen.text((MARGIN + 40, 81), _cut(card.column, _font(30, bold=True), WIDTH - 2 * MARGIN - 40), SOFT,
             _font(30, bold=True), anchor="lm")  # fmt: skip
    font, lines = _set(_readable(card.title) or card.column)
    leading = round(font.size * LEADING)
    y = TOP + (BOTTOM - TOP - leading * len(lines)) // 2 - leading // 14
    for line in lines:
        pen.text((MARGIN, y), line, INK, font, anchor="la")
        y += leading
    pen.line((MARGIN, 524, WIDTH - MARGIN, 524), fill=LINE, width=2)
    right, left = _font(30), _font(32, bold=True)
    said = _readable(card.right)
    pen.text((WIDTH - MARGIN, 562), said, SOFT, right, anchor="rm")
    room = WIDTH - 2 * MARGIN - right.getlength(said) - 40
    pen.text((MARGIN, 562), _cut(_readable(card.left), left, room), INK, left, anchor="lm")
    out = BytesIO()
    image.quantize(48, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def fits(title: str) -> bool:
    """Does the picture have room for the whole title, in letters that can be read where it is shown small."""
    said = _readable(title)
    if not said:
        return True
    font, lines = _set(said)
    return font.size >= LEGIBLE and "".join(lines).replace(" ", "") == said.replace(" ", "")


@lru_cache
def _font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    # Source Serif (SIL OFL 1.1), with Cyrillic; the package holds the files and their licence.
    name = "SourceSerifPro-Semibold.ttf" if bold else "SourceSerifPro-Regular.ttf"
    return ImageFont.truetype(BytesIO((files("font_source_serif_pro") / "files" / name).read_bytes()), size)


def _set(text: str) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    """The largest letters in which the title fits, and its lines, about equally long."""
    room = WIDTH - 2 * MARGIN
    for size in range(LARGEST, SMALLEST - 1, -4):
        font = _font(size, bold=True)
        most = (BOTTOM - TOP) // round(size * LEADING)
        words = text.split(" ")
        if max(map(font.getlength, words)) > room and size > SMALLEST:
            continue
        lines = _lines(text, font, room)
        if len(lines) <= most:
            return font, _balanced(text, font, lines, room)
    lines = lines[:most]
    return font, [*lines[:-1], _cut(f"{lines[-1]} {ELLIPSIS}", font, room)]


def _lines(text: str, font: ImageFont.FreeTypeFont, room: float) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        if font.getlength(f"{line} {word}".strip(" ")) <= room:
            line = f"{line} {word}".strip(" ")
            continue
        if line:
            lines.append(line)
        while font.getlength(word) > room:
            fits = next(n for n in range(len(word) - 1, 0, -1) if font.getlength(word[:n]) <= room)
            lines.append(word[:fits])
            word = word[fits:]
        line = word
    return [*lines, line]


def _balanced(text: str, font: ImageFont.FreeTypeFont, lines: list[str], room: float) -> list[str]:
    """The same number of lines in the narrowest column that holds them."""
    narrow, wide = 0.0, room
    longest_word = max(map(font.getlength, text.split(" ")))
    if longest_word > room:
        return lines
    while wide - narrow > 4:
        middle = (narrow + wide) / 2
        if middle >= longest_word and len(_lines(text, font, middle)) <= len(lines):
            wide = middle
        else:
            narrow = middle
    return _lines(text, font, wide)


def _cut(text: str, font: ImageFont.FreeTypeFont, room: float) -> str:
    text = _readable(text)
    if font.getlength(text) <= room:
        return text
    text = text.removesuffix(f" {ELLIPSIS}")
    while text and font.getlength(text + ELLIPSIS) > room:
        text = text[:-1]
    return text.rstrip() + ELLIPSIS


def _readable(text: str) -> str:
    """What the font can draw: an emoji or a letter of another script is left out rather than drawn as a box."""
    kept = "".join(c for c in unicodedata.normalize("NFC", text) if c == " " or _drawn(c))
    return " ".join(kept.split(" ")).strip(" ")


@lru_cache(maxsize=4096)
def _drawn(character: str) -> bool:
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn"):
        return False
    font = _font(LARGEST)
    return character == "\u00a0" or bytes(font.getmask(character)) != bytes(font.getmask("\uffff"))
