"""The queue at the desk: one comment after the other, or all of one letter; each decided once.

What a browser's script asks for and what a form without one sends come to the same routes; the script says that it
wants JSON.
"""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from .. import clock
from ..db import db
from ..forms import row_number, row_numbers
from ..letters.models import Letter
from ..refusals import Refusal
from ..web import column, decimal, now, only
from . import beside, doors, moderation, postponing, presence, setting_aside, thread, together, waiting
from .desk import bp
from .forms import SetAsideForm
from .models import PILES, VERDICTS, Comment, Decision, SetAside

PER_PAGE = 20
MOST_BESIDE = 30
"""Published comments shown beside a letter; the page of the letter has all."""
MOST_WATCHED = 200
"""Comments that a browser may ask after at once."""


@bp.get("/queue")
@only("moderator", "editor")
def queue() -> ResponseReturnValue:
    asked = {name: request.args[name] for name in ("order", "pile") if name in request.args}
    cases = _cases(PER_PAGE + 1)
    more = cases[PER_PAGE - 1].place if len(cases) > PER_PAGE else None
    del cases[PER_PAGE:]
    letters = {case.comment.letter.id: case.comment.letter for case in cases}
    numbers, share = waiting.head(db.session(), current_user, now=now())
    return render_template(
        "desk/queue.html",
        cases=cases,
        letters=letters.values(),
        threads=thread.under_each(db.session(), list(letters), latest=MOST_BESIDE),
        most_beside=MOST_BESIDE,
        seen_of=moderation.seen_of,
        beside=_beside([case.comment for case in cases]),
        asked=asked,
        more=more,
        after=request.args.get("after"),
        numbers=numbers,
        share=share,
        target=column().target_percent,
    )


def _cases(limit: int) -> list[waiting.Case]:
    after, since = request.args.get("after"), request.args.get("since", type=row_number)
    order = request.args.get("order", "oldest")
    session = db.session()
    try:
        if request.args.get("pile") == "maybe":
            return waiting.pile(session, current_user, now=now(), limit=limit, after=after)
        if order not in waiting.ORDERS:  # an old bookmark, or a slip of the hand
            abort(redirect(url_for(".queue"), 303))
        return waiting.line(session, current_user, now=now(), order=order, limit=limit, after=after, since=since)
    except waiting.NoPlace:
        abort(400)


def _beside(comments: list[Comment]) -> dict[int, beside.Beside]:
    """{comment's id: what desk/_beside.html shows of it}, for all cards of a page at once."""
    return beside.beside(db.session(), comments)


@bp.post("/comments/<int:comment_id>/decision")
@only("moderator", "editor")
def decide(comment_id: int) -> ResponseReturnValue:
    comment = moderation.to_decide(db.session(), comment_id) or abort(404)
    verdict = request.form.get("verdict", "")
    if verdict not in VERDICTS:
        abort(400)
    seen = request.form.get("seen", "")
    decision: Decision | moderation.Taken
    try:
        decision = moderation.decide(db.session(), comment, verdict, by=current_user, now=clock.now(), seen=seen)
    except moderation.AlreadyDecided as refusal:
        decision = refusal.decision
    except moderation.NotWhatYouSaw as refusal:
        if _wants_json():
            return {"refused": _(refusal.sentence)}, 422
        flash(_(refusal.sentence), "error")
        return _back_to_queue()
    taken = decision.verdict == verdict  # sent twice, or two editors of one mind: done is done
    # Said before the end of the transaction: another one would cost more than the decision. How many are left is not
    # counted here, for that takes as long as deciding; the page asks for it (pulse) when it has this answer.
    said = _in_words(decision, comment.name, comment.slot_zone) if _wants_json() else None
    db.session.commit()
    if said:
        return said, 200 if taken else 409
    if not taken:
        whole = db.session.get_one(Comment, comment_id)
        return render_template("desk/decided_before.html", comment=whole, decision=decision), 409
    flash(_("Published.") if verdict == "published" else _("Declined."), "done")
    return _back_to_queue()


