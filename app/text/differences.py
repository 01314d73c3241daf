"""What changed from one text to another, word by word. Pure."""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal, NamedTuple

Kind = Literal["same", "gone", "new", "far"]

MOST_COMPARED = 4_000_000
"""Words of one passage times words of the other: beyond, the passage is shown as replaced, and time stays bounded."""
FEW_KEPT = 0.25
"""A passage of which a smaller share of words stayed reads better as replaced than as confetti."""

LEAST_FOLDED = 2
"""Paragraphs in a row that are worth folding."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_WORD = re.compile(r"\w+|\s+|[^\w\s]")
_TELLING = re.compile(r"\w")
_BETWEEN = re.compile(r"(\n\s*\n)")
"""Between two paragraphs."""


class Piece(NamedTuple):
    """A passage that stayed, went or came; `folded` calls one that stayed and is far from every change "far"."""

    kind: Kind
    text: str

    @property
    def number(self) -> int:
        """How many paragraphs it has."""
        return sum(1 for one in _BETWEEN.split(self.text) if one.strip())


def differences(old: str, new: str) -> list[Piece]:
    """The passages of both texts in their order.

    What is "same" or "gone" is the old text, what is "same" or "new" is the new one. Lines are compared first, and the
    words of those that changed.
    """
    old_lines, new_lines = _LINE.findall(old), _LINE.findall(new)
    pieces: list[Piece] = []
    for tag, a, b, c, d in SequenceMatcher(None, old_lines, new_lines, autojunk=False).get_opcodes():
        before, after = "".join(old_lines[a:b]), "".join(new_lines[c:d])
        pieces += [Piece("same", before)] if tag == "equal" else _by_words(before, after)
    return _joined(pieces)


def folded(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces, with what is far from every change apart: a paragraph on each side of it stays."""
    found: list[Piece] = []
    for n, piece in enumerate(pieces):
        if piece.kind != "same":
            found.append(piece)
            continue
        paragraphs = _paragraphs(piece.text)
        before = pieces[n - 1].text if n > 0 else ""
        begin = _near(paragraphs, is_inside=not (before.endswith("\n") or piece.text.startswith("\n"))) if n > 0 else 0
        end = len(paragraphs)
        if n < len(pieces) - 1:
            end -= _near(paragraphs[::-1], is_inside=not piece.text.endswith("\n"))
        end = max(begin, end)
        far = Piece("far", "".join(paragraphs[begin:end]))
        if far.number < LEAST_FOLDED:
            found.append(piece)
            continue
        around = Piece("same", "".join(paragraphs[:begin])), far, Piece("same", "".join(paragraphs[end:]))
        found += [one for one in around if one.text]
    return found


def _near(paragraphs: Sequence[str], *, is_inside: bool) -> int:
    """How many stay beside a change: the first that is whole, and what is before it. is_inside: the first is a part."""
    whole = (n for n, one in enumerate(paragraphs) if one.strip() and n >= is_inside)
    return next(whole, len(paragraphs) - 1) + 1


def _paragraphs(text: str) -> list[str]:
    """Each with the empty lines behind it; the first and the last may be parts of one, even nothing of it."""
    parts = [*_BETWEEN.split(text), ""]
    return [paragraph + between for paragraph, between in zip(parts[::2], parts[1::2], strict=True)]


def _by_words(before: str, after: str) -> list[Piece]:
    whole = [Piece("gone", before), Piece("new", after)]
    old, new = _WORD.findall(before), _WORD.findall(after)
    if not old or not new or len(old) * len(new) > MOST_COMPARED:
        return whole
    pieces: list[Piece] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(old[a:b])))
        else:
            pieces += [Piece("gone", "".join(old[a:b])), Piece("new", "".join(new[c:d]))]
    kept = sum(len(_TELLING.findall(piece.text)) for piece in pieces if piece.kind == "same")
    told = max(len(_TELLING.findall(before)), len(_TELLING.findall(after)))
    return whole if kept < told * FEW_KEPT else pieces


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Neighbours of a kind become one; where nothing but a space or a mark stayed between two changes, they do too."""
    joined: list[Piece] = []
    for is_same, run in groupby(_without_islands(pieces), key=lambda piece: piece.kind == "same"):
        some = list(run)
        kinds: tuple[Kind, ...] = ("same",) if is_same else ("gone", "new")
        for kind in kinds:
            text = "".join(piece.text for piece in some if piece.kind == kind)
            if text:
                joined.append(Piece(kind, text))
    return joined


def _without_islands(pieces: list[Piece]) -> list[Piece]:
    told = [piece for piece in pieces if piece.text]
    flat: list[Piece] = []
    for n, piece in enumerate(told):
        between = 0 < n < len(told) - 1 and told[n - 1].kind != "same" != told[n + 1].kind
        if piece.kind == "same" and between and not _TELLING.search(piece.text) and "\n" not in piece.text:
            flat += [Piece("gone", piece.text), Piece("new", piece.text)]
        else:
            flat.append(piece)
    return flat
