"""Operations: is it alive, is it ready. And what readers may know and do about what is kept of them."""

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError

from .. import clock, work
from ..courses import tallies, waitlist
from ..db import db
from ..forms import status_of
from ..web import private
from . import erasing, erasing_keys, tables
from .forms import ErasureForm

bp = Blueprint("operations", __name__)
erasing_bp = Blueprint("erasing", __name__)


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return "ok\n", 200, {"Content-Type": "text/plain", "Cache-Control": "no-store"}


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """The database answers, with the tables of this version."""
    headers = {"Content-Type": "text/plain", "Cache-Control": "no-store"}
    try:
        ready = tables.are_up_to_date(db.session.connection())
    except SQLAlchemyError:
        return "the database does not answer\n", 503, headers
    if not ready:
        return "the database needs: flask --app wsgi db upgrade\n", 503, headers
    return "ok\n", 200, headers


@erasing_bp.get("/erase/")
def what_is_kept() -> ResponseReturnValue:
    """What is kept of readers and for how long, and the way to have it erased at once."""
    return _page(ErasureForm())


@erasing_bp.post("/erase/")
def ask() -> ResponseReturnValue:
    form = ErasureForm(request.form)
    if not form.validate():
        return _page(form), status_of(form)
    secret = current_app.extensions["config"].secret_key
    try:
        tallies.admit(db.session(), request.remote_addr, now=clock.now())
        erasing_keys.ask(db.session(), form.email.data, secret_key=secret, now=clock.now())
    except tallies.AskedTooOften as refusal:
        db.session.rollback()  # a refused one counts nowhere
        form.email.errors = [_(refusal.sentence)]
        return _page(form), 429, {"Retry-After": "3600"}
    db.session.commit()
    work.wake(current_app._get_current_object())  # type: ignore[attr-defined]
    return redirect(url_for(".asked"), 303)


@erasing_bp.get("/erase/sent")
def asked() -> ResponseReturnValue:
    return render_template("erasing/sent.html")


@erasing_bp.get("/erase/<token>")
def button(token: str) -> ResponseReturnValue:
    """One button: mail scanners follow links, and only people press buttons."""
    try:
        email = erasing_keys.holder(db.session(), token, now=clock.now())
    except erasing_keys.KeyIsSpent:
        return private(render_template("erasing/stale.html"), 404)
    return private(render_template("erasing/erase.html", email=email, done=None))


@erasing_bp.post("/erase/<token>")
def erase(token: str) -> ResponseReturnValue:
    try:
        email = erasing_keys.holder(db.session(), token, now=clock.now())
    except erasing_keys.KeyIsSpent:
        return private(render_template("erasing/stale.html"), 404)
    secret = current_app.extensions["config"].secret_key
    done = erasing.erase(db.session(), email, secret_key=secret, now=clock.now())
    db.session.commit()
    return private(render_template("erasing/erase.html", email="", done=done))


def _page(form: ErasureForm) -> str:
    return render_template("erasing/page.html", form=form, bounce_days=waitlist.BOUNCE_WINDOW.days)
