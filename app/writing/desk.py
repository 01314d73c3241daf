"""The writing of a letter at the desk: what is typed is kept at every pause; the history of what was saved."""

from datetime import datetime
from itertools import islice
from typing import Any

from flask import abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from .. import clock
from ..db import db, writing
from ..forms import choices, row_number
from ..letters import drafting, publishing
from ..letters.desk import draft_in, letter_form, look_at, window_of, zone_of
from ..letters.drafting import Draft
from ..letters.forms import ButtonForm, LetterForm, SlotForm
from ..letters.fridays import Slot, slots
from ..letters.models import Change, Letter
from ..refusals import Refusal
from ..web import desk, moment, now, only
from . import changing, history, keeping, saving
from .forms import NameForm
from .models import Typed, Version

bp = desk("writing", "/letters")


@bp.get("/<int:letter_id>/typed")
@bp.get("/typed")
@only("writer", "editor")
def token(letter_id: int | None = None) -> ResponseReturnValue:
    """A fresh token for a window whose session ended and that has signed in again."""
    return jsonify(token=generate_csrf())


@bp.post("/typed")
@only("writer", "editor")
def begin() -> ResponseReturnValue:
    """Begin a letter of what was typed up to the first pause."""
    form = letter_form(None)
    window = window_of(form)
    if not window.sitting or "title" not in request.form:
        abort(400)
    draft = draft_in(form)
    letter = keeping.begin(db.session(), draft, window, by=current_user, now=clock.now())
    typed = keeping.keep(db.session(), letter, draft, window, by=current_user, now=clock.now())
    answer = _told(letter, typed, window)
    db.session.commit()
    return jsonify(answer)


@bp.post("/<int:letter_id>/typed")
@only("writer", "editor")
def keep(letter_id: int) -> ResponseReturnValue:
    """Keep what was typed; without a text, say only that this person is there. Answers what the window has to know."""
    letter = _letter_or_404(letter_id)
    form = letter_form(letter)
    window = window_of(form)
    session, moment_ = db.session(), clock.now()
    if "title" in request.form:
        typed = keeping.keep(session, letter, draft_in(form), window, by=current_user, now=moment_)
    else:
        typed = keeping.look_in(session, letter, by=current_user, now=moment_)
    answer = _told(letter, typed, window)
    session.commit()
    return jsonify(answer)


def _told(letter: Letter, typed: Typed, window: keeping.Window) -> dict[str, Any]:
    """What a window hears back."""
    newest, zone = history.newest(db.session(), letter), zone_of(letter)
    others = [
        {"name": row.person.name, "typed": moment(row.typed_at, zone, "HH:mm") if row.typed_at and row.content else ""}
        for row in keeping.company(db.session(), letter, but=current_user, now=clock.now())
    ]
    answer: dict[str, Any] = {
        "letter": letter.id,
        "seq": typed.seq if typed.sitting == window.sitting else -1,
        "count": typed.count,
        "kept": moment(clock.now(), zone, "HH:mm"),
        "company": others,
        "edit": url_for("letters_desk.edit", letter_id=letter.id),
    }
    if newest is not None and newest.id > window.base_id and newest.by_id not in (None, current_user.id):
        answer["saved"] = {
            "by": newest.by.name if newest.by else "",
            "at": moment(newest.saved_at, zone, "HH:mm"),
            "show": url_for(".compare", letter_id=letter.id, new=newest.number),
        }
    if typed.sitting != window.sitting and typed.count != window.count:
        # Another window of this person went on; this one takes its text over if it has none of its own.
        text, base = history.working(db.session(), letter, now())
        if typed.content is not None:
            text, base = history.unpacked(typed.content), typed.base_id
        answer["mine"] = {"base": base, "count": typed.count, "fields": vars(text)}
    return answer


@bp.post("/<int:letter_id>/typed/removal")
@only("writer", "editor")
def throw_away(letter_id: int) -> ResponseReturnValue:
    letter = _letter_or_404(letter_id)
    keeping.throw_away(db.session(), letter, by=current_user, now=clock.now())
    db.session.commit()
    flash(_("This is the letter as it was saved. What you had typed is in its history, aside."), "done")
    return redirect(url_for("letters_desk.edit", letter_id=letter_id), 303)


@bp.post("/<int:letter_id>/look")
@bp.post("/look")
@only("writer", "editor")
def look(letter_id: int | None = None) -> ResponseReturnValue:
    """What stands beside a text while it is written: what to look at, and what the typographer changes."""
    db.session.rollback()
    with writing(False):  # it is a question: nobody who saves has to wait for it
        letter = _letter_or_404(letter_id) if letter_id is not None else None
        form = letter_form(letter)
        return render_template("desk/_look.html", look=look_at(draft_in(form), letter), labels=form)


@bp.get("/<int:letter_id>/history")
@only("writer", "editor")
def show(letter_id: int) -> ResponseReturnValue:
    letter = _letter_or_404(letter_id)
    sittings = history.sittings(history.versions(db.session(), letter))
    return render_template("desk/history.html", letter=letter, sittings=sittings, zone=zone_of(letter))


