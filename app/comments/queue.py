"""The queue: one comment after the other, each decided once."""

from datetime import datetime
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from .. import clock
from ..db import db
from ..web import column, now, only
from . import figures, moderation
from .desk import bp
from .forms import DecisionForm
from .models import VERDICTS, Comment

PER_PAGE = 20


@bp.get("/queue")
@only("moderator", "editor")
def queue() -> ResponseReturnValue:
    comments = moderation.pending(db.session(), limit=PER_PAGE + 1, after=_place(request.args.get("after")))
    return render_template(
        "desk/queue.html",
        comments=comments[:PER_PAGE],
        seen_of=moderation.seen_of,
        beside=_beside(comments[:PER_PAGE]),
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


def _beside(comments: list[Comment]) -> dict[int, Any]:
    """{comment's id: what desk/_beside.html shows of it}, for all cards of a page at once."""
    return {}


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
