"""A kept page is answered before Flask is asked; a page that Flask made is kept (the design's "Speed").

Readers' blueprints say with `keep` that their pages may be kept: these are functions of published state (promise 8).
"""

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request
from sqlalchemy.orm import Session

from .. import clock
from ..db import db, writing
from ..letters.publishing import next_slot_at
from ..web import mark_of, now
from ..writing import changing
from .edition import Editions
from .keeping import Page, Shelf, make

LONGEST = timedelta(hours=1)
"""What a page says of "lately" (Recently surfaced) may be this old; slots and decisions show at once."""

NOT_OF_LETTERS = (None, "operations", "comments_desk", "pictures")
"""Blueprints whose pages make no change come true: files, operations, and the queue, which asks little."""

FILES = "/static/"
"""Where static files are."""
OF_PARTS = ("HTTP_RANGE", "HTTP_IF_RANGE", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE")
OF_FILES = ("content-length", "content-disposition", "etag", "last-modified", "accept-ranges")

_MARK = "dearfriday.mark"
_MAY_KEEP = "dearfriday.may_keep"
_UNTIL = "dearfriday.until"

StartResponse = Callable[..., Any]


def keep(app: Flask, *blueprints: Blueprint) -> None:
    """Pages of these blueprints are kept. Told to the application: a blueprint may belong to several."""
    for blueprint in blueprints:
        app.before_request_funcs.setdefault(blueprint.name, []).append(_mark)
        app.after_request_funcs.setdefault(blueprint.name, []).append(_may_be_kept)


def edition_of(environ: dict[str, Any]) -> int | None:
    """The edition that was read before anything else of this page; None where none was read."""
    return environ[_MARK][1] if environ.get(_MARK) else None


def stands_until(session: Session, now: datetime) -> datetime:
    """What is made of published state now stands until the next slot, for LONGEST, or this day: courses tell days."""
    tomorrow = datetime.combine(now.astimezone(UTC) + timedelta(days=1), time(), UTC)
    latest = min(now + LONGEST, tomorrow)
    return min(next_slot_at(session, now) or latest, latest)


def make_changes_first(app: Flask) -> None:
    """Before a page is made, letters get the changes whose moment has come: so no job can miss one (promise 1)."""
    app.before_request(_make_due_changes)


def _make_due_changes() -> None:
    if request.blueprint in NOT_OF_LETTERS or not changing.is_any_due(db.session(), now()):
        return
    if not make_due_changes(now()):
        request.environ[_MAY_KEEP] = False  # the old text is better than none, but no page with it is kept


def make_due_changes(now: datetime) -> bool:
    """Make every change whose moment has come; one that cannot be made stops no other. False: there was such a one."""
    session, all_made = db.session(), True
    session.rollback()  # what was read is of before
    with writing():
        for change_id in changing.due(session, now):
            try:
                changing.make(session, change_id, now=now)
                session.commit()
            except Exception:  # whatever it is: readers do not pay for it
                current_app.logger.exception("a change whose moment has come could not be made")
                session.rollback()
                all_made = False
    return all_made


def _mark() -> None:
    """Read the edition before anything else of the page is read."""
    if request.method == "GET":
        # A transaction that began before the count is read would show what was before it, and pass for new.
        db.session.rollback()
        editions: Editions = current_app.extensions["editions"]
        request.environ[_MARK] = editions.mark(db.session())


def _may_be_kept(response: Response) -> Response:
    if response.cache_control.no_store or request.method not in ("GET", "HEAD"):
        return response
    response.headers["Cache-Control"] = "public, no-cache"
    response.headers.add("Vary", "Accept-Encoding")
    if response.status_code == 200 and request.environ.get(_MAY_KEEP):
        request.environ[_UNTIL] = stands_until(db.session(), now()).timestamp()
    return response


class KeptPages:
    """WSGI around WSGI: gives kept pages, and keeps those that come out."""

    def __init__(self, app: Flask, editions: Editions, shelf: Shelf) -> None:
        self._inner = app.wsgi_app
        self._editions = app.extensions["editions"] = editions
        self.shelf = shelf
        self._files: dict[str, Page] = {}

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        query: str = environ.get("QUERY_STRING", "")
        path: str = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self._inner(environ, start_response)
        if query:
            # A page has no query; one with a query (search, a page of a long list) is made each time.
            file = path.startswith(FILES) and query.startswith("v=")
            return (self._file if file else self._inner)(environ, start_response)
        page = self._standing(path)
        if page is None:
            return self._made(path, environ, start_response)
        return _answer(page, environ, start_response)

    def _file(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """A static file whose address names its content (web.static): compressed once in the life of the process."""
        address = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
        page = self._files.get(address)
        if page is None:
            whole = {name: value for name, value in environ.items() if name not in OF_PARTS}
            status, headers, parts = _asked(self._inner, {**whole, "REQUEST_METHOD": "GET"})
            body = b"".join(parts)
            _close(parts)
            if not status.startswith("200") or environ["QUERY_STRING"] != f"v={mark_of(body)}":
                return self._inner(environ, start_response)
            headers = [(name, value) for name, value in headers if name.lower() not in OF_FILES]
            headers.append(("Vary", "Accept-Encoding"))
            page = self._files[address] = make(body, headers, edition=0, count=0, until=math.inf)
        return _answer(page, environ, start_response)

    def _standing(self, path: str) -> Page | None:
        """The kept page, if nothing that readers see has changed since it was made."""
        page, count = self.shelf.get(path), self._editions.count()
        if page is not None and page.count == count != -1:
            return page if clock.now().timestamp() < page.until else None
        if path.startswith(("/desk", "/static", "/media")):
            return None
        found = page or self.shelf.read(path)
        if found is None or found.until <= clock.now().timestamp():
            return None
        edition = self._editions.ask()
        if found.edition != edition:
            # Another worker may have made the new one already.
            found = self.shelf.read(path)
            if found is None or found.edition != edition or found.until <= clock.now().timestamp():
                return None
        if found is not page:
            self.shelf.put(path, found)
        self.shelf.known_to_stand(path, found, count)
        return found

    def _made(self, path: str, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """The page from Flask, kept if it says that it may be."""
        environ[_MAY_KEEP] = True
        environ["REQUEST_METHOD"], asked = "GET", environ["REQUEST_METHOD"]
        status, made, parts = _asked(self._inner, environ)
        environ["REQUEST_METHOD"] = asked
        if environ.get(_UNTIL) is None:
            start_response(status, made)
            return parts if asked == "GET" else _closed(parts)
        body = b"".join(parts)
        _close(parts)
        count, edition = environ[_MARK]
        unsaid = ("content-length", "etag")
        headers = [(name, value) for name, value in made if name.lower() not in unsaid]
        page = make(body, headers, edition=edition, count=count, until=environ[_UNTIL])
        self.shelf.put(path, page)
        self.shelf.write(path, page)
        return _answer(page, environ, start_response)


def _asked(
    application: Callable[..., Iterable[bytes]], environ: dict[str, Any]
) -> tuple[str, list[tuple[str, str]], Iterable[bytes]]:
    """(status, headers, body) of an answer that is not given on yet."""
    answered: list[Any] = []

    def listen(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        answered[:] = [status, headers]
        return lambda data: None

    parts = application(environ, listen)
    return answered[0], answered[1], parts


def _answer(page: Page, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """The page in the best coding that the reader takes, or 304 when the reader has it (RFC 9110, 12.5.3, 13.1.2)."""
    if page.etag in environ.get("HTTP_IF_NONE_MATCH", ""):
        start_response("304 Not Modified", [("ETag", f'W/"{page.etag}"'), *_kept_by_304(page.headers)])
        return []
    headers, body = page.answers[_coding(environ.get("HTTP_ACCEPT_ENCODING", ""), len(page.bodies) > 1)]
    start_response("200 OK", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else body


@lru_cache(maxsize=256)
def _coding(accepted: str, compressed: bool) -> str:
    """The best coding that is accepted; one with q=0 is refused."""
    wanted = {}
    for part in accepted.lower().split(","):
        name, _, quality = part.partition(";")
        wanted[name.strip()] = "".join(quality.split()) not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return next((coding for coding in ("br", "gzip") if compressed and wanted.get(coding)), "")


def _kept_by_304(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name in ("Cache-Control", "Vary", "Content-Security-Policy")]


def _closed(parts: Iterable[bytes]) -> list[bytes]:
    _close(parts)
    return []


def _close(parts: Iterable[bytes]) -> None:
    close = getattr(parts, "close", None)
    if close is not None:
        close()
