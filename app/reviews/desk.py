"""The second pair of eyes, at the desk."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from .. import clock
from ..db import db
from ..letters.models import Letter
from ..refusals import Refusal
from ..text import letter as letter_text
from ..web import desk, now, only
from . import draft_links, reviewing
from .forms import LinkForm, MarkForm, VerdictForm
from .models import OUTCOMES, Mark, Outcome

bp = desk("reviews", "")


@bp.get("/letters/<int:letter_id>/review")
@only("writer", "editor")
def review(letter_id: int) -> ResponseReturnValue:
    return _page(_letter_or_404(letter_id))


@bp.post("/letters/<int:letter_id>/review")
@only("writer", "editor")
def ask(letter_id: int) -> ResponseReturnValue:
    try:
        reviewing.ask(db.session(), _letter_or_404(letter_id), by=current_user, now=clock.now())
    except Refusal as refusal:
        flash(_(refusal.sentence), "error")
    else:
        db.session.commit()
        flash(_("The editors see that it waits for them."), "done")
    return redirect(url_for(".review", letter_id=letter_id), 303)


@bp.post("/letters/<int:letter_id>/review/verdict")
@only("editor")
def settle(letter_id: int) -> ResponseReturnValue:
    letter, form = _letter_or_404(letter_id), VerdictForm()
    outcome = _outcome()
    if not form.validate_on_submit():
        return _page(letter, verdict_form=form), 422
    try:
        reviewing.settle(db.session(), letter, outcome, form.word.data, by=current_user, now=clock.now())
    except reviewing.NothingAsked as refusal:
        flash(_(refusal.sentence), "error")
        return redirect(url_for(".review", letter_id=letter_id), 303)
    db.session.commit()
    if outcome == "returned":
        flash(_("Returned to its writer."), "done")
        return redirect(url_for("letters_desk.letters"), 303)
    flash(_("Accepted. Now it needs its Friday."), "done")
    return redirect(url_for("letters_desk.slot", letter_id=letter_id), 303)


def _outcome() -> Outcome:
    """Which of the two buttons was pressed."""
    for one in OUTCOMES:
        if request.form.get("outcome") == one:
            return one
    abort(400)


@bp.post("/letters/<int:letter_id>/marks")
@only("writer", "editor")
def mark(letter_id: int) -> ResponseReturnValue:
    letter, form = _letter_or_404(letter_id), MarkForm()
    if form.validate_on_submit():
        passage = (form.passage.data or "").replace("\r\n", "\n")
        try:
            reviewing.mark(db.session(), letter, passage, form.text.data, by=current_user, now=clock.now())
        except reviewing.PassageIsGone as refusal:
            form.text.errors = [_(refusal.sentence)]
        else:
            db.session.commit()
            flash(_("The remark is kept."), "done")
            return redirect(url_for(".review", letter_id=letter_id), 303)
    return _page(letter, wrong=form), 422


@bp.post("/marks/<int:mark_id>/done")
@only("writer", "editor")
def done(mark_id: int) -> ResponseReturnValue:
    row = db.session.get(Mark, mark_id) or abort(404)
    reviewing.done(db.session(), row, by=current_user, now=clock.now())
    db.session.commit()
    return redirect(url_for(".review", letter_id=row.letter_id), 303)


@bp.post("/letters/<int:letter_id>/links")
@only("writer", "editor")
def make_link(letter_id: int) -> ResponseReturnValue:
    letter, form = _letter_or_404(letter_id), LinkForm()
    if not form.validate_on_submit():
        return _page(letter, link_form=form), 422
    token = draft_links.make(db.session(), letter, days=form.days.data, by=current_user, now=clock.now())
    db.session.commit()
    return _page(letter, made=url_for("drafts.draft", token=token))


@bp.post("/letters/<int:letter_id>/links/<int:link_id>/end")
@only("writer", "editor")
def end_link(letter_id: int, link_id: int) -> ResponseReturnValue:
    draft_links.end(db.session(), _letter_or_404(letter_id), link_id)
    db.session.commit()
    flash(_("The link shows nothing any more."), "done")
    return redirect(url_for(".review", letter_id=letter_id), 303)


def _page(letter: Letter, **more: object) -> str:
    session = db.session()
    passages, marks = reviewing.passages(letter), reviewing.marks(session, letter)
    standing = {passage for some in passages.values() for passage in some}
    return render_template(
        "desk/review.html",
        **{"verdict_form": VerdictForm(formdata=None), "link_form": LinkForm(), **more},
        letter=letter,
        reviews=reviewing.all_of(session, letter),
        parts={
            part: [(passage, letter_text.render(passage, letter.language)) for passage in some]
            for part, some in passages.items()
        },
        marks=[row for row in marks if row.passage in standing],
        lost=[row for row in marks if row.passage not in standing],
        links=draft_links.of_letter(session, letter, now=now()),
    )


def _letter_or_404(letter_id: int) -> Letter:
    return db.session.get(Letter, letter_id) or abort(404)
