"""Opening enrolment at the desk: write the notice, look at it, open; then see how it is sent, and have a hand in it."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta

from flask import Response, abort, current_app, flash, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from .. import clock, posting, work
from ..db import db
from ..mail import delivery
from ..mail.messages import Desk, Parts
from ..mail.models import Delivery
from ..mail.signing import NoKey
from ..memory import remembering
from ..refusals import Refusal
from ..text import tables
from ..web import CONTENT_SECURITY_POLICY, column, desk, only
from . import mails, waitlist
from . import opening as openings
from .forms import ConfirmForm, NoticeForm, OpeningForm
from .models import Course, NoticeDraft, Opening

bp = desk("openings", "/courses")

WITH_FRAME = CONTENT_SECURITY_POLICY + "; frame-src 'self'"
IN_FRAME = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
"""The mail itself, in a frame of our page: its styles are inline as in every mail, and it may do nothing at all."""
RESTS = ("stop", "send")
"""What becomes of notices that have not left when enrolment is closed."""
AT_THE_PRESS = 10
"""Portions of a stopped opening's subscribers that wait again with the press itself."""


@bp.route("/<int:course_id>/notice", methods=["GET", "POST"])
@only("editor")
def notice(course_id: int) -> ResponseReturnValue:
    course = _course_or_404(course_id)
    draft = openings.draft(db.session(), course)
    form = NoticeForm(obj=draft, text=draft.text_source if draft else None)
    if not form.validate_on_submit():
        return _notice_page(course, draft, form)
    draft = openings.save_draft(
        db.session(),
        course,
        subject=form.subject.data,
        text=form.text.data,
        link=form.link.data,
        by=current_user,
        now=clock.now(),
    )
    if form.trial.data:
        delivery.put(db.session(), "trial", about_id=draft.id, now=clock.now())
        flash(_("It is on its way to you: %(address)s", address=current_user.email), "done")
    db.session.commit()
    work.wake(current_app._get_current_object())  # type: ignore[attr-defined]
    return redirect(url_for(".notice", course_id=course_id, _anchor="arrives"), 303)


@bp.get("/<int:course_id>/notice/as-it-arrives")
@only("editor")
def as_it_arrives(course_id: int) -> ResponseReturnValue:
    draft = openings.draft(db.session(), _course_or_404(course_id)) or abort(404)
    return _parts(draft).html, 200, {"Content-Security-Policy": IN_FRAME}


@bp.post("/<int:course_id>/opening")
@only("editor")
def open_enrolment(course_id: int) -> ResponseReturnValue:
    course = _course_or_404(course_id)
    form = OpeningForm()
    if not form.validate():
        abort(422)
    try:
        opening = openings.open_as_written(
            db.session(),
            course,
            seen=form.seen.data or "",
            number=form.number.data or 0,
            language=column().language,
            by=current_user,
            now=clock.now(),
        )
    except Refusal as refusal:
        db.session.rollback()
        flash(_(refusal.sentence), "error")
        return redirect(url_for(".notice", course_id=course_id), 303)
    db.session.commit()
    work.wake(current_app._get_current_object())  # type: ignore[attr-defined]
    flash(_("Enrolment is open. The notices are on their way."), "done")
    return redirect(url_for(".opening", opening_id=opening.id), 303)


@bp.get("/openings/<int:opening_id>")
@only("editor")
def opening(opening_id: int) -> ResponseReturnValue:
    """How the notices fare. It renews itself, with a script or without."""
    opening, now = _opening_or_404(opening_id), clock.now()
    counts = openings.progress(db.session(), opening)
    to_go = counts.get("waiting", 0) + counts.get("sending", 0)
    put_off_until = openings.put_off_until(db.session(), opening, now=now) if to_go else None
    rests = opening.paused_at or opening.stopped_at or put_off_until
    speed = 0.0 if rests else openings.per_second(db.session(), opening, now=now)
    return render_template(
        "desk/opening.html",
        opening=opening,
        counts=counts,
        total=sum(counts.values()),
        to_go=to_go,
        speed=speed,
        left=timedelta(seconds=to_go / speed) if speed and to_go else None,
        have_not_left=opening.have_not_left(counts),
        last_refusal=openings.last_refusal(db.session(), opening) if to_go else "",
        put_off_until=put_off_until,
        without_key=bool(to_go) and _without_key(),
        to_look_at=openings.to_look_at(db.session(), opening),
        form=ConfirmForm(),
    )


def _without_key() -> bool:
    """Does nothing leave because the key that signs mails is not here."""
    try:
        posting.key_of(current_app.extensions["config"], column())
    except NoKey:
        return True
    return False


@bp.post("/openings/<int:opening_id>/closing")
@only("editor")
def close(opening_id: int) -> ResponseReturnValue:
    """Of notices that have not left it must be said what becomes of them: nobody is told of what is closed unasked."""
    opening, rest = _opening_or_404(opening_id), request.form.get("rest")
    if (
        rest not in RESTS
        and opening.closed_at is None
        and opening.have_not_left(openings.progress(db.session(), opening))
    ):
        flash(_("Some notices have not left yet. Say what becomes of them; nothing was closed."), "error")
        return redirect(url_for(".opening", opening_id=opening_id) + "#closing", 303)
    if rest == "stop":
        with suppress(openings.Stopped):  # pressed twice
            openings.stop(db.session(), opening, now=clock.now())
    openings.close(db.session(), opening, now=clock.now())
    return _set_free(_done(opening, _("Enrolment is closed. Readers can wait for the next one.")))


