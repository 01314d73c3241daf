"""A WordPress export (WXR 1.0 to 1.2), read item by item, so that its size does not matter."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Never
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse
from tqdm import tqdm

from .reports import Unreadable

DEEPEST = 40
"""Elements inside one another; WordPress writes five."""

# Real exports hold control characters that somebody pasted, and XML may not: they become spaces.
_FORBIDDEN = bytes(c for c in range(32) if chr(c) not in "\t\n\r")
_LEGIBLE = bytes.maketrans(_FORBIDDEN, b" " * len(_FORBIDDEN))
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")

_WP = re.compile(r"\{https?://wordpress\.org/export/[\d.]+/$")
_VERSION = re.compile(r"1\.\d+")
_ID = re.compile(r"[0-9]{1,18}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Said:
    """One comment of the export, as WordPress kept it."""

    id: int | None
    name: str
    email: str
    html: str
    at: datetime | None
    approved: str
    kind: str


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of the export: a post, a page, an attachment, a menu entry …"""

    id: int | None
    kind: str
    status: str
    title: str
    author: str
    """The display name."""
    html: str
    address: str
    at: datetime | None
    changed_at: datetime | None
    password: str
    takes_comments: bool
    terms: tuple[tuple[str, str], ...]
    """(slug, name) of its categories and tags."""
    comments: tuple[Said, ...]


class Export:
    """A WXR file. `site` is known as soon as the first item has been read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.site = ""
        self._version = ""
        self._authors: dict[str, str] = {}

    def items(self, doing: str) -> Iterator[Item]:
        """All items in the order of the file; a terminal sees a bar named `doing`.

        Raises Unreadable when the file is not there, no XML, no export, or declares entities. Memory holds one item.
        """
        with _opened(self.path) as file, _bar(self.path, doing) as bar:
            try:
                for item in self._items(file):
                    yield item
                    bar.update(file.tell() - bar.n)
            except DefusedXmlException as error:
                raise Unreadable("It declares XML entities, which no WordPress export does.") from error
            except ParseError as error:
                raise Unreadable(f"It is not well-formed XML ({error}).") from error
            except (LookupError, ValueError) as error:
                raise Unreadable(f"Its encoding cannot be read ({error}).") from error

    def _items(self, file: BinaryIO) -> Iterator[Item]:
        names: list[str] = []
        for event, element in iterparse(_Legible(file), events=("start", "end")):
            if event == "start":
                names.append(_name(element.tag))
                self._refuse_strangers(names)
                if len(names) == 2:
                    channel = element
                continue
            if len(names) == 3:
                if names[2] == "item":
                    self._check_head()
                    yield self._item(element)
                else:
                    self._read_head(names[2], element)
                channel.clear()  # or the empty shells of all items would pile up
            names.pop()
        self._check_head()

    def _refuse_strangers(self, names: list[str]) -> None:
        if names[0] != "rss" or (len(names) == 2 and names[1] != "channel"):
            raise Unreadable("It is no WordPress export (WXR): that is an rss with a channel.")
        if len(names) > DEEPEST:
            raise Unreadable("It is no WordPress export (WXR): its elements are nested too deeply.")

    def _read_head(self, name: str, element: Element) -> None:
        text = _clean(element.text)
        if name == "wp:wxr_version":
            self._version = text
        elif name == "wp:author":
            author = _fields(element)
            shown = author.get("wp:author_display_name", "").strip()
            self._authors[author.get("wp:author_login", "").strip()] = shown
        elif name == "wp:base_blog_url" or (name in ("wp:base_site_url", "link") and not self.site):
            self.site = text.rstrip("/") or self.site

    def _check_head(self) -> None:
        if not _VERSION.fullmatch(self._version):
            raise Unreadable(
                "It is no WordPress export (WXR): it does not say its version (wp:wxr_version 1.0 to 1.2)."
            )
        if not self.site:
            raise Unreadable("It does not say which site it comes from (wp:base_blog_url).")

    def _item(self, element: Element) -> Item:
        got = _fields(element)
        login = got.get("dc:creator", "").strip()
        return Item(
            id=_id(got.get("wp:post_id")),
            kind=got.get("wp:post_type", "").strip(),
            status=got.get("wp:status", "").strip(),
            title=got.get("title", ""),
            author=self._authors.get(login) or login,
            html=got.get("content:encoded", ""),
            address=got.get("link", "").strip(),
            at=_moment(got.get("wp:post_date_gmt"), got.get("wp:post_date")) or _mail_date(got.get("pubDate")),
            changed_at=_moment(got.get("wp:post_modified_gmt"), got.get("wp:post_modified")),
            password=got.get("wp:post_password", "").strip(),
            takes_comments=got.get("wp:comment_status", "").strip() != "closed",
            terms=tuple(_terms(element)),
            comments=tuple(_said(child) for child in element if _name(child.tag) == "wp:comment"),
        )


class _Legible:
    """A file whose control characters are spaces; UTF-16 is left as it is."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._table = None if file.read(2) in _UTF_16 else _LEGIBLE
        file.seek(0)

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        return data.translate(self._table) if self._table else data


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise Unreadable("There is no such file.") from error
    except IsADirectoryError as error:
        raise Unreadable("It is a folder, not a file.") from error
    except OSError as error:
        raise Unreadable(f"It cannot be opened ({error.strerror}).") from error
    with file:
        if not file.read(1):
            raise Unreadable("It is empty.")
        file.seek(0)
        yield file