@bp.post("/comments/<int:comment_id>/postponement")
@only("moderator", "editor")
def postpone(comment_id: int) -> ResponseReturnValue:
    comment = db.session.get(Comment, comment_id) or abort(404)
    pile = request.form.get("to")
    if pile in PILES:
        postponing.postpone(db.session(), comment, pile, by=current_user, now=clock.now())
    elif pile == "none":
        postponing.take_up(db.session(), comment, by=current_user)
    else:
        abort(400)
    db.session.commit()
    if _wants_json():
        return {"maybe": waiting.numbers(db.session(), current_user).maybe}
    said = {"skipped": _("Skipped: it waits at the end of your queue."), "maybe": _("It is on your pile.")}
    flash(said.get(pile, _("It waits in its turn again.")), "done")
    return _back_to_queue()


@bp.post("/queue/presence")
@only("moderator", "editor")
def read() -> ResponseReturnValue:
    """The browser says which comment its editor is reading."""
    presence.reading(db.session(), current_user, request.form.get("comment", 0, type=row_number), now=clock.now())
    db.session.commit()
    return "", 204


@bp.get("/queue/pulse")
@only("moderator", "editor")
def pulse() -> ResponseReturnValue:
    """What happened to the list that a browser shows: what came in, who reads what, what others decided."""
    ids = _ids(request.args.get("shown", ""))
    session = db.session()
    numbers = waiting.numbers(session, current_user)
    stand = moderation.decisions_on(session, ids)
    there = moderation.existing(session, ids)
    return {
        "left": how_many_wait(numbers.waiting),
        "maybe": numbers.maybe,
        "new": waiting.came_in(session, request.args.get("since", 0, type=row_number)),
        "readers": presence.readers(session, ids, but=current_user, now=now()),
        "decided": {comment.id: _in_words(one, comment.name, comment.letter.slot_zone) for comment, one in stand},
        "gone": sorted(set(ids) - there),
    }


@bp.get("/queue/letters")
@only("moderator", "editor")
def by_letter() -> ResponseReturnValue:
    return render_template("desk/queue_letters.html", letters=waiting.letters(db.session(), limit=200))


@bp.get("/queue/letters/<int:letter_id>")
@only("moderator", "editor")
def under_letter(letter_id: int) -> ResponseReturnValue:
    return _compare(db.session.get(Letter, letter_id) or abort(404))


@bp.post("/queue/letters/<int:letter_id>")
@only("moderator", "editor")
def look_again(letter_id: int) -> ResponseReturnValue:
    """Both lists once more before anything is decided; or the decisions, once they were seen so."""
    letter = db.session.get(Letter, letter_id) or abort(404)
    marks, since = _marks(), request.form.get("since", 0, type=row_number)
    if request.form.get("sure") == "yes":
        act = together.decide_together(db.session(), letter, marks, by=current_user, now=clock.now(), since=since)
        told: dict[str, Any] = {
            "done": _names([*act.published, *act.declined]),
            "before": _names([comment for comment, _decision in act.decided_before]),
            "changed": _names(act.changed),
            "gone": act.gone or None,
            "came": _names(act.came),
        }
        db.session.commit()
        return redirect(url_for(".decided_together", letter_id=letter_id, **told), 303)
    comments = {one.id: one for one in moderation.comments_of(db.session(), letter.id, [m.comment_id for m in marks])}
    shown = [(mark, comments[mark.comment_id]) for mark in marks if mark.comment_id in comments]
    if request.form.get("sure") == "no" or not any(mark.verdict for mark, _ in shown):
        marked = {mark.comment_id: mark.verdict or "none" for mark in marks}
        return _compare(letter, marked, nothing=request.form.get("sure") != "no")
    return render_template("desk/queue_sure.html", letter=letter, shown=shown, since=since)


@bp.get("/queue/letters/<int:letter_id>/act")
@only("moderator", "editor")
def decided_together(letter_id: int) -> ResponseReturnValue:
    """What became of an act; its address names the comments."""
    letter = db.session.get(Letter, letter_id) or abort(404)
    act = together.told(
        db.session(),
        letter,
        by=current_user,
        done=_ids(request.args.get("done", "")),
        before=_ids(request.args.get("before", "")),
        changed=_ids(request.args.get("changed", "")),
        gone=request.args.get("gone", 0, type=row_number),
        came=_ids(request.args.get("came", "")),
    )
    return render_template("desk/queue_act.html", letter=letter, act=act)


def _names(comments: list[Comment]) -> str | None:
    """The ids of comments as an address has them."""
    return ",".join(str(one.id) for one in comments) or None


def _ids(text: str) -> list[int]:
    """What `_names` wrote, or a script."""
    return row_numbers(text.split(",")[:MOST_WATCHED])


