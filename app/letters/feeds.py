"""Letters for machines: Atom (RFC 4287, RFC 4685), JSON Feed 1.1, sitemap, robots, one letter as Markdown and text.

Every route asks `publishing.live(now)`, as the pages do, so nothing here shows before its time (promise 1).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, abort, current_app, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, select

from ..comments import thread
from ..config import Config
from ..courses.models import Course
from ..db import db
from ..text.outside import fit_for_xml, with_whole_addresses
from ..text.typographer import typeset
from ..web import column, now
from . import copies, naming, publishing
from .linked import changed_at, iso
from .models import Adviser, Letter, Rubric, Selected, Selection, Topic, letter_topics
from .views import letter_or_404

bp = Blueprint("feeds", __name__)

FEED_LENGTH = 20
"""Letters in a feed."""
COMMENTS_IN_FEED = 50
PER_SITEMAP = 50_000
"""Addresses in one sitemap (https://www.sitemaps.org/protocol.html)."""
NEVER = datetime(2026, 1, 1, tzinfo=UTC)
"""When an empty feed changed last: a moment that stands still, so that its ETag does."""


@dataclass(frozen=True)
class Feed:
    """One feed of letters: what it is called, where it and its page are."""

    id: str
    title: str
    path: str
    """Without .xml and .json."""
    home: str
    updated: datetime


@bp.get("/feed.xml")
def feed() -> ResponseReturnValue:
    return _atom(*_of_site())


@bp.get("/feed.json")
def json_feed() -> ResponseReturnValue:
    return _json(*_of_site())


@bp.get("/rubrics/<slug>/feed.xml")
def rubric_feed(slug: str) -> ResponseReturnValue:
    return _atom(*_of_rubric(slug))


@bp.get("/rubrics/<slug>/feed.json")
def rubric_json_feed(slug: str) -> ResponseReturnValue:
    return _json(*_of_rubric(slug))


@bp.get("/topics/<slug>/feed.xml")
def topic_feed(slug: str) -> ResponseReturnValue:
    return _atom(*_of_topic(slug))


@bp.get("/topics/<slug>/feed.json")
def topic_json_feed(slug: str) -> ResponseReturnValue:
    return _json(*_of_topic(slug))


@bp.get("/letters/<name>/comments.xml")
def comments_feed(name: str) -> ResponseReturnValue:
    """Published comments with the dates that the page shows; when an editor decided on them is told nowhere."""
    letter = letter_or_404(name)
    remarks = thread.latest(db.session(), letter, COMMENTS_IN_FEED)
    assert letter.publish_at is not None
    updated = max([letter.publish_at, *(remark.submitted_at for remark in remarks)])
    return _xml(
        "feeds/comments.xml",
        "application/atom+xml",
        letter=letter,
        remarks=remarks,
        updated=updated,
        names=_names(),
        whole=with_whole_addresses,
    )


@bp.get("/letters/<name>.md")
def markdown(name: str) -> ResponseReturnValue:
    letter = letter_or_404(name)
    return _copy(letter, copies.as_markdown(letter, base_url=_base_url()), "text/markdown")


@bp.get("/letters/<name>.txt")
def text(name: str) -> ResponseReturnValue:
    letter = letter_or_404(name)
    return _copy(letter, copies.as_text(letter, _html(letter), base_url=_base_url()), "text/plain")


@bp.get("/robots.txt")
def robots() -> ResponseReturnValue:
    lines = ("User-agent: *", "Disallow: /desk/", "Disallow: /waitlist/", f"Sitemap: {_base_url()}/sitemap.xml")
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


@bp.get("/sitemap.xml")
def sitemap() -> ResponseReturnValue:
    pages = _pages()
    if len(pages) <= PER_SITEMAP:
        return _xml("feeds/sitemap.xml", "application/xml", pages=pages)
    some = range(0, len(pages), PER_SITEMAP)
    parts = [(n, _latest(pages[start : start + PER_SITEMAP])) for n, start in enumerate(some, 1)]
    return _xml("feeds/sitemaps.xml", "application/xml", parts=parts)


@bp.get("/sitemap-<int:number>.xml")
def part_of_sitemap(number: int) -> ResponseReturnValue:
    pages = _pages()
    part = pages[(number - 1) * PER_SITEMAP : number * PER_SITEMAP] if number else []
    if len(pages) <= PER_SITEMAP or not part:
        abort(404)
    return _xml("feeds/sitemap.xml", "application/xml", pages=part)


# Feeds of letters


def _of_site() -> tuple[Feed, list[Letter]]:
    return _newest("", column().title, "", "/")


def _of_rubric(slug: str) -> tuple[Feed, list[Letter]]:
    rubric = db.session.scalar(select(Rubric).where(Rubric.slug == slug)) or abort(404)
    title, home = f"{column().title}: {rubric.title}", f"/rubrics/{quote(slug)}/"
    return _newest(f"rubric/{quote(slug)}", title, home, home, Letter.rubric_id == rubric.id)


def _of_topic(slug: str) -> tuple[Feed, list[Letter]]:
    """A topic is found once a letter on it is out, as its page is."""
    topic = db.session.scalar(select(Topic).where(Topic.slug == slug)) or abort(404)
    title, home = f"{column().title}: {topic.name}", f"/topics/{quote(slug)}/"
    found = _newest(f"topic/{quote(slug)}", title, home, home, Letter.topics.contains(topic))
    return found if found[1] else abort(404)


def _newest(of: str, title: str, folder: str, home: str, *which: ColumnElement[bool]) -> tuple[Feed, list[Letter]]:
    """The newest letters and their feed. of: what, as `Names.feed` takes it. folder: where feed.xml is."""
    newest_first = (Letter.publish_at.desc(), Letter.id.desc())
    query = publishing.live(now()).where(*which).order_by(*newest_first).limit(FEED_LENGTH)
    letters = list(db.session.scalars(query))
    updated = max(map(changed_at, letters), default=NEVER)
    return Feed(_names().feed(of), title, f"{folder or '/'}feed", home, updated), letters


def _atom(feed: Feed, letters: list[Letter]) -> Response:
    response = _xml(
        "feeds/letters.xml",
        "application/atom+xml",
        feed=feed,
        letters=letters,
        numbers=thread.numbers(db.session(), letters),
        names=_names(),
        changed_at=changed_at,
        content=_content,
        hub=_config().websub_hub,
    )
    return _with_hub(response, f"{feed.path}.xml")


def _json(feed: Feed, letters: list[Letter]) -> Response:
    hub, base_url = _config().websub_hub, _base_url()
    whole: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": f"{base_url}{feed.home}",
        "feed_url": f"{base_url}{feed.path}.json",
        "description": column().tagline,
        "language": column().language,
        "icon": column().picture and base_url + column().picture.replace("64x64", "180x180"),
        "favicon": column().picture and base_url + column().picture,
        "authors": [{"name": column().title, "url": f"{base_url}/"}],
        "hubs": [{"type": "WebSub", "url": hub}] if hub else [],
        "items": [_item(letter) for letter in letters],
    }
    text = json.dumps({name: value for name, value in whole.items() if value or name == "items"}, ensure_ascii=False)
    return _with_hub(Response(text, mimetype="application/feed+json"), f"{feed.path}.json")


