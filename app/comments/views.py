"""A reader's comment comes in; a reader reports one."""

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from .. import clock
from ..db import db
from ..forms import status_of
from ..letters.views import letter_or_404, letter_page
from ..text import comment as comment_text
from ..web import limiter
from . import reports, same_address, submission, thread
from .forms import CommentForm
from .models import REASONS

bp = Blueprint("comments", __name__)


@bp.post("/letters/<name>/comments")
def submit(name: str) -> ResponseReturnValue:
    letter = letter_or_404(name)
    form = CommentForm(request.form)
    if not letter.takes_comments:
        return letter_page(letter, form), 403
    if not form.validate():
        return letter_page(letter, form), status_of(form)
    submission.submit(
        db.session(),
        letter,
        name=form.name.data,
        text=form.text.data,
        email=form.email.data,
        sender=same_address.sender_of(form.email.data, current_app.extensions["config"].secret_key),
        now=clock.now(),
    )
    db.session.commit()
    return redirect(url_for("comments.thanks", name=name), 303)


@bp.get("/letters/<name>/comments")
def letter_of(name: str) -> ResponseReturnValue:
    """Whoever asks for the address of a comment that could not be taken is led to its letter."""
    return redirect(f"/letters/{letter_or_404(name).name}/", 301)


@bp.post("/letters/<name>/comments/preview")
def preview(name: str) -> ResponseReturnValue:
    """The HTML that would be stored, for the form's live preview."""
    letter_or_404(name)
    text = CommentForm(request.form).text.data[: submission.LONGEST_TEXT]
    return comment_text.render(text), 200, {"Cache-Control": "no-store"}


@bp.get("/letters/<name>/thanks")
def thanks(name: str) -> ResponseReturnValue:
    return render_template("comments/thanks.html", letter=letter_or_404(name))


@bp.post("/letters/<name>/comments/<public_id>/report")
@limiter.limit("20/hour")
def report(name: str, public_id: str) -> ResponseReturnValue:
    """Whoever reports gets the same answer, whether it was the first report, the same one again, or the hundredth."""
    letter = letter_or_404(name)
    comment = thread.by_public_id(db.session(), letter, public_id) or abort(404)
    reason = request.form.get("reason", "")
    if reason not in REASONS:
        abort(400)
    secret = current_app.extensions["config"].secret_key
    reporter = reports.reporter_of(request.remote_addr or "", comment, secret)
    reports.report(db.session(), comment, reason, reporter=reporter, now=clock.now())
    db.session.commit()
    return redirect(url_for("comments.reported", name=name), 303)


@bp.get("/letters/<name>/reported")
def reported(name: str) -> ResponseReturnValue:
    return render_template("comments/reported.html", letter=letter_or_404(name))
