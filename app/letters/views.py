"""The reader's letters: home, one letter, the archive."""

from flask import Blueprint, abort, current_app, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from ..comments import thread
from ..comments.forms import CommentForm
from ..courses import waitlist
from ..courses.forms import WaitlistForm
from ..courses.models import Course
from ..db import db
from ..web import column, explain, now
from . import publishing, reading
from .linked import article
from .models import Letter, Redirect, Rubric, Topic

bp = Blueprint("letters", __name__)


@bp.get("/")
def home() -> ResponseReturnValue:
    newest = next(iter(reading.newest(db.session(), now(), limit=1)), None)
    letters = reading.recent(db.session(), now(), but=newest)
    return render_template(
        "letters/home.html",
        newest=newest,
        letters=letters,
        numbers=thread.numbers(db.session(), [*([newest] if newest else []), *letters]),
        resurfaced=thread.resurfaced(db.session(), now()),
        topics=reading.topics(db.session(), now()),
        **(_course_of(newest) if newest else {}),
    )


@bp.get("/letters/<name>/")
def letter(name: str) -> ResponseReturnValue:
    return letter_page(letter_or_404(name), CommentForm())


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
        article=None if preview else article(letter, comments, base_url=base_url, column=title),
        form=form,
        related=reading.related(session, letter, now()),
        resurfaced=thread.resurfaced(session, now(), but=letter),
        before=before,
        after=after,
        **_course_of(letter),
    )


@bp.get("/letters/")
def archive() -> ResponseReturnValue:
    years = reading.years(db.session(), now())
    return _list_page("archive", letters=reading.recent(db.session(), now(), limit=reading.PER_PAGE), years=years)


@bp.get("/letters/<int(fixed_digits=4):year>/")
def year(year: int) -> ResponseReturnValue:
    letters = reading.in_year(db.session(), year, now()) or abort(404)
    return _list_page("year", letters=letters, year=year, years=reading.years(db.session(), now()))


@bp.get("/topics/<slug>/")
def topic(slug: str) -> ResponseReturnValue:
    topic = db.session.scalar(select(Topic).where(Topic.slug == slug)) or abort(404)
    return _list_page("topic", letters=reading.on_topic(db.session(), topic, now()) or abort(404), topic=topic)


@bp.get("/rubrics/<slug>/")
def rubric(slug: str) -> ResponseReturnValue:
    rubric = db.session.scalar(select(Rubric).where(Rubric.slug == slug)) or abort(404)
    return _list_page("rubric", letters=reading.in_rubric(db.session(), rubric, now()), rubric=rubric)


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
    topics = reading.topics(db.session(), now())
    return render_template(f"letters/{kind}.html", letters=letters, numbers=numbers, topics=topics, **more)


def _course_of(letter: Letter) -> dict[str, object]:
    """What a letter's P. P. S. needs."""
    course = db.session.get(Course, letter.course_id) if letter.course_id else None
    opening = waitlist.open_one(db.session(), course) if course else None
    return {"course": course, "opening": opening, "waitlist_form": WaitlistForm()}
