"""The inbox of questions."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from .. import clock
from ..db import db
from ..web import column, desk, only
from . import inbox
from .forms import InboxForm
from .models import Question

bp = desk("questions", "/questions")


@bp.get("")
@only("writer", "editor")
def questions() -> ResponseReturnValue:
    aside = "aside" in request.args
    found = inbox.set_aside_ones(db.session()) if aside else inbox.waiting(db.session())
    return render_template("desk/questions.html", questions=found, aside=aside, form=InboxForm())


@bp.get("/<int:question_id>")
@only("writer", "editor")
def question(question_id: int) -> ResponseReturnValue:
    question = db.session.get(Question, question_id) or abort(404)
    letter = inbox.letter_of(db.session(), question)
    return render_template("desk/question.html", question=question, letter=letter, form=InboxForm())


@bp.post("/<int:question_id>/letter")
@only("writer", "editor")
def make_letter(question_id: int) -> ResponseReturnValue:
    question = db.session.get(Question, question_id) or abort(404)
    try:
        letter = inbox.make_letter(db.session(), question, language=column().language, by=current_user, now=clock.now())
    except inbox.AlreadyALetter as refusal:
        flash(_(refusal.sentence), "error")
        return redirect(url_for(".question", question_id=question_id), 303)
    db.session.commit()
    return redirect(url_for("letters_desk.edit", letter_id=letter.id), 303)


@bp.post("/<int:question_id>/aside")
@only("writer", "editor")
def set_aside(question_id: int) -> ResponseReturnValue:
    question = db.session.get(Question, question_id) or abort(404)
    if question.set_aside_at is None:
        inbox.set_aside(db.session(), question, by=current_user, now=clock.now())
        flash(_("Set aside."), "done")
    else:
        inbox.take_back(db.session(), question)
        flash(_("Back in the inbox."), "done")
    db.session.commit()
    return redirect(url_for(".questions"), 303)
