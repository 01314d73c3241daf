"""The reader's letters: home, one letter, the archive."""

import re
from functools import lru_cache
from typing import TypeVar

from flask import Blueprint, abort, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, select
from werkzeug.exceptions import NotFound

from ..comments import finding, thread
from ..comments.forms import CommentForm
from ..courses import waitlist
from ..courses.forms import WaitlistForm
from ..courses.models import Course
from ..db import db
from ..pages.parts import part
from ..web import column, explain, language, now
from . import publishing, reading
from . import search as search_
from .linked import article
from .models import Adviser, Letter, Redirect, Rubric, Selection, Topic
from .search import Within

bp = Blueprint("letters", __name__)

_Slugged = TypeVar("_Slugged", Adviser, Rubric, Selection, Topic)
_PAGE = re.compile("[1-9][0-9]{0,3}")
_YEAR = re.compile("[0-9]{4}")


@bp.get("/")
def home() -> ResponseReturnValue:
    newest = next(iter(reading.newest(db.session(), now(), limit=1)), None)
    letters = reading.recent(db.session(), now(), but=newest)
    return render_template(
        "letters/home.html",
        newest=newest,
        letters=letters,
        numbers=thread.numbers(db.session(), [*([newest] if newest else []), *letters]),
        resurfaced=_resurfaced(),
        topics=_topics(),
        **(_course_of(newest) if newest else {}),
    )


@bp.get("/letters/<name>/")
def letter(name: str) -> ResponseReturnValue:
    return letter_page(letter_or_404(name), CommentForm())


@lru_cache(maxsize=64)
def _thread_in_html(comments: tuple[thread.Remark, ...], letter: str, zone: str, language: str) -> str:
    """The comments under a letter: a function of what it gets, so a page made anew need not say them all again."""
    return render_template("comments/_thread.html", comments=comments, letter=letter, zone=zone)


def letter_page(letter: Letter, form: CommentForm, *, preview: bool = False) -> str:
    """A letter with everything around it, as readers see it; the desk's preview is this page too."""
    session = db.session()
    before, after = (None, None) if preview else reading.neighbours(session, letter, now())
    comments = [] if preview else thread.under(session, letter)
    base_url, title = current_app.extensions["config"].base_url, column().title
    return render_template(
        "letters/letter.html",
        letter=letter,
        preview=preview,
        comments=comments,
        thread=_thread_in_html(tuple(comments), letter.name or "", letter.slot_zone or "UTC", language()),
        article=None if preview else article(letter, comments, base_url=base_url, column=title),
        form=form,
        related=reading.related(session, letter, now()),
        resurfaced=_resurfaced(),
        before=before,
        after=after,
        **_course_of(letter),
    )


@bp.get("/letters/")
def archive() -> ResponseReturnValue:
    years = reading.years(db.session(), now())
    letters = reading.recent(db.session(), now(), limit=reading.PER_PAGE)
    selections, advisers = reading.selections(db.session(), now()), reading.advisers(db.session(), now())
    return _list_page("archive", letters=letters, years=years, selections=selections, advisers=advisers)


@bp.get("/letters/<int(fixed_digits=4):year>/")
def year(year: int) -> ResponseReturnValue:
    letters = reading.in_year(db.session(), year, now()) or abort(404)
    return _list_page("year", letters=letters, year=year, years=reading.years(db.session(), now()))


@bp.get("/topics/<slug>/")
def topic(slug: str) -> ResponseReturnValue:
    topic = _of_slug(Topic, slug)
    return _paged("topic", reading.on_topic(topic, now()), topic=topic, topics=_topics())


@bp.get("/rubrics/<slug>/")
def rubric(slug: str) -> ResponseReturnValue:
    rubric = _of_slug(Rubric, slug)
    return _paged("rubric", reading.in_rubric(rubric, now()), empty=True, rubric=rubric, topics=_topics())


@bp.get("/advisers/<slug>/")
def adviser(slug: str) -> ResponseReturnValue:
    adviser = _of_slug(Adviser, slug)
    selections = [one for one in reading.selections(db.session(), now()) if one[0].adviser_id == adviser.id]
    return _paged("adviser", reading.by_adviser(adviser, now()), adviser=adviser, selections=selections)


