"""The site's own pictures in a text: their addresses, and the HTML that loads the one that fits. Pure.

An address says how large its picture is, so that a text becomes HTML without asking anybody:
`/media/<key>/1800x1200.jpg` is the largest; beside it are narrower ones, and each of them in AVIF and WebP, too
(pictures/making.py). So the source of a letter, `![words](/media/…)`, is plain Markdown.
"""

import re
from collections.abc import Iterator
from html import escape

WIDTHS = (600, 1200, 1800)
"""The column of text is at most 594 pixels wide (tokens.css, --measure), on screens with one, two and three dots each.
Old texts are rendered again with these, so other numbers would ask for files that nobody made."""
HIGHEST = 16_000
"""WebP ends at 16,383."""
SIZES = "(min-width: 640px) 594px, calc(100vw - 38px)"
"""How wide the column is, as base.css has it."""
KINDS = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg"}
"""Each kind of file with its media type, the smallest first."""

OF_ICONS = {"png": "image/png"}
"""The column's own picture keeps what is transparent in it."""

_KEY = "[a-z2-7]{26}"
_FILE = "[1-9][0-9]{0,3}x[1-9][0-9]{0,4}"
NAME = re.compile(rf"({_KEY})/({_FILE})\.({'|'.join(KINDS | OF_ICONS)})")
"""A picture's file in the folder of media."""
ADDRESS = re.compile(rf"/media/({_KEY})/([1-9][0-9]{{0,3}})x([1-9][0-9]{{0,4}})\.jpg")
SRCSET = re.compile(rf"/media/{_KEY}/{_FILE}\.\w+ \d+w(, /media/{_KEY}/{_FILE}\.\w+ \d+w){{0,{len(WIDTHS) - 1}}}")
_MARKS = re.compile(r"[\\\[\]*`<]")
"""What would be markup among the words of a picture (static/js/pictures.js does the same)."""
_MENTION = re.compile(rf"/media/({_KEY})/")


def largest(width: int, height: int) -> tuple[int, int]:
    """The size in which a picture of this size is kept: its own, or less."""
    share = min(1, WIDTHS[-1] / width, HIGHEST / height)
    return max(1, round(width * share)), max(1, round(height * share))


def ladder(width: int, height: int) -> list[tuple[int, int]]:
    """The sizes of a picture that is kept in this one, the narrowest first."""
    return [*((one, max(1, round(height * one / width))) for one in WIDTHS if one < width), (width, height)]


def address(key: str, width: int, height: int) -> str:
    """Where a picture of this size is on the site."""
    return f"/media/{key}/{width}x{height}.jpg"


def icon_address(key: str, side: int = 64) -> str:
    """Where the column's own picture is on the site, as a square with this side (pictures/making.py)."""
    return f"/media/{key}/{side}x{side}.png"


def size(address: str) -> tuple[int, int] | None:
    """(width, height) of one of our pictures; None for what is none."""
    found = ADDRESS.fullmatch(address)
    return (int(found[2]), int(found[3])) if found else None


def mentioned(text: str) -> Iterator[str]:
    """The keys of the pictures that a source or its HTML names."""
    return (found[1] for found in _MENTION.finditer(text))


def markdown(address: str, words: str) -> str:
    """A picture as a text has it."""
    return f"![{_MARKS.sub(_escaped, ' '.join(words.split()))}]({address})"


def _escaped(mark: re.Match[str]) -> str:
    return f"\\{mark[0]}"


def html(address: str, words: str, sizes: str = SIZES) -> str:
    """One of our pictures, with room kept for it before it comes. words: what it says to those who do not see it."""
    found = ADDRESS.fullmatch(address)
    assert found, address
    key, width, height = found[1], int(found[2]), int(found[3])
    sets = {
        kind: ", ".join(f"/media/{key}/{w}x{h}.{kind} {w}w" for w, h in ladder(width, height)[-len(WIDTHS) :])
        for kind in KINDS
    }
    *others, (plain, _) = KINDS.items()
    sources = "".join(f'<source type="{KINDS[one]}" srcset="{sets[one]}" sizes="{sizes}">' for one, _ in others)
    return (
        f'<picture>{sources}<img src="{address}" srcset="{sets[plain]}" sizes="{sizes}" alt="{escape(words)}" '
        f'width="{width}" height="{height}" loading="lazy" decoding="async"></picture>'
    )
