"""A reader's question comes in."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from .. import clock
from ..db import db, writing
from ..forms import status_of
from ..letters import likeness
from ..web import limiter, now
from . import door, inbox
from .forms import QuestionForm

bp = Blueprint("questions", __name__)

ANSWERS_SHOWN = 5


@bp.get("/ask/")
def ask() -> ResponseReturnValue:
    return _page(QuestionForm())


@bp.post("/ask/")
@limiter.limit("60/hour")
def send() -> ResponseReturnValue:
    form = QuestionForm(request.form)
    if "look" in request.form:
        return _look(form)
    if not form.validate():
        return _page(form), status_of(form)
    try:
        inbox.send(db.session(), name=form.name.data, text=form.text.data, email=form.email.data, now=clock.now())
    except door.InboxClosed as refusal:
        return _page(form, refused=_(refusal.sentence)), 409
    db.session.commit()
    return redirect(url_for(".thanks"), 303)


def _look(form: QuestionForm) -> ResponseReturnValue:
    """Letters that may have answered it already: nothing is sent, and nothing is kept."""
    with writing(False):
        text = (form.text.data or "")[: inbox.LONGEST_TEXT]
        found = likeness.like(db.session(), text, now(), limit=ANSWERS_SHOWN)
        return _page(form, looked=True, found=found)


def _page(form: QuestionForm, **more: object) -> str:
    return render_template("questions/ask.html", form=form, closing=door.closing(db.session()), **more)


@bp.get("/ask/thanks")
def thanks() -> ResponseReturnValue:
    return render_template("questions/thanks.html")