def _bar(path: Path, doing: str) -> "tqdm[Never]":
    # disable=None: only a terminal sees it
    return tqdm(total=path.stat().st_size, desc=doing, unit="B", unit_scale=True, disable=None, leave=False)


@lru_cache(maxsize=1000)
def _name(tag: str) -> str:
    """`wp:post_id` for any of the namespaces that WordPress has used; a stranger's element keeps its own."""
    space, _, local = tag.rpartition("}")
    if not space:
        return local
    if _WP.match(space):
        return f"wp:{local}"
    if "purl.org/rss/1.0/modules/content" in space:
        return f"content:{local}"
    if "purl.org/dc/elements" in space:
        return f"dc:{local}"
    return tag


def _fields(element: Element) -> dict[str, str]:
    """{name: text} of the element's children; of several with one name the first."""
    fields: dict[str, str] = {}
    for child in element:
        fields.setdefault(_name(child.tag), child.text or "")
    return fields


def _terms(element: Element) -> Iterator[tuple[str, str]]:
    for child in element:
        # Without a domain it is the category's name once more, as feeds want it; WXR 1.0 called tags "tag".
        if child.tag == "category" and child.get("domain") in ("category", "post_tag", "tag"):
            yield child.get("nicename") or "", child.text or ""


def _said(element: Element) -> Said:
    got = _fields(element)
    return Said(
        id=_id(got.get("wp:comment_id")),
        name=got.get("wp:comment_author", ""),
        email=got.get("wp:comment_author_email", "").strip(),
        html=got.get("wp:comment_content", ""),
        at=_moment(got.get("wp:comment_date_gmt"), got.get("wp:comment_date")),
        approved=got.get("wp:comment_approved", "").strip(),
        kind=got.get("wp:comment_type", "").strip(),
    )


def _clean(text: str | None) -> str:
    return " ".join((text or "").split())


def _id(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if _ID.fullmatch(text) else None


def _moment(*texts: str | None) -> datetime | None:
    """The first text that is a moment, in UTC; a draft's 0000-00-00 is none."""
    for text in texts:
        if text and _MOMENT.fullmatch(text.strip()):
            try:
                return datetime.fromisoformat(text.strip()).replace(tzinfo=UTC)
            except ValueError:
                continue
    return None


def _mail_date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    # WordPress writes -0001 for a post that has no date yet.
    return moment.astimezone(UTC) if moment.year > 1 and moment.tzinfo else None
