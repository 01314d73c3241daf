"""What was decided, pruning, and the figures. The queue has its own file."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from .. import clock
from ..db import db
from ..letters import reading
from ..letters.models import Letter
from ..refusals import Refusal
from ..web import column, desk, now, only
from . import figures, moderation, pruning
from .forms import PruningForm
from .models import Comment

bp = desk("comments", "")

MOST_COUNTED = 100_000
"""Waiting comments that the figures count; a flood is said to be more."""


@bp.get("/comments")
@only("moderator", "editor")
def comments() -> ResponseReturnValue:
    standing = request.args.get("standing")
    if standing not in ("published", "declined", "pruned", None):
        abort(404)
    decided = moderation.decided(db.session(), limit=100, standing=standing)
    return render_template("desk/comments.html", comments=decided, standing=standing)


@bp.get("/pruning")
@only("moderator", "editor")
def letters_to_prune() -> ResponseReturnValue:
    return render_template("desk/letters_to_prune.html", letters=pruning.letters(db.session(), limit=200))


@bp.get("/pruning/<int:letter_id>")
@only("moderator", "editor")
def letter_to_prune(letter_id: int) -> ResponseReturnValue:
    letter = db.session.get(Letter, letter_id) or abort(404)
    comments = pruning.candidates(db.session(), letter.id)
    return render_template("desk/pruning.html", letter=letter, comments=comments)


@bp.route("/comments/<int:comment_id>/pruning", methods=["GET", "POST"])
@only("moderator", "editor")
def prune(comment_id: int) -> ResponseReturnValue:
    comment = db.session.get(Comment, comment_id) or abort(404)
    form = PruningForm()
    if not form.validate_on_submit():
        return render_template("desk/prune.html", comment=comment, form=form)
    try:
        pruning.prune(db.session(), comment, by=current_user, now=clock.now())
    except Refusal as refusal:
        flash(_(refusal.sentence), "error")
    else:
        db.session.commit()
        flash(_("Pruned: the comment has left the site for good."), "done")
    return redirect(url_for(".letter_to_prune", letter_id=comment.letter_id), 303)


@bp.get("/figures")
@only("moderator", "editor")
def desk_figures() -> ResponseReturnValue:
    session, moment = db.session(), now()
    return render_template(
        "desk/figures.html",
        share=figures.share(session, moment),
        target=column().target_percent,
        number=moderation.pending_number(session, at_most=MOST_COUNTED),
        number_is_least=MOST_COUNTED,
        oldest=figures.oldest_pending(session),
        waits=figures.waits(session, moment),
        months=figures.by_month(session, moment),
        editors=figures.by_editor(session, moment),
        letters=figures.by_letter(session),
        years=reading.years(session, moment),
    )
