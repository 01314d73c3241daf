"""The inbox of questions."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from .. import clock
from ..db import db
from ..forms import row_number
from ..refusals import Refusal
from ..text.differences import differences
from ..web import column, desk, only
from . import door, inbox, merging
from .forms import ClosingForm, MergingForm, NoteForm
from .models import Contact, Question

bp = desk("questions", "/questions")


@bp.get("")
@only("writer", "editor")
def questions() -> ResponseReturnValue:
    session, asked = db.session(), request.args.get("q", "").strip()[:200]
    page = max(request.args.get("page", 1, row_number), 1)
    standing = request.args.get("standing", "new")
    if standing not in inbox.STANDINGS:
        abort(404)
    rows, more = inbox.found(session, asked, page=page) if asked else inbox.listed(session, standing, page=page)
    return render_template(
        "desk/questions.html",
        questions=rows,
        more=more,
        page=page,
        asked=asked,
        standing="" if asked else standing,
        numbers=inbox.numbers(session),
        noted=inbox.noted(session, rows),
        more_of=merging.asked_by_more(session, rows),
        closing=door.closing(session),
    )


@bp.get("/<int:question_id>")
@only("writer", "editor")
def question(question_id: int) -> ResponseReturnValue:
    return _page(_question_or_404(question_id))


@bp.post("/<int:question_id>/letter")
@only("writer", "editor")
def make_letter(question_id: int) -> ResponseReturnValue:
    question = _question_or_404(question_id)
    try:
        letter = inbox.make_letter(db.session(), question, language=column().language, by=current_user, now=clock.now())
    except inbox.AlreadyALetter as refusal:
        flash(_(refusal.sentence), "error")
        return redirect(url_for(".question", question_id=question_id), 303)
    db.session.commit()
    return redirect(url_for("letters_desk.edit", letter_id=letter.id), 303)


@bp.post("/<int:question_id>/shortlisting")
@only("writer", "editor")
def shortlist(question_id: int) -> ResponseReturnValue:
    inbox.shortlist(db.session(), _question_or_404(question_id), by=current_user, now=clock.now())
    return _done(question_id, _("It is on the shortlist."))


@bp.post("/<int:question_id>/aside")
@only("writer", "editor")
def set_aside(question_id: int) -> ResponseReturnValue:
    inbox.set_aside(db.session(), _question_or_404(question_id), by=current_user, now=clock.now())
    return _done(question_id, _("Set aside."))


@bp.post("/<int:question_id>/return")
@only("writer", "editor")
def back_to_new(question_id: int) -> ResponseReturnValue:
    inbox.back_to_new(db.session(), _question_or_404(question_id))
    return _done(question_id, _("Back in the inbox."))


@bp.post("/<int:question_id>/notes")
@only("writer", "editor")
def note(question_id: int) -> ResponseReturnValue:
    question, form = _question_or_404(question_id), NoteForm()
    if not form.validate_on_submit():
        return _page(question, note_form=form), 422
    inbox.note(db.session(), question, form.text.data, by=current_user, now=clock.now())
    return _done(question_id, _("Noted."))


@bp.post("/<int:question_id>/merging")
@only("writer", "editor")
def merge(question_id: int) -> ResponseReturnValue:
    question, form = _question_or_404(question_id), MergingForm()
    if not form.validate_on_submit():
        return _page(question, merging_form=form), 422
    into = db.session.get(Question, form.into.data)
    if into is None:
        form.into.errors = [_("No question has this number.")]
        return _page(question, merging_form=form), 422
    try:
        merging.merge(db.session(), question, into, by=current_user, now=clock.now())
    except Refusal as refusal:
        form.into.errors = [_(refusal.sentence)]
        return _page(question, merging_form=form), 422
    return _done(into.id, _("Merged: they are answered together."))


@bp.post("/<int:question_id>/parting")
@only("writer", "editor")
def take_apart(question_id: int) -> ResponseReturnValue:
    merging.take_apart(db.session(), _question_or_404(question_id))
    return _done(question_id, _("It stands by itself again."))


@bp.route("/door", methods=["GET", "POST"])
@only("editor")
def close() -> ResponseReturnValue:
    form, closed = ClosingForm(), door.closing(db.session())
    if form.validate_on_submit():
        try:
            door.close(db.session(), form.text.data, by=current_user, now=clock.now())
        except door.AlreadyClosed as refusal:
            flash(_(refusal.sentence), "error")
        else:
            db.session.commit()
            flash(_("The inbox is closed."), "done")
        return redirect(url_for(".close"), 303)
    return render_template("desk/door.html", form=form, closing=closed), 422 if form.errors else 200


@bp.post("/door/opening")
@only("editor")
def open_again() -> ResponseReturnValue:
    door.open_again(db.session(), now=clock.now())
    db.session.commit()
    flash(_("The inbox is open again."), "done")
    return redirect(url_for(".questions"), 303)


def _page(question: Question, **forms: object) -> str:
    session = db.session()
    letter = inbox.letter_of(session, question)
    merged = merging.goes_with(session, question)
    return render_template(
        "desk/question.html",
        **{"note_form": NoteForm(formdata=None), "merging_form": MergingForm(formdata=None), **forms},
        question=question,
        standing=inbox.standing_of(session, question),
        contact=session.get(Contact, question.id),
        letter=letter,
        changes=differences(question.text_source, letter.question_source) if letter else [],
        goes_with=merged,
        merged=merging.merged_into(session, question),
        alike=[] if letter or merged else merging.alike(session, question),
        notes=inbox.notes(session, question),
    )


def _done(question_id: int, said: str) -> ResponseReturnValue:
    db.session.commit()
    flash(said, "done")
    return redirect(url_for(".question", question_id=question_id), 303)


def _question_or_404(question_id: int) -> Question:
    return db.session.get(Question, question_id) or abort(404)