def _item(letter: Letter) -> dict[str, Any]:
    assert letter.publish_at is not None
    address = f"{_base_url()}/letters/{letter.name}/"
    item: dict[str, Any] = {
        "id": _names().letter(letter),
        "url": address,
        "title": typeset(letter.title, letter.language),
        "content_html": _content(letter),
        "image": f"{address}card.png",
        "date_published": iso(letter.publish_at),
        "date_modified": iso(changed_at(letter)),
        "language": letter.language,
    }
    if letter.adviser:
        item["authors"] = [{"name": letter.adviser.name}]
    if letter.topics:
        item["tags"] = [topic.name for topic in letter.topics]
    return item


def _with_hub(response: Response, path: str) -> Response:
    """WebSub finds the hub in a feed's headers (https://www.w3.org/TR/websub/#discovery)."""
    if hub := _config().websub_hub:
        response.headers.add("Link", f'<{hub}>; rel="hub", <{_base_url()}{path}>; rel="self"')
    return response


def _content(letter: Letter) -> str:
    return with_whole_addresses(_html(letter), f"{_base_url()}/letters/{letter.name}/")


def _html(letter: Letter) -> str:
    course = db.session.get(Course, letter.course_id) if letter.course_id else None
    return render_template("feeds/_letter.html", letter=letter, course=course)


