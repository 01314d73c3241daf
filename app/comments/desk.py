"""What was decided, and the figures. The queue and pruning have their own files."""

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue

from ..db import db
from ..letters import reading
from ..web import column, desk, now, only
from . import figures, moderation

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
        years=reading.years(session, moment),
    )
