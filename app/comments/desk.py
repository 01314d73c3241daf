"""The queue, what was decided, pruning, and the figures."""

from datetime import datetime

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
from .forms import DecisionForm, PruningForm
from .models import VERDICTS, Comment

bp = desk("comments", "")

PER_PAGE = 20


@bp.get("/queue")
@only("moderator", "editor")
def queue() -> ResponseReturnValue:
    comments = moderation.pending(db.session(), limit=PER_PAGE + 1, after=_place(request.args.get("after")))
    return render_template(
        "desk/queue.html",
        comments=comments[:PER_PAGE],
        seen_of=moderation.seen_of,
        more=_name_of_place(comments[PER_PAGE - 1]) if len(comments) > PER_PAGE else None,
        after=request.args.get("after"),
        number=moderation.pending_number(db.session()),
        share=figures.share(db.session(), now()),
        target=column().target_percent,
        form=DecisionForm(),
    )


@bp.post("/comments/<int:comment_id>/decision")
@only("moderator", "editor")
def decide(comment_id: int) -> ResponseReturnValue:
    comment = db.session.get(Comment, comment_id) or abort(404)
    verdict = request.form.get("verdict", "")
    if verdict not in VERDICTS:
        abort(400)
    seen = request.form.get("seen", "")
    try:
        moderation.decide(db.session(), comment, verdict, by=current_user, now=clock.now(), seen=seen)
    except moderation.AlreadyDecided as refusal:
        return render_template("desk/decided_before.html", comment=comment, decision=refusal.decision), 409
    except moderation.NotWhatYouSaw as refusal:
        flash(_(refusal.sentence), "error")
        return redirect(url_for(".queue"), 303)
    db.session.commit()
    flash(_("Published.") if verdict == "published" else _("Declined."), "done")
    return redirect(url_for(".queue", after=request.form.get("after") or None), 303)


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
    return render_template(
        "desk/figures.html",
        share=figures.share(db.session(), now()),
        target=column().target_percent,
        years=reading.years(db.session(), now()),
    )


def _name_of_place(comment: Comment) -> str:
    """A place in the queue as it stands in an address: the last comment of a page."""
    return f"{comment.submitted_at.isoformat()}_{comment.id}"


def _place(name: str | None) -> tuple[datetime, int] | None:
    if not name:
        return None
    try:
        moment, comment_id = name.replace(" ", "+").split("_")
        return datetime.fromisoformat(moment), int(comment_id)
    except ValueError:
        abort(400)
