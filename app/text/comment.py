"""A reader's text -> safe HTML: paragraphs, `>` quotes, links. Nothing else has a meaning in it.

A small language of our own, because its whole surface fits on this page (Markdown's does not).
"""

import re
from collections.abc import Iterator
from html import escape
from itertools import groupby
from urllib.parse import urlsplit

from .languages import alphabet_of, foreign
from .sanitise import COMMENT_TAGS, safe_html

DEEPEST_QUOTE = 4
"""Quotes nested deeper are printed at this depth."""

# An address ends before the punctuation of the sentence it stands in; a closing bracket belongs to it only when the
# address itself opened one, as in https://en.wikipedia.org/wiki/Friday_(novel).
_ADDRESS = re.compile(r"\bhttps?://[^\s<>\"«»“”]+", re.IGNORECASE)
_TAIL = ".,:;!?'’…"
_QUOTED = re.compile(r"^\s{0,3}>\s?")


def render(source: str) -> str:
    """The HTML of a comment or a question; the same text always gives the same HTML.

    source: what a person typed, with any line ends. Returns `<p>`, `<br>`, `<blockquote>` and `<a>` only.
    """
    lines = source.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")
    own = alphabet_of("\n".join(line for line in lines if not is_quoted(line)))
    return safe_html(_blocks(lines, depth=0, around=own), COMMENT_TAGS)


def addresses(source: str) -> list[str]:
    """The addresses that a text leads to, as its HTML has them."""
    return [address for _, address in _addresses(source)]


def is_quoted(line: str) -> bool:
    """Is this line of a source a quoted one."""
    return bool(_QUOTED.match(line))


def _blocks(lines: list[str], depth: int, around: str | None) -> str:
    html = []
    for quoted, group in groupby(lines, key=is_quoted):
        if not quoted:
            html.append(_paragraphs(list(group)))
            continue
        inner = [_QUOTED.sub("", line) for line in group]
        if depth < DEEPEST_QUOTE:
            code = foreign("\n".join(inner), around)
            mark = "" if code is None else f' lang="{code}"'
            html.append(f"<blockquote{mark}>{_blocks(inner, depth + 1, around if code is None else code)}</blockquote>")
        else:
            html.append(_paragraphs([line.lstrip("> ") for line in inner]))
    return "".join(html)


def _paragraphs(lines: list[str]) -> str:
    return "".join(
        f"<p>{'<br>'.join(_linked(line.strip()) for line in group)}</p>"
        for filled, group in groupby(lines, key=lambda line: bool(line.strip()))
        if filled
    )


def _linked(line: str) -> str:
    html, end = [], 0
    for start, address in _addresses(line):
        html.append(escape(line[end:start]))
        html.append(f'<a href="{escape(address)}" rel="nofollow ugc">{escape(address)}</a>')
        end = start + len(address)
    return "".join(html) + escape(line[end:])


def _addresses(line: str) -> Iterator[tuple[int, str]]:
    for found in _ADDRESS.finditer(line):
        address = _without_tail(found.group())
        if _leads_somewhere(address):
            yield found.start(), address


def _without_tail(address: str) -> str:
    address = address.rstrip(_TAIL)
    while address.endswith(")") and address.count("(") < address.count(")"):
        address = address[:-1].rstrip(_TAIL)
    return address


def _leads_somewhere(address: str) -> bool:
    try:
        return bool(urlsplit(address).hostname)
    except ValueError:  # brackets that hold no IPv6 address, and the like: text, not an address
        return False