def _compare(letter: Letter, marked: Mapping[int, str] | None = None, *, nothing: bool = False) -> ResponseReturnValue:
    comments = waiting.under(db.session(), letter.id, limit=together.MOST + 1)
    return render_template(
        "desk/queue_letter.html",
        letter=letter,
        comments=comments[: together.MOST],
        more=len(comments) > together.MOST,
        marked=marked or {},
        nothing=nothing,
        since=waiting.numbers(db.session(), current_user).newest,
        seen_of=moderation.seen_of,
        beside=_beside(comments[: together.MOST]),
        published=thread.under(db.session(), letter),
    )


def _marks() -> list[together.Mark]:
    """What the form says of each comment: `verdict-7` and `seen-7`."""
    marks = []
    for name, verdict in request.form.items():
        number = name.removeprefix("verdict-")
        if name.startswith("verdict-") and number.isdecimal() and len(number) < 10:
            if verdict not in (*VERDICTS, "none"):
                abort(400)
            taken = verdict if verdict != "none" else None
            marks.append(together.Mark(int(number), request.form.get(f"seen-{number}", ""), taken))  # type: ignore[arg-type]
    return marks[: together.MOST]


@bp.post("/queue/letters/<int:letter_id>/door")
@only("moderator", "editor")
def door(letter_id: int) -> ResponseReturnValue:
    letter = db.session.get(Letter, letter_id) or abort(404)
    if request.form.get("door") == "closed":
        doors.close(db.session(), letter, now=clock.now())
        flash(_("“%(title)s” takes no more comments.", title=letter.title), "done")
    else:
        doors.open_again(db.session(), letter, now=clock.now())
        flash(_("“%(title)s” takes comments again.", title=letter.title), "done")
    db.session.commit()
    return redirect(url_for(".under_letter", letter_id=letter_id), 303)


@bp.route("/queue/set-aside", methods=["GET", "POST"])
@only("moderator", "editor")
def set_aside() -> ResponseReturnValue:
    form = SetAsideForm()
    if form.validate_on_submit():
        try:
            setting_aside.set_aside(db.session(), form.kind.data, form.words.data, by=current_user, now=clock.now())
        except Refusal as refusal:
            form.words.errors = [*form.words.errors, _(refusal.sentence)]
        else:
            _look_through()
            flash(_("Set aside: such comments wait at the end of the queue."), "done")
            return redirect(url_for(".set_aside"), 303)
    rules = setting_aside.rules(db.session())
    return render_template("desk/set_aside.html", form=form, rules=rules), 422 if form.errors else 200


@bp.post("/queue/set-aside/<int:rule_id>/removal")
@only("moderator", "editor")
def let_in(rule_id: int) -> ResponseReturnValue:
    setting_aside.let_in(db.session(), db.session.get(SetAside, rule_id) or abort(404))
    _look_through()
    flash(_("Such comments wait in their turn again."), "done")
    return redirect(url_for(".set_aside"), 303)


def _look_through() -> None:
    """What waits already, in portions, so that nobody's decision waits for all of it."""
    db.session.commit()
    last: int | None = 0
    while last is not None:
        last = setting_aside.look_through(db.session(), last)
        db.session.commit()


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _back_to_queue() -> ResponseReturnValue:
    asked: dict[str, Any] = {name: request.form.get(name) or None for name in ("order", "pile", "after")}
    return redirect(url_for(".queue", **asked), 303)


def _in_words(decision: Decision | moderation.Taken, name: str, slot_zone: str | None) -> dict[str, Any]:
    """A decision that stands, for a script to show. name: the commenter's. slot_zone: the letter's."""
    zone = ZoneInfo(slot_zone or "UTC")
    by = decision.by.name if decision.by else ""
    return {
        "verdict": decision.verdict,
        "by": by,
        "mine": decision.by_id == current_user.id,
        "at": f"{decision.decided_at.astimezone(zone):%H:%M}",
        "name": name,
    }


@bp.app_template_filter("how_many_wait")
def how_many_wait(number: int) -> str:
    """How many comments wait, in words."""
    if number > waiting.MOST_COUNTED:
        return str(_("More than %(number)s comments wait.", number=decimal(waiting.MOST_COUNTED)))
    return str(ngettext("%(number)s comment waits.", "%(number)s comments wait.", number, number=decimal(number)))
