"""What was decided, and the figures. The queue and pruning have their own files."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from .. import clock
from ..db import db
from ..letters import reading
from ..refusals import Refusal
from ..web import column, desk, now, only
from . import figures, moderation, same_address, second_look
from .models import VERDICTS, Comment

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
        agreement=second_look.agreement(session, moment),
        fewest=second_look.FEWEST,
        differences=second_look.differences(session),
        years=reading.years(session, moment),
    )


@bp.get("/second-look")
@only("moderator", "editor")
def next_look() -> ResponseReturnValue:
    days = column().declined_days
    comment = second_look.next_one(db.session(), by=current_user, declined_days=days, now=now())
    return render_template("desk/second_look.html", comment=comment)


@bp.post("/comments/<int:comment_id>/second-look")
@only("moderator", "editor")
def look(comment_id: int) -> ResponseReturnValue:
    comment = db.session.get(Comment, comment_id) or abort(404)
    opinion = request.form.get("opinion", "")
    if opinion not in VERDICTS:
        abort(400)
    try:
        second_look.record(db.session(), comment, opinion, by=current_user, now=clock.now())
    except Refusal as refusal:
        flash(_(refusal.sentence), "error")
    else:
        db.session.commit()
        flash(_("Kept. It changes nothing."), "done")
    return redirect(url_for(".next_look"), 303)


@bp.get("/comments/<int:comment_id>/history")
@only("moderator", "editor")
def history(comment_id: int) -> ResponseReturnValue:
    comment = db.session.get(Comment, comment_id) or abort(404)
    comments = same_address.of_same_sender(db.session(), comment, pending=not column().hide_names)
    return render_template("desk/same_address.html", comment=comment, comments=comments)
