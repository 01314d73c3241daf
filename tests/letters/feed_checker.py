"""What specifications say MUST be, in code: Atom (RFC 4287), its threads (RFC 4685), tags (RFC 4151), JSON Feed 1.1.

No validator can be asked from here, so each function returns what is wrong, in words; [] is a valid feed.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from html.parser import HTMLParser
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import nh3
from defusedxml.ElementTree import fromstring

from app.text.sanitise import LETTER_TAGS

ATOM, THR, XML = "{http://www.w3.org/2005/Atom}", "{http://purl.org/syndication/thread/1.0}", "{http://www.w3.org/XML/1998/namespace}"  # fmt: skip  # noqa: E501
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
TAG = re.compile(
    r"tag:(?P<authority>[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)"
    r",(?P<date>\d{4}(?:-\d\d(?:-\d\d)?)?):(?P<own>[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*)"
)
REGISTERED = {"alternate", "self", "related", "enclosure", "via", "hub", "replies", "next", "prev"}
MEDIA = re.compile(r"[a-z]+/[a-z0-9.+-]+")
FEED_CHILDREN = {"author", "category", "contributor", "generator", "icon", "id", "link", "logo", "rights", "subtitle", "title", "updated", "entry"}  # fmt: skip  # noqa: E501
ENTRY_CHILDREN = {"author", "category", "content", "contributor", "id", "link", "published", "rights", "source", "summary", "title", "updated"}  # fmt: skip  # noqa: E501


def wrong_in_atom(text: bytes, *, today: date, self_address: str) -> list[str]:
    """Everything that is wrong in an Atom feed. today: tags of later days are wrong. self_address: where it was got."""
    feed = fromstring(text, forbid_dtd=True)
    if feed.tag != f"{ATOM}feed":
        return [f"the root is {feed.tag}"]
    entries = feed.findall(f"{ATOM}entry")
    wrong = [*_once(feed, {"id", "title", "updated"}, {"generator", "icon", "logo", "rights", "subtitle"})]
    wrong += _children(feed, FEED_CHILDREN)
    if feed.find(f"{ATOM}author") is None and any(entry.find(f"{ATOM}author") is None for entry in entries):
        wrong.append("4.1.1: an author in the feed or in every entry")
    if not feed.get(f"{XML}lang"):
        wrong.append("the feed says no language")
    wrong += _common(feed, today)
    own = [link.get("href") for link in feed.findall(f"{ATOM}link") if link.get("rel") == "self"]
    if own != [self_address]:
        wrong.append(f"4.1.1: the feed's own address is {own}")
    for entry in entries:
        wrong += _children(entry, ENTRY_CHILDREN)
        wrong += _once(entry, {"id", "title", "updated"}, {"content", "published", "rights", "source", "summary"})
        wrong += _common(entry, today)
        alternates = [link for link in entry.findall(f"{ATOM}link") if link.get("rel", "alternate") == "alternate"]
        if entry.find(f"{ATOM}content") is None and not alternates:
            wrong.append("4.1.2: an entry without content needs an alternate link")
        published, updated = entry.findtext(f"{ATOM}published"), entry.findtext(f"{ATOM}updated")
        if published and updated and _moment(updated) < _moment(published):
            wrong.append("an entry was updated before it was published")
        if updated and _moment(updated) > _moment(feed.findtext(f"{ATOM}updated") or ""):
            wrong.append("an entry is newer than its feed")
    ids = Counter(one.findtext(f"{ATOM}id") for one in [feed, *entries])
    wrong += [f"4.2.6: {one} names {number} things" for one, number in ids.items() if number > 1]
    return wrong


def _children(element: Element, known: set[str]) -> Iterator[str]:
    for child in element:
        if child.tag.startswith(ATOM) and child.tag.removeprefix(ATOM) not in known:
            yield f"{child.tag} is not a child of {element.tag}"
        elif not child.tag.startswith((ATOM, THR)):
            yield f"{child.tag} is of nobody's namespace"


def _once(element: Element, exactly: set[str], at_most: set[str]) -> Iterator[str]:
    for name in exactly | at_most:
        number = len(element.findall(f"{ATOM}{name}"))
        if number > 1 or (name in exactly and number != 1):
            yield f"{element.tag} has {number} of {name}"


def _common(element: Element, today: date) -> Iterator[str]:
    yield from wrong_in_tag(element.findtext(f"{ATOM}id") or "", today)
    for name in ("updated", "published"):
        for found in element.findall(f"{ATOM}{name}"):
            if not RFC3339.fullmatch(found.text or ""):
                yield f"3.3: {found.text!r} is no date"
    for name in ("title", "subtitle", "content"):
        for found in element.findall(f"{ATOM}{name}"):
            yield from _text(found)
    if not (element.findtext(f"{ATOM}title") or "").strip():
        yield "the title is empty"
    for person in element.findall(f"{ATOM}author"):
        if len(person.findall(f"{ATOM}name")) != 1 or not (person.findtext(f"{ATOM}name") or "").strip():
            yield "3.2: a person has one name"
    for category in element.findall(f"{ATOM}category"):
        if not category.get("term"):
            yield "4.2.2: a category has a term"
    yield from _links(element)
    for reply in element.findall(f"{THR}in-reply-to"):
        yield from wrong_in_tag(reply.get("ref") or "", today)
        yield from (f"RFC 4685: {reply.get(name)!r}" for name in ("href", "source") if not _absolute(reply.get(name)))


def _links(element: Element) -> Iterator[str]:
    links = element.findall(f"{ATOM}link")
    kinds = Counter((link.get("type"), link.get("hreflang")) for link in links if link.get("rel") == "alternate")
    if kinds and max(kinds.values()) > 1:
        yield "4.1.1, 4.1.2: two alternate links of one kind"
    for link in links:
        if not _absolute(link.get("href")):
            yield f"the link {link.get('href')!r} is not whole"
        if link.get("rel", "alternate") not in REGISTERED:
            yield f"4.2.7.2: nobody registered {link.get('rel')}"
        if link.get("type") and not MEDIA.fullmatch(link.get("type") or ""):
            yield f"4.2.7.3: {link.get('type')} is no media type"
        count = link.get(f"{THR}count")
        if count is not None and (link.get("rel") != "replies" or not count.isdecimal()):
            yield "RFC 4685, 4: thr:count stands on links to replies and is a number"


def _text(construct: Element) -> Iterator[str]:
    kind = construct.get("type", "text")
    if kind not in ("text", "html") or len(construct):
        yield f"3.1, 4.1.3: {construct.tag} of type {kind}"
    if kind == "html":
        yield from wrong_in_html(construct.text or "")


def wrong_in_html(html: str) -> list[str]:
    """What is unsafe, unbalanced or relative in a feed's HTML."""
    reader = _Html()
    reader.feed(html)
    reader.close()
    wrong = reader.wrong + [f"<{tag}> is not closed" for tag in reader.open]
    # A second sanitiser finds nothing to take away.
    attributes = {"a": {"href", "title", "rel"}, "ol": {"start"}, "blockquote": {"lang"}}
    cleaned = _Html()
    cleaned.feed(nh3.clean(html, tags=set(LETTER_TAGS), attributes=attributes, link_rel=None))
    cleaned.close()
    return wrong if cleaned.seen == reader.seen else [*wrong, "the HTML is not safe"]


