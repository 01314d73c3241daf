"""Courses at the desk: who waits, opening enrolment, how the notices fare."""

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from .. import clock
from ..db import db
from ..text import letter as letter_text
from ..web import column, desk, only
from . import opening as openings
from . import waitlist
from .forms import CourseForm, OpeningForm
from .models import Course

bp = desk("courses", "/courses")


@bp.get("")
@only("editor")
def courses() -> ResponseReturnValue:
    found = list(db.session.scalars(select(Course).order_by(Course.name)))
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
    form = CourseForm(obj=course, about=course.about_source)
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
        openings=[(o, openings.progress(db.session(), o)) for o in openings.of(db.session(), course)],
    )


def _saved(course: Course, form: CourseForm) -> ResponseReturnValue:
    course.name, course.slug, course.starts_on = form.name.data, form.slug.data, form.starts_on.data
    course.about_source = form.about.data
    course.about_html = letter_text.render(form.about.data, column().language)
    try:
        db.session.add(course)
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        form.slug.errors = [*form.slug.errors, _("Another course has this address.")]
        return render_template("desk/course_form.html", form=form, course=None if course.id is None else course), 422
    flash(_("Saved."), "done")
    return redirect(url_for(".course", course_id=course.id), 303)


def _course_or_404(course_id: int) -> Course:
    return db.session.get(Course, course_id) or abort(404)


def _status(form: CourseForm | OpeningForm) -> int:
    return 422 if form.errors else 200