@bp.post("/openings/<int:opening_id>/pause")
@only("editor")
def pause(opening_id: int) -> ResponseReturnValue:
    return _changed(
        opening_id,
        lambda one: openings.pause(db.session(), one, now=clock.now()),
        _("Paused. Nothing leaves until you go on."),
    )


@bp.post("/openings/<int:opening_id>/going-on")
@only("editor")
def resume(opening_id: int) -> ResponseReturnValue:
    return _changed(opening_id, lambda one: openings.resume(db.session(), one), _("It goes on where it was."))


@bp.post("/openings/<int:opening_id>/stop")
@only("editor")
def stop(opening_id: int) -> ResponseReturnValue:
    said = _("Stopped. Who has got no notice waits for the next opening.")
    return _set_free(_changed(opening_id, lambda one: openings.stop(db.session(), one, now=clock.now()), said))


def _set_free(answer: ResponseReturnValue) -> ResponseReturnValue:
    """The page that follows says who waits again; of very many the worker does the rest."""
    for _portion in range(AT_THE_PRESS):
        if not openings.give_up_stopped(db.session(), now=clock.now()):
            break
        db.session.commit()
    return answer


@bp.post("/openings/<int:opening_id>/retrial")
@only("editor")
def retry_failed(opening_id: int) -> ResponseReturnValue:
    opening = _opening_or_404(opening_id)
    try:
        number = openings.retry_failed(db.session(), opening, by=current_user, now=clock.now())
    except Refusal as refusal:
        return _refused(opening, refusal)
    return _done(opening, ngettext("%(num)d notice is tried again.", "%(num)d notices are tried again.", number))


@bp.post("/openings/<int:opening_id>/notices.csv")
@only("editor")
def notices(opening_id: int) -> ResponseReturnValue:
    """Who got the notice and when, row by row, whatever their number. A POST, as that of the waitlist (desk)."""
    opening = _opening_or_404(opening_id)
    name = f"{opening.course.slug}-{opening.opened_at:%Y-%m-%d}-notices.csv"
    host = posting.letterhead(current_app.extensions["config"], column()).host
    remembering.remember(db.session(), "took_along", by=current_user, now=clock.now(), course=opening.course)
    db.session.commit()
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(stream_with_context(_csv(opening_id, host)), mimetype="text/csv", headers=headers)


def _csv(opening_id: int, host: str) -> Iterator[str]:
    yield tables.MARK + tables.line(["address", "state", "finished", "message-id", "reply"])
    for row in openings.told(db.session(), db.session.get_one(Opening, opening_id)):
        finished = f"{row.finished_at:%Y-%m-%d %H:%M:%S}" if row.finished_at else ""
        yield tables.line([row.email, row.state, finished, f"<{row.name}@{host}>", row.reply])


@bp.post("/deliveries/<int:delivery_id>/again")
@only("editor")
def send_again(delivery_id: int) -> ResponseReturnValue:
    return _settled(delivery_id, delivery.send_again, _("It is sent once more."))


@bp.post("/deliveries/<int:delivery_id>/arrival")
@only("editor")
def take_as_sent(delivery_id: int) -> ResponseReturnValue:
    return _settled(delivery_id, delivery.take_as_sent, _("It counts as sent."))


def _settled(delivery_id: int, settle: Callable[..., None], sentence: str) -> ResponseReturnValue:
    one = db.session.get(Delivery, delivery_id) or abort(404)
    opening = (db.session.get(Opening, one.opening_id) if one.opening_id else None) or abort(404)
    try:
        settle(db.session(), one, by=current_user, now=clock.now())
    except Refusal as refusal:
        return _refused(opening, refusal)
    return _done(opening, sentence)


def _changed(opening_id: int, change: Callable[[Opening], None], sentence: str) -> ResponseReturnValue:
    opening = _opening_or_404(opening_id)
    try:
        change(opening)
    except Refusal as refusal:
        return _refused(opening, refusal)
    return _done(opening, sentence)


def _done(opening: Opening, sentence: str) -> ResponseReturnValue:
    db.session.commit()
    work.wake(current_app._get_current_object())  # type: ignore[attr-defined]
    flash(sentence, "done")
    return redirect(url_for(".opening", opening_id=opening.id), 303)


def _refused(opening: Opening, refusal: Refusal) -> ResponseReturnValue:
    opening_id = opening.id
    db.session.rollback()
    flash(_(refusal.sentence), "error")
    return redirect(url_for(".opening", opening_id=opening_id), 303)


def _notice_page(course: Course, draft: NoticeDraft | None, form: NoticeForm) -> ResponseReturnValue:
    page = render_template(
        "desk/notice.html",
        course=course,
        draft=draft,
        form=form,
        open_one=waitlist.open_one(db.session(), course),
        numbers=waitlist.numbers(db.session(), course),
        arrives=_parts(draft) if draft else None,
        letterhead=posting.letterhead(current_app.extensions["config"], column()),
        opening_form=OpeningForm(
            formdata=None,
            seen=draft.saved_at.isoformat() if draft else "",
            number=openings.next_number(db.session(), course),
        ),
    )
    return page, 422 if form.errors else 200, {"Content-Security-Policy": WITH_FRAME}


def _parts(draft: NoticeDraft) -> Parts:
    written = Desk(posting.letterhead(current_app.extensions["config"], column()))
    return written.parts(mails.as_it_will_arrive(draft, written.letterhead), "notice")


def _course_or_404(course_id: int) -> Course:
    return db.session.get(Course, course_id) or abort(404)


def _opening_or_404(opening_id: int) -> Opening:
    return db.session.get(Opening, opening_id) or abort(404)