# What readers may find, and when it changed last


def _pages() -> list[tuple[str, datetime | None]]:
    """(path, when it changed last) of every page for search engines; of lists, when a letter in it did."""
    session = db.session()
    rows = session.execute(
        publishing.live(now())
        .with_only_columns(Letter.id, Letter.name, Letter.publish_at, Letter.updated_at, Rubric.slug, Adviser.slug)
        .outerjoin(Rubric, Rubric.id == Letter.rubric_id)
        .outerjoin(Adviser, Adviser.id == Letter.adviser_id)
        .order_by(Letter.publish_at, Letter.id)
    )
    commented = thread.last_published(session)
    letters: dict[str, datetime] = {}
    changed: dict[int, datetime] = {}
    lists: dict[str, datetime | None] = {"/": None, "/letters/": None}
    for letter_id, name, publish_at, updated_at, rubric, adviser in rows:
        assert name is not None  # letters.ready_has_its_slot
        assert publish_at is not None
        moment = max(publish_at, updated_at, commented.get(letter_id, publish_at))
        letters[f"/letters/{name}/"] = changed[letter_id] = moment
        within = [f"/rubrics/{quote(rubric)}/"] if rubric else []
        within += [f"/advisers/{quote(adviser)}/"] if adviser else []
        for path in ("/", "/letters/", f"/letters/{name[:4]}/", *within):
            lists[path] = max(lists.get(path) or moment, moment)
    for kind, members in (
        ("topics", select(Topic.slug, letter_topics.c.letter_id).join(letter_topics)),
        (
            "selections",
            select(Selection.slug, Selected.letter_id).join(Selected, Selected.selection_id == Selection.id),
        ),
    ):
        for slug, letter_id in session.execute(members):
            if letter_id in changed:
                path = f"/{kind}/{quote(slug)}/"
                lists[path] = max(lists.get(path) or changed[letter_id], changed[letter_id])
    others = ["/ask/", *(f"/courses/{quote(slug)}/" for slug in session.scalars(select(Course.slug)))]
    return [*lists.items(), *((path, None) for path in others), *letters.items()]


def _latest(pages: Iterable[tuple[str, datetime | None]]) -> datetime | None:
    return max((moment for _, moment in pages if moment), default=None)


# How they are answered


def _xml(template: str, mimetype: str, **what: object) -> Response:
    return Response(fit_for_xml(render_template(template, **what)), mimetype=mimetype)


def _copy(letter: Letter, text: str, mimetype: str) -> Response:
    """A copy of a page names it as the one to be found."""
    address = f"{_base_url()}/letters/{letter.name}/"
    headers = {"Link": f'<{address}>; rel="canonical"', "X-Robots-Tag": "noindex"}
    return Response(text, mimetype=mimetype, headers=headers)


def _names() -> naming.Names:
    return naming.names(column().feeds_host, _base_url())


def _config() -> Config:
    config: Config = current_app.extensions["config"]
    return config


def _base_url() -> str:
    return _config().base_url