@bp.get("/selections/<slug>/")
def selection(slug: str) -> ResponseReturnValue:
    """A selection is there as soon as readers may see one of its letters."""
    selection = _of_slug(Selection, slug)
    letters = reading.selected(db.session(), selection, now()) or abort(404)
    numbers = thread.numbers(db.session(), letters)
    return render_template("letters/selection.html", selection=selection, letters=letters, numbers=numbers)


@bp.get("/search/")
def search() -> ResponseReturnValue:
    asked = request.args.get("q", "").strip()[: search_.LONGEST_QUERY]
    query, within = search_.parse(asked), _within()
    found: list[finding.Found] = []
    more = False
    if query or within:
        found, more = finding.find(db.session(), query, now(), within=within, page=_page())
    if not found and _page() > 1:
        abort(404)
    return render_template(
        "letters/search.html",
        asked=asked,
        query=query,
        within=within,
        found=found,
        more=more,
        page=_page(),
        topics="" if query or within else _topics(),
        choices=part("choices", _choices),
    )


@bp.app_errorhandler(404)
def imported_address(error: NotFound) -> ResponseReturnValue:
    """An address of the site that the letters were imported from leads to its letter; the rest is not found."""
    path = "/" + request.path.strip("/")
    if request.method not in ("GET", "HEAD") or not path.isprintable():
        return explain(error)
    letter = db.session.scalar(
        publishing.live(now()).join(Redirect, Redirect.letter_id == Letter.id).where(Redirect.path == path[:500])
    )
    return explain(error) if letter is None else redirect(f"/letters/{letter.name}/", 301)


def letter_or_404(name: str) -> Letter:
    """The letter with this name; a letter that readers may not see yet is not found."""
    return reading.by_name(db.session(), name, now()) or abort(404)


def _list_page(kind: str, letters: list[Letter], **more: object) -> str:
    numbers = thread.numbers(db.session(), letters)
    return render_template(f"letters/{kind}.html", letters=letters, numbers=numbers, topics=_topics(), **more)


def _paged(kind: str, letters: Select[Letter], *, empty: bool = False, **what: object) -> str:
    """A page of a long list; one that is not there is not found, but for a first page that may be empty."""
    some, more = reading.paged(db.session(), letters, _page())
    if not some and not (empty and _page() == 1):
        abort(404)
    numbers = thread.numbers(db.session(), some)
    return render_template(f"letters/{kind}.html", letters=some, more=more, page=_page(), numbers=numbers, **what)


def _page() -> int:
    """The number of the page that is asked for, 1 if none is."""
    asked = request.args.get("page", "1")
    return int(asked) if _PAGE.fullmatch(asked) else abort(404)


def _within() -> Within:
    year = request.args.get("year", "")
    slugs = {name: request.args.get(name, "") for name in ("rubric", "topic", "adviser")}
    return Within(**slugs, year=int(year) if _YEAR.fullmatch(year) else None)


def _choices() -> dict[str, list[tuple[str | int, str | int]]]:
    """What a search can be narrowed to: (value, name) by kind."""
    session = db.session()
    rubrics = session.scalars(select(Rubric).order_by(Rubric.weekday, Rubric.id))
    return {
        "rubric": [(rubric.slug, rubric.title) for rubric in rubrics],
        "topic": [(topic.slug, topic.name) for topic, _ in reading.topics(session, now())],
        "adviser": [(adviser.slug, adviser.name) for adviser, _ in reading.advisers(session, now())],
        "year": [(year, year) for year, _ in reading.years(session, now())],
    }


def _resurfaced() -> str:
    """ "Recently surfaced", the same on every page."""
    return part(
        "resurfaced", lambda: render_template("letters/_resurfaced.html", rows=thread.resurfaced(db.session(), now()))
    )


def _topics() -> str:
    """All topics, the same on every page."""
    return part("topics", lambda: render_template("letters/_topics.html", topics=reading.topics(db.session(), now())))


def _of_slug(model: type[_Slugged], slug: str) -> _Slugged:
    return db.session.scalar(select(model).where(model.slug == slug)) or abort(404)


def _course_of(letter: Letter) -> dict[str, object]:
    """What a letter's P. P. S. needs."""
    course = db.session.get(Course, letter.course_id) if letter.course_id else None
    opening = waitlist.open_one(db.session(), course) if course else None
    return {"course": course, "opening": opening, "waitlist_form": WaitlistForm()}