class _Html(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.open: list[str] = []
        self.seen: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, sorted(attrs, key=str)))
        if tag not in LETTER_TAGS:
            self.wrong.append(f"<{tag}>")
        if tag not in ("br", "hr"):
            self.open.append(tag)
        for name, value in attrs:
            if name not in ("href", "rel", "title", "start", "lang"):
                self.wrong.append(f"{name}=")
            if name == "href" and not _absolute(value):
                self.wrong.append(f"the address {value} is not whole")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}>")


def wrong_in_tag(tag: str, today: date) -> list[str]:
    """What is wrong in a tag URI (RFC 4151, 2.1)."""
    found = TAG.fullmatch(tag)
    if not found:
        return [f"{tag!r} is no tag"]
    when = found["date"] + "-01" * (2 - found["date"].count("-"))
    return [f"{tag} is of a day to come"] if date.fromisoformat(when) > today else []


def wrong_in_json_feed(text: str, *, today: date, self_address: str) -> list[str]:
    """Everything that is wrong in a JSON Feed (https://www.jsonfeed.org/version/1.1/)."""
    feed = json.loads(text)
    wrong = []
    if feed.get("version") != "https://jsonfeed.org/version/1.1":
        wrong.append("version")
    if feed.get("feed_url") != self_address or not _absolute(feed.get("home_page_url")):
        wrong.append("addresses")
    if not isinstance(feed.get("title"), str) or not feed["title"] or not feed.get("language"):
        wrong.append("title, language")
    wrong += [f"hub {hub}" for hub in feed.get("hubs", []) if not (hub.get("type") and _absolute(hub.get("url")))]
    known = {"version", "title", "home_page_url", "feed_url", "description", "language", "authors", "hubs", "items"}
    wrong += [f"unknown: {name}" for name in set(feed) - known]
    wrong += _json_authors(feed)
    for item in feed["items"]:
        wrong += wrong_in_tag(item["id"], today)
        wrong += wrong_in_html(item["content_html"])
        wrong += _json_authors(item)
        wrong += [f"{name}: {item.get(name)}" for name in ("url", "image") if not _absolute(item.get(name))]
        dates = [item["date_published"], item["date_modified"]]
        wrong += [f"date {one}" for one in dates if not RFC3339.fullmatch(one)]
        wrong += ["tags"] if not all(isinstance(one, str) for one in item.get("tags", [])) else []
    ids = [item["id"] for item in feed["items"]]
    return wrong + (["two items of one id"] if len(set(ids)) < len(ids) else [])


def _json_authors(thing: dict[str, list[dict[str, str]]]) -> list[str]:
    return [f"author {one}" for one in thing.get("authors", []) if not one.get("name")]


def _absolute(address: str | None) -> bool:
    parts = urlsplit(address or "")
    return parts.scheme == "mailto" or (parts.scheme in ("http", "https") and bool(parts.hostname))


def _moment(text: str) -> datetime:
    fit = text if RFC3339.fullmatch(text) else "1970-01-01T00:00:00Z"  # a bad date is told elsewhere
    return datetime.fromisoformat(fit.replace("Z", "+00:00"))
