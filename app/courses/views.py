"""A course's page and its waitlist, for readers."""

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from .. import clock, work
from ..column import erasing
from ..db import db
from ..forms import status_of
from ..web import language, private
from . import tallies, waitlist
from .forms import WaitlistForm
from .models import Course, Subscriber

bp = Blueprint("courses", __name__)


@bp.get("/courses/<slug>/")
def course(slug: str) -> ResponseReturnValue:
    """The page in the site's language, or with `?language=` in another one that the course has."""
    course = _course_or_404(slug)
    asked = request.args.get("language")
    if asked is not None and asked not in course.texts:
        abort(404)
    return _course_page(course, WaitlistForm(), asked)


@bp.post("/courses/<slug>/waitlist")
def ask(slug: str) -> ResponseReturnValue:
    course = _course_or_404(slug)
    form = WaitlistForm(request.form)
    if not form.validate():
        return _course_page(course, form), status_of(form)
    try:
        tallies.admit(db.session(), request.remote_addr, now=clock.now())
        waitlist.ask(db.session(), course, form.email.data, now=clock.now())
    except tallies.AskedTooOften as refusal:
        db.session.rollback()  # a refused one counts nowhere
        form.email.errors = [_(refusal.sentence)]
        return _course_page(_course_or_404(slug), form), 429, {"Retry-After": "3600"}
    except waitlist.EnrolmentIsOpen:
        db.session.rollback()
        return redirect(url_for(".course", slug=slug), 303)
    db.session.commit()
    work.wake(current_app._get_current_object())  # type: ignore[attr-defined]
    return redirect(url_for(".asked", slug=slug), 303)


@bp.get("/courses/<slug>/thanks")
def asked(slug: str) -> ResponseReturnValue:
    return render_template("courses/asked.html", course=_course_or_404(slug))


def _stale(link: str) -> ResponseReturnValue:
    """There is nobody behind this link; "trial" stands in the notice that an editor sent to themself."""
    return private(render_template("courses/stale.html", trial=link == "trial"), 404)


@bp.get("/waitlist/confirm/<token>")
def confirm_button(token: str) -> ResponseReturnValue:
    """One button: mail scanners follow links, and only people press buttons."""
    try:
        subscriber = waitlist.by_confirm_token(db.session(), token)
    except waitlist.LinkIsStale:
        return _stale(token)
    return _confirm_page(subscriber, done=bool(subscriber.confirmed_at))


@bp.post("/waitlist/confirm/<token>")
def confirm(token: str) -> ResponseReturnValue:
    try:
        subscriber = waitlist.by_confirm_token(db.session(), token)
        waitlist.confirm(db.session(), subscriber, now=clock.now())
    except waitlist.LinkIsStale:
        return _stale(token)
    db.session.commit()
    return _confirm_page(subscriber, done=True)


def _confirm_page(subscriber: Subscriber, *, done: bool) -> ResponseReturnValue:
    opening = waitlist.open_one(db.session(), subscriber.course)
    return private(render_template("courses/confirm.html", subscriber=subscriber, opening=opening, done=done))


@bp.get("/waitlist/leave/<token>")
def leave_button(token: str) -> ResponseReturnValue:
    try:
        subscriber = waitlist.by_leave_token(db.session(), token)
    except waitlist.LinkIsStale:
        return _stale(token)
    return private(render_template("courses/leave.html", subscriber=subscriber, done=bool(subscriber.left_at)))


@bp.post("/waitlist/leave/<token>")
def leave(token: str) -> ResponseReturnValue:
    """The button's POST, and the one-click POST of RFC 8058, sent by mail programs with no cookie and no Origin."""
    try:
        subscriber = waitlist.by_leave_token(db.session(), token)
    except waitlist.LinkIsStale:
        return _stale(token)
    waitlist.leave(db.session(), subscriber, now=clock.now())
    db.session.commit()
    return private(render_template("courses/leave.html", subscriber=subscriber, done=True))


@bp.get("/waitlist/next/<token>")
def next_button(token: str) -> ResponseReturnValue:
    try:
        told = waitlist.told_by_leave_token(db.session(), token)
    except waitlist.LinkIsStale:
        return _stale(token)
    again = waitlist.waits_again(db.session(), told)
    return private(render_template("courses/next.html", subscriber=again or told, done=again is not None))


@bp.post("/waitlist/next/<token>")
def wait_again(token: str) -> ResponseReturnValue:
    try:
        again = waitlist.wait_again(db.session(), waitlist.told_by_leave_token(db.session(), token), now=clock.now())
    except waitlist.LinkIsStale:
        return _stale(token)
    db.session.commit()
    return private(render_template("courses/next.html", subscriber=again, done=True))


@bp.get("/waitlist/erase/<token>")
def erase_button(token: str) -> ResponseReturnValue:
    try:
        subscriber = waitlist.known_by_leave_token(db.session(), token)
    except waitlist.LinkIsStale:
        return _stale(token)
    return private(render_template("erasing/erase.html", email=subscriber.email, done=None))


@bp.post("/waitlist/erase/<token>")
def erase(token: str) -> ResponseReturnValue:
    """Whoever has the link has the mailbox: all that was ever sent with its address goes, at once and everywhere."""
    try:
        subscriber = waitlist.known_by_leave_token(db.session(), token)
    except waitlist.LinkIsStale:
        return _stale(token)
    secret = current_app.extensions["config"].secret_key
    done = erasing.erase(db.session(), subscriber.email, secret_key=secret, now=clock.now())
    db.session.commit()
    return private(render_template("erasing/erase.html", email="", done=done))


def _course_or_404(slug: str) -> Course:
    return db.session.scalar(select(Course).where(Course.slug == slug)) or abort(404)


def _course_page(course: Course, form: WaitlistForm, asked: str | None = None) -> str:
    opening = waitlist.open_one(db.session(), course)
    said, described = course.said(asked or language()), course.described(asked or language())
    return render_template(
        "courses/course.html", course=course, said=said, described=described, opening=opening, waitlist_form=form
    )
