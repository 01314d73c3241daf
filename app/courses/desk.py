"""Courses at the desk: who waits, opening enrolment, how the notices fare."""

from flask import abort, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from .. import clock, work
from ..db import db
from ..mail import delivery
from ..mail.models import Delivery
from ..refusals import Refusal
from ..text import letter as letter_text
from ..web import column, desk, only
from . import opening as openings
from . import waitlist
from .forms import ConfirmForm, CourseForm, OpeningForm
from .models import Course, Opening

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
        to_look_at=[d for o in openings.of(db.session(), course) for d in delivery.to_look_at(db.session(), o.id)],
        form=ConfirmForm(),
    )


@bp.route("/<int:course_id>/opening", methods=["GET", "POST"])
@only("editor")
def open_enrolment(course_id: int) -> ResponseReturnValue:
    course = _course_or_404(course_id)
    form = OpeningForm()
    numbers = waitlist.numbers(db.session(), course)
    if not form.validate_on_submit():
        return render_template("desk/opening_form.html", form=form, course=course, numbers=numbers), _status(form)
    try:
        openings.open_enrolment(
            db.session(),
            course,
            subject=form.subject.data,
            text=form.text.data,
            link=form.link.data,
            language=column().language,
            by=current_user,
            now=clock.now(),
        )
    except openings.AlreadyOpen as refusal:
        flash(_(refusal.sentence), "error")
    else:
        db.session.commit()
        work.wake(current_app._get_current_object())  # type: ignore[attr-defined]
        flash(_("Enrolment is open. The notices are on their way."), "done")
    return redirect(url_for(".course", course_id=course_id), 303)


@bp.post("/openings/<int:opening_id>/closing")
@only("editor")
def close(opening_id: int) -> ResponseReturnValue:
    opening = db.session.get(Opening, opening_id) or abort(404)
    openings.close(db.session(), opening, now=clock.now())
    db.session.commit()
    flash(_("Enrolment is closed. Readers can wait for the next one."), "done")
    return redirect(url_for(".course", course_id=opening.course_id), 303)


@bp.post("/deliveries/<int:delivery_id>/again")
@only("editor")
def send_again(delivery_id: int) -> ResponseReturnValue:
    one = db.session.get(Delivery, delivery_id) or abort(404)
    opening = (db.session.get(Opening, one.opening_id) if one.opening_id else None) or abort(404)
    try:
        delivery.send_again(db.session(), one, by=current_user, now=clock.now())
    except Refusal as refusal:
        flash(_(refusal.sentence), "error")
    else:
        db.session.commit()
        work.wake(current_app._get_current_object())  # type: ignore[attr-defined]
        flash(_("It is sent once more."), "done")
    return redirect(url_for(".course", course_id=opening.course_id), 303)


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
