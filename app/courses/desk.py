"""Courses at the desk: who waits, opening enrolment, how the notices fare."""

from collections.abc import Iterator

from flask import (
    Response,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from .. import clock, work
from ..db import db
from ..memory import remembering
from ..refusals import Refusal
from ..web import column, desk, now, only
from . import curve as curves
from . import describing, importing, listing, waitlist
from . import opening as openings
from .forms import CourseForm, ImportForm, OpeningForm
from .models import Course

bp = desk("courses", "/courses")


@bp.get("")
@only("editor")
def courses() -> ResponseReturnValue:
    found = describing.courses(db.session(), column().language)
    rows = [(c, waitlist.numbers(db.session(), c), waitlist.open_one(db.session(), c)) for c in found]
    return render_template("desk/courses.html", rows=rows)


@bp.route("/new", methods=["GET", "POST"])
@only("editor")
def new() -> ResponseReturnValue:
    form = CourseForm()
    if not form.validate_on_submit():
        return render_template("desk/course_form.html", form=form, course=None), _status(form)
    return _saved(Course(created_at=clock.now()), form)


@bp.route("/<int:course_id>/edit", methods=["GET", "POST"])
@only("editor")
def edit(course_id: int) -> ResponseReturnValue:
    course = _course_or_404(course_id)
    form = CourseForm(obj=course, data=_typed(course))
    if not form.validate_on_submit():
        return render_template("desk/course_form.html", form=form, course=course), _status(form)
    return _saved(course, form)


@bp.get("/<int:course_id>")
@only("editor")
def course(course_id: int) -> ResponseReturnValue:
    course = _course_or_404(course_id)
    return render_template(
        "desk/course.html",
        course=course,
        numbers=waitlist.numbers(db.session(), course),
        curve=curves.curve(db.session(), course, until=now().date()),
        openings=[(o, openings.progress(db.session(), o)) for o in openings.of(db.session(), course)],
    )


@bp.post("/<int:course_id>/waitlist.csv")
@only("editor")
def table(course_id: int) -> ResponseReturnValue:
    """Every address that waits or has waited and is not erased, row by row, whatever their number.

    A POST, because that it was taken along is remembered.
    """
    course = _course_or_404(course_id)
    headers = {"Content-Disposition": f'attachment; filename="{course.slug}-{now():%Y-%m-%d}-waitlist.csv"'}
    remembering.remember(db.session(), "took_along", by=current_user, now=clock.now(), course=course)
    db.session.commit()  # and from here on the request only reads: a long download holds no lock
    return Response(stream_with_context(_lines(course_id)), mimetype="text/csv", headers=headers)


def _lines(course_id: int) -> Iterator[str]:
    try:
        yield from listing.table(db.session(), db.session.get_one(Course, course_id))
    finally:
        db.session.remove()  # also when whoever takes it along goes away in the middle


@bp.route("/<int:course_id>/import", methods=["GET", "POST"])
@only("editor")
def import_table(course_id: int) -> ResponseReturnValue:
    """Addresses from elsewhere: looked at, which changes nothing, or taken."""
    course, form = _course_or_404(course_id), ImportForm()
    if not form.validate_on_submit():
        return _import_page(course, form)
    db.session.commit()  # nobody waits for the database while a long table is read
    secret = current_app.extensions["config"].secret_key
    try:
        if form.seal.data:
            rows = importing.unsealed(form.seal.data, course, secret=secret, now=clock.now())
        else:
            rows = importing.read(request.files["table"].read() if "table" in request.files else b"")
        report = importing.take(db.session(), course, rows, now=clock.now())
        seal = "" if form.take.data else importing.sealed(rows, course, secret=secret, now=clock.now())
    except Refusal as refusal:
        db.session.rollback()
        form.table.errors = [_(refusal.sentence)]
        return _import_page(course, form)
    if form.take.data:
        remembering.remember(db.session(), "imported", by=current_user, now=clock.now(), course=course)
        db.session.commit()
        work.wake(current_app._get_current_object())  # type: ignore[attr-defined]
    else:
        db.session.rollback()
    return _import_page(course, form, report=report, seal=seal)


def _import_page(course: Course, form: ImportForm, **more: object) -> ResponseReturnValue:
    page = render_template(
        "desk/waitlist_import.html", course=course, form=form, shown=importing.SHOWN, limits=importing, **more
    )
    return page, 422 if form.errors else 200


def _typed(course: Course) -> dict[str, str]:
    """The course's texts as the form's fields have them."""
    return {
        f"{what}_{text.language}": value
        for text in course.texts.values()
        for what, value in (("name", text.name), ("about", text.about_source))
    }


def _saved(course: Course, form: CourseForm) -> ResponseReturnValue:
    known, slug, starts_on = course if course.id else None, form.slug.data, form.starts_on.data
    try:
        describing.save(db.session(), course, slug=slug, starts_on=starts_on, texts=form.texts())
        db.session.commit()
    except (describing.NoName, describing.AddressTaken) as refusal:
        db.session.rollback()
        wrong = form[f"name_{column().language}"] if isinstance(refusal, describing.NoName) else form.slug
        wrong.errors = [*wrong.errors, _(refusal.sentence)]
        return render_template("desk/course_form.html", form=form, course=known), 422
    flash(_("Saved."), "done")
    return redirect(url_for(".course", course_id=course.id), 303)


def _course_or_404(course_id: int) -> Course:
    return db.session.get(Course, course_id) or abort(404)


def _status(form: CourseForm | OpeningForm) -> int:
    return 422 if form.errors else 200
