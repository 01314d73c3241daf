"""Our own safe HTML for places outside our pages: with whole addresses, as plain text, as bare words. Pure."""

import re
from functools import lru_cache
from html import escape, unescape
from html.parser import HTMLParser
from urllib.parse import urljoin

_HREF = re.compile(r'href="([^"]*)"')
_PICTURE = re.compile(r"""<picture>(?:<source(?:[^>"]|"[^"]*")*>)*<img src="([^"]*)"((?:[^>"]|"[^"]*")*)></picture>""")
_OF_THE_PAGE = re.compile(r""" (?:srcset|sizes|loading|decoding)="[^"]*\"""")
_TAG = re.compile(r"""</?([a-z0-9]+)(?:[^>"]|"[^"]*")*>""")
_STRUCK = re.compile(r"<s>.*?</s>", re.DOTALL)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_GAPS = re.compile(r"[ \t\r\n]{2,}|[\t\r\n]")
_BLOCKS = frozenset("p div section blockquote pre hr ul ol li h1 h2 h3 h4 table thead tbody tr".split())


def with_whole_addresses(html: str, base: str) -> str:
    """The HTML with every link absolute, and every picture a plain one. base: where it stands.

    html: what `sanitise` or our templates made.
    """
    html = _PICTURE.sub(
        lambda found: f'<img src="{escape(_joined(base, unescape(found[1])))}"{_OF_THE_PAGE.sub("", found[2])}>', html
    )
    return _HREF.sub(lambda found: f'href="{escape(_joined(base, unescape(found[1])))}"', html)


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:  # brackets that hold no IPv6 address: it leads nowhere, here and there
        return address


def fit_for_xml(text: str) -> str:
    """The text without characters that XML 1.0 forbids; each becomes U+FFFD."""
    return _NOT_XML.sub("\ufffd", text)


@lru_cache(maxsize=2048)
def words(html: str) -> str:
    """What a reader sees of the HTML, block under block, and nothing of its shape."""
    lines = _TAG.sub(_break, html.replace("\n", " ")).split("\n")
    return "\n".join(line for line in (_one_line(unescape(line)) for line in lines) if line)


def without_struck(html: str) -> str:
    """The HTML without what its writer struck out: out of its place it would say the opposite."""
    return _STRUCK.sub("", html)


def _break(tag: re.Match[str]) -> str:
    return "\n" if tag[1] in _BLOCKS or tag[1] == "br" else " " if tag[1] in ("td", "th") else ""


def opening_words(html: str, most: int = 200) -> str:
    """The first sentences of the HTML in one line of at most `most` characters, cut between two words."""
    text = " ".join(words(html).split())
    if len(text) <= most:
        return text
    return text[: most - 1].rsplit(" ", 1)[0].rstrip(" ,;:–—-") + "…"


def plain(html: str) -> str:
    """The HTML as a plain text: quotations behind `>`, list items behind their marks, addresses behind their links.

    A picture is its words in brackets, with its address.
    """
    reader = _Plain()
    reader.feed(html)
    reader.close()
    return reader.text()


def _one_line(text: str) -> str:
    # No-break spaces are what a typographer set, so they stay.
    return _GAPS.sub(" ", text).strip(" ")


class _Plain(HTMLParser):
    """Collects blocks: (depth of quotation, mark of the first line, text, the list or table whose row it is)."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: list[tuple[int, str, str, str]] = []
        self._inline: list[str] = []
        self._depth = self._pre = self._list = 0
        self._lists: list[int | None] = []
        self._mark, self._row = "", False
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in _BLOCKS:
            self._end_block()
        if tag == "blockquote":
            self._depth += 1
        elif tag == "pre":
            self._pre += 1
        elif tag == "hr":
            self._blocks.append((self._depth, "", "* * *", ""))
        elif tag in ("ul", "ol"):
            self._list += not self._lists
            self._lists.append(int(values.get("start") or 1) if tag == "ol" else None)
        elif tag == "li" and self._lists:
            number = self._lists[-1]
            self._mark = "  " * (len(self._lists) - 1) + ("- " if number is None else f"{number}. ")
            self._lists[-1] = None if number is None else number + 1
        elif tag == "tr":
            self._row = True
        elif tag in ("td", "th"):
            self._inline.append(" | " if "".join(self._inline).strip() else "")
        elif tag == "br":
            self._inline.append("\n")
        elif tag == "s":
            self._inline.append("~~")
        elif tag == "img":
            self._inline.append(f"[{values.get('alt')}] <{values.get('src')}>".removeprefix("[] "))
        elif tag == "a":
            self._links.append((values.get("href") or "", len(self._inline)))

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._end_block()
        if tag == "blockquote":
            self._depth -= 1
        elif tag == "pre":
            self._pre -= 1
        elif tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag == "tr":
            self._row = False
        elif tag == "s":
            self._inline.append("~~")
        elif tag == "a" and self._links:
            address, start = self._links.pop()
            said = "".join(self._inline[start:])
            if address.removeprefix("mailto:") not in said:
                self._inline.append(f" <{address.removeprefix('mailto:')}>")

    def handle_data(self, data: str) -> None:
        self._inline.append(data if self._pre else re.sub(r"[ \t\r\n]+", " ", data))

    def _end_block(self) -> None:
        text = "".join(self._inline)
        lines = text.rstrip("\n").split("\n") if self._pre else [_one_line(line) for line in text.split("\n")]
        self._inline, self._links = [], []
        if any(lines):
            kind = f"list {self._list}" if self._mark else "row" if self._row else ""
            self._blocks.append((self._depth, self._mark, "\n".join(lines).strip("\n"), kind))
            self._mark = ""

    def text(self) -> str:
        self._end_block()
        lines: list[str] = []
        above: tuple[int, str] | None = None
        for depth, mark, text, kind in self._blocks:
            if above is not None and (not kind or above != (depth, kind)):
                lines.append(("> " * min(depth, above[0])).rstrip())
            for row, line in enumerate(text.split("\n")):
                lines.append(("> " * depth + (mark if row == 0 else " " * len(mark)) + line).rstrip(" "))
            above = (depth, kind)
        return "\n".join(lines)