@bp.get("/<int:letter_id>/comparison")
@only("writer", "editor")
def compare(letter_id: int) -> ResponseReturnValue:
    """Two versions, word by word: ?old=3&new=7; without `old`, the one before; without `new`, the last one."""
    letter = _letter_or_404(letter_id)
    versions = {version.number: version for version in history.versions(db.session(), letter)}
    new = _chosen(versions, "new", default=max(versions, default=0))
    before = max((number for number in versions if new and number < new.number), default=0)
    old = _chosen(versions, "old", default=before)
    if new is not None and old is not None and old.number > new.number:
        old, new = new, old
    erased = any(one is not None and one.erased_at is not None for one in (old, new))
    compared = [] if old is None or new is None or erased else history.compared(history.draft(old), history.draft(new))
    more = (
        set()
        if erased or old is None or new is None
        else history.changed_fields(history.draft(old), history.draft(new)) - {name for name, _pieces in compared}
    )
    labels = LetterForm()
    return render_template(
        "desk/comparison.html",
        letter=letter,
        old=old,
        new=new,
        compared=compared,
        more=[str(labels[name].label.text) for name in vars(Draft("", "", "")) if name in more],
        erased=erased,
        zone=zone_of(letter),
        form=NameForm(obj=new),
        button=ButtonForm(),
        labels=labels,
    )


@bp.post("/<int:letter_id>/versions/<int:number>/name")
@only("writer", "editor")
def name(letter_id: int, number: int) -> ResponseReturnValue:
    letter = _letter_or_404(letter_id)
    version = history.by_number(db.session(), letter, number) or abort(404)
    form = NameForm()
    if form.validate_on_submit():
        history.name(db.session(), version, form.name.data)
        db.session.commit()
        flash(_("Saved."), "done")
    else:
        flash(" ".join(str(error) for errors in form.errors.values() for error in errors), "error")
    return redirect(url_for(".compare", letter_id=letter_id, new=number), 303)


@bp.post("/<int:letter_id>/versions/<int:number>/restoration")
@only("writer", "editor")
def restore(letter_id: int, number: int) -> ResponseReturnValue:
    letter = _letter_or_404(letter_id)
    version = history.by_number(db.session(), letter, number) or abort(404)
    try:
        done = saving.restore(db.session(), letter, version, by=current_user, now=clock.now())
    except (history.Erased, publishing.SlotTaken) as refusal:
        db.session.rollback()
        flash(_(refusal.sentence), "error")
        return redirect(url_for(".compare", letter_id=letter_id, new=number), 303)
    db.session.commit()
    said = _("Version %(old)d is back, as version %(new)d.", old=number, new=done.version.number)
    flash(said + (" " + _("Readers get it when an editor publishes it.") if done.waits else ""), "done")
    return redirect(url_for("letters_desk.edit", letter_id=letter_id), 303)


@bp.route("/<int:letter_id>/change", methods=["GET", "POST"])
@only("editor")
def change(letter_id: int) -> ResponseReturnValue:
    """What is saved of a letter that is out and that readers do not have: publish it now, or at a moment."""
    letter = _letter_or_404(letter_id)
    version = history.change(db.session(), letter, now())
    if version is None:
        flash(_("There is no change that waits."), "error")
        return redirect(url_for("letters_desk.edit", letter_id=letter_id), 303)
    form, zone = SlotForm(), zone_of(letter)
    coming = islice(slots(letter.rubric.weekday, letter.rubric.time, zone, after=now()), 2) if letter.rubric else []
    offered = list(coming)
    form.when.choices = choices((moment, "") for moment in (*(s.local.isoformat() for s in offered), "other", "now"))
    if request.method == "GET":
        form.when.data = "now"
    if form.validate_on_submit():
        try:
            made = _publish(letter, version, form, zone)
        except Refusal as refusal:
            db.session.rollback()
            form.when.errors = [_(refusal.sentence)]
        else:
            db.session.commit()
            flash(_("Readers have the change.") if made.made_at else _("The change has its moment."), "done")
            return redirect(url_for("letters_desk.edit", letter_id=letter_id), 303)
    page = render_template(
        "desk/change.html",
        letter=letter,
        version=version,
        compared=history.compared(drafting.draft_of(db.session(), letter), history.draft(version)),
        waiting=changing.waiting(db.session(), letter),
        form=form,
        offered=offered,
        zone=zone,
        labels=LetterForm(),
    )
    return page, 422 if form.errors else 200


def _publish(letter: Letter, version: Version, form: SlotForm, zone: str) -> Change:
    session, moment_ = db.session(), clock.now()
    if form.when.data == "now":
        return changing.publish(session, letter, version, zone, by=current_user, now=moment_)
    if form.when.data == "other":
        assert form.date.data and form.time.data is not None  # SlotForm.validate  # noqa: PT018
        local = datetime.combine(form.date.data, form.time.data)
    else:
        local = datetime.fromisoformat(form.when.data)
    return changing.schedule(session, letter, version, Slot(local, zone), by=current_user, now=moment_)


@bp.post("/<int:letter_id>/change/withholding")
@only("editor")
def withhold_change(letter_id: int) -> ResponseReturnValue:
    letter = _letter_or_404(letter_id)
    changing.withhold(db.session(), letter)
    db.session.commit()
    flash(_("The change waits for an editor again."), "done")
    return redirect(url_for("letters_desk.edit", letter_id=letter_id), 303)


def _chosen(versions: dict[int, Version], asked: str, *, default: int) -> Version | None:
    if not request.args.get(asked):
        return versions.get(default)
    number = request.args.get(asked, type=row_number)
    return (versions.get(number) if number is not None else None) or abort(404)


def _letter_or_404(letter_id: int) -> Letter:
    return db.session.get(Letter, letter_id) or abort(404)
