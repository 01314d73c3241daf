"""A reader's question comes in."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from .. import clock
from ..db import db
from ..forms import status_of
from . import inbox
from .forms import QuestionForm

bp = Blueprint("questions", __name__)


@bp.get("/ask/")
def ask() -> ResponseReturnValue:
    return render_template("questions/ask.html", form=QuestionForm())


@bp.post("/ask/")
def send() -> ResponseReturnValue:
    form = QuestionForm(request.form)
    if not form.validate():
        return render_template("questions/ask.html", form=form), status_of(form)
    inbox.send(db.session(), name=form.name.data, text=form.text.data, email=form.email.data, now=clock.now())
    db.session.commit()
    return redirect(url_for(".thanks"), 303)


@bp.get("/ask/thanks")
def thanks() -> ResponseReturnValue:
    return render_template("questions/thanks.html")
