"""Letters at the desk: writing, the preview, their Friday; and the rubrics, topics and advisers that order them."""

import re
from datetime import datetime
from typing import Any

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.test import Client

from .. import clock
from ..column.models import LANGUAGES
from ..comments.forms import CommentForm
from ..courses import describing
from ..db import db, writing
from ..forms import choices, row_number
from ..pictures import making
from ..pictures.desk import address_in_texts, address_of, status_of, taken
from ..refusals import Refusal
from ..reviews import reviewing
from ..text import letter as letter_text
from ..text import pictures
from ..text.differences import differences, folded
from ..text.outside import words
from ..web import column, desk, now, only, slot_said, takes
from ..writing import changing, checks, history, keeping, saving
from ..writing.models import Typed
from . import calendar as weeks_ahead
from . import drafting, publishing, selecting
from .drafting import Draft
from .forms import AdviserForm, LetterForm, PictureForm, PlaceForm, RubricForm, SelectionForm, SlotForm, TopicForm
from .fridays import Slot
from .models import Adviser, Letter, Rubric, Selection, Topic
from .views import letter_page

bp = desk("letters", "")

SLOTS_OFFERED = 4
RELATED_OFFERED = 300
NOTHING = ("", "—")
"""The choice of none."""
_LETTER = re.compile("/letters/([0-9]{4}-[0-9]{2}-[0-9]{2}(?:-[0-9]+)?)/")


@bp.get("/letters")
@only("writer", "editor")
def letters() -> ResponseReturnValue:
    found = drafting.overview(db.session(), now=now())
    reviews = reviewing.waiting(db.session())
    latest = reviewing.latest(db.session(), [*found["drafts"], *found["scheduled"]])
    return render_template("desk/letters.html", empty=_empty_soon(), reviews=reviews, latest=latest, **found)


@bp.get("/calendar")
@only("writer", "editor")
def calendar() -> ResponseReturnValue:
    session = db.session()
    return render_template(
        "desk/calendar.html",
        weeks=weeks_ahead.weeks(session, now=now()),
        next_free=weeks_ahead.next_free(session, now=now()),
        empty=_empty_soon(),
        waiting=weeks_ahead.waiting(session),
        rubrics=drafting.rubrics(session),
    )


@bp.route("/calendar/place", methods=["GET", "POST"])
@only("editor")
def place() -> ResponseReturnValue:
    """Which letter goes out at one slot; at the next free one, if none is named. What is dragged comes here, too."""
    named = _named_slot()
    if named is None:
        return redirect(url_for(".calendar"), 303)
    rubric, slot = named
    form = PlaceForm()
    form.letter_id.choices = choices((one.id, one.title) for one in weeks_ahead.to_place(db.session(), now=now()))
    if form.validate_on_submit():
        letter = _letter_or_404(form.letter_id.data)
        try:
            weeks_ahead.place(db.session(), letter, rubric, slot, now=clock.now())
        except Refusal as refusal:
            db.session.rollback()
            form.letter_id.errors = [_(refusal.sentence)]
        else:
            db.session.commit()
            _confirm(letter)
            _warn(letter)
            return redirect(url_for(".calendar"), 303)
    letters = weeks_ahead.to_place(db.session(), now=now())
    page = render_template("desk/place.html", form=form, rubric=rubric, slot=slot, letters=letters)
    return page, 422 if form.errors else 200


def _named_slot() -> tuple[Rubric, Slot] | None:
    """The slot in the address; another moment than a slot of the rubric is none. None: there is no rubric yet."""
    if "at" not in request.args:
        free = weeks_ahead.next_free(db.session(), now=now())
        return (free.rubric, free.slot) if free and free.rubric else None
    rubric = db.session.get(Rubric, request.args.get("rubric", 0, row_number)) or abort(404)
    try:
        wall = datetime.fromisoformat(request.args["at"])
    except ValueError:
        abort(404)
    if wall.tzinfo is not None or (wall.weekday(), wall.time()) != (rubric.weekday, rubric.time):
        abort(404)
    return rubric, Slot(wall, rubric.zone)


def _confirm(letter: Letter) -> None:
    assert letter.slot_at is not None and letter.slot_zone is not None  # it was scheduled  # noqa: PT018
    said = slot_said(Slot(letter.slot_at, letter.slot_zone))
    flash(_("It goes out: %(slot)s.", slot=said), "done")


def _still_open(letter: Letter) -> dict[str, Any]:
    """What should be looked at before a letter goes out: remarks, how many of its review, and the review."""
    session = db.session()
    return {
        "remarks": look_at(drafting.draft_of(session, letter), letter)["remarks"],
        "marks": len(reviewing.marks(session, letter)),
        "review": reviewing.open_one(session, letter),
    }


def _warn(letter: Letter) -> None:
    still = _still_open(letter)
    number = len(still["remarks"]) + still["marks"] + bool(still["review"])
    if number:
        flash(
            ngettext(
                "There is %(num)d thing to look at before it goes out. “Move …” shows it.",
                "There are %(num)d things to look at before it goes out. “Move …” shows them.",
                number,
            ),
            "error",
        )


def _empty_soon() -> list[weeks_ahead.Place]:
    return weeks_ahead.empty_soon(db.session(), days=column().empty_days, now=now())


@bp.route("/letters/new", methods=["GET", "POST"])
@only("writer", "editor")
def new() -> ResponseReturnValue:
    form = letter_form(None)
    if request.form.get("preview"):
        return _preview(Letter(topics=[]), form)
    if not form.validate_on_submit():
        return _form_page(None, form), 422 if form.errors else 200
    draft, window, session = draft_in(form), window_of(form), db.session()
    if window.sitting:  # it may have been begun at a pause of typing
        letter = keeping.begin(session, draft, window, by=current_user, now=clock.now())
        saving.save(session, letter, draft, window, by=current_user, now=clock.now())
    else:
        letter = drafting.new(session, draft, now=clock.now(), by_id=current_user.id)
    session.commit()
    flash(_("Saved."), "done")
    return redirect(url_for(".edit", letter_id=letter.id), 303)


@bp.route("/letters/<int:letter_id>/edit", methods=["GET", "POST"])
@only("writer", "editor")
def edit(letter_id: int) -> ResponseReturnValue:
    letter = _letter_or_404(letter_id)
    form = letter_form(letter)
    if request.form.get("preview"):
        return _preview(letter, form)
    if not form.validate_on_submit():
        return _form_page(letter, form), 422 if form.errors else 200
    try:
        done = saving.save(db.session(), letter, draft_in(form), window_of(form), by=current_user, now=clock.now())
    except publishing.SlotTaken as refusal:
        db.session.rollback()
        form.rubric_id.errors = [_(refusal.sentence)]
        return _form_page(letter, form), 422
    db.session.commit()
    if isinstance(done, saving.Conflict):
        fill_form(form, done.draft)
        return _form_page(letter, form, conflict=done), 409
    flash(_say_saved(done), "done")
    return redirect(url_for(".edit", letter_id=letter.id), 303)


@bp.post("/letters/picture")
@bp.post("/letters/<int:letter_id>/picture")
@only("writer", "editor")
@takes(making.LARGEST_FILE)
def put_picture(letter_id: int | None = None) -> ResponseReturnValue:
    """A picture goes to the end of a part, and the page comes back with all that was typed, not saved yet.

    This is the way without scripts; with them it goes where the cursor is (pictures.desk.take).
    """
    letter = _letter_or_404(letter_id) if letter_id is not None else None
    form, asked = letter_form(letter), PictureForm()
    if not asked.validate():
        return _form_page(letter, form, asked=asked), 422
    try:
        picture = taken(asked.picture.data, "picture")
    except Refusal as refusal:
        asked.picture.errors = [_(refusal.sentence)]
        return _form_page(letter, form, asked=asked), status_of(refusal)
    db.session.commit()
    part = form[asked.picture_part.data]
    markdown = pictures.markdown(address_in_texts(picture), asked.picture_words.data)
    part.data = f"{part.data or ''}\n\n{markdown}".lstrip("\n")
    flash(_("The picture is in the text, and not saved yet."), "done")
    return _form_page(letter, form)


def _say_saved(done: saving.Saved) -> str:
    said = [_("Saved as a change. Readers get it when an editor publishes it.") if done.waits else _("Saved.")]
    names = dict.fromkeys(version.by.name for version in done.with_others if version.by is not None)
    if names:
        said.append(_("What %(names)s changed in other parts is in it.", names=", ".join(names)))
    return " ".join(said)


@bp.get("/letters/<int:letter_id>/preview")
@only("writer", "editor")
def preview(letter_id: int) -> ResponseReturnValue:
    return letter_page(_letter_or_404(letter_id), CommentForm(), preview=True)


@bp.route("/letters/<int:letter_id>/slot", methods=["GET", "POST"])
@only("editor")
def slot(letter_id: int) -> ResponseReturnValue:
    letter = _letter_or_404(letter_id)
    form = SlotForm()
    offered = _offered(letter)
    form.when.choices = choices((moment, "") for moment in (*(s.local.isoformat() for s in offered), "other", "now"))
    if request.method == "GET":
        form.when.data = offered[0].local.isoformat() if offered else "other"
    if form.validate_on_submit():
        try:
            _send_out(letter, form)
        except Refusal as refusal:
            form.when.errors = [_(refusal.sentence)]
        else:
            db.session.commit()
            if form.when.data == "now":
                flash(_("The letter is out."), "done")
            else:
                _confirm(letter)
            return redirect(url_for(".calendar"), 303)
    page = render_template(
        "desk/slot.html",
        letter=letter,
        form=form,
        offered=offered,
        zone=zone_of(letter),
        now=now(),
        look=_still_open(letter),
        labels=LetterForm(),
    )
    return page, 422 if form.errors else 200


@bp.post("/letters/<int:letter_id>/withholding")
@only("editor")
def withhold(letter_id: int) -> ResponseReturnValue:
    letter = _letter_or_404(letter_id)
    try:
        publishing.withhold(db.session(), letter, now=clock.now())
    except publishing.AlreadyOut as refusal:
        flash(_(refusal.sentence), "error")
    else:
        db.session.commit()
        flash(_("The letter is a draft again."), "done")
    return redirect(url_for(".edit", letter_id=letter_id), 303)


@bp.get("/order")
@only("editor")
def order() -> ResponseReturnValue:
    """Rubrics, topics and advisers: what orders the letters."""
    session = db.session()
    return render_template(
        "desk/order.html",
        rubrics=drafting.rubrics(session),
        topics=drafting.topics(session),
        advisers=drafting.advisers(session),
        selections=selecting.all_of_them(session),
    )


@bp.route("/rubrics/<int:row_id>", methods=["GET", "POST"])
@bp.route("/rubrics/new", methods=["GET", "POST"])
@only("editor")
def rubric(row_id: int | None = None) -> ResponseReturnValue:
    return _one_of_the_order(Rubric, RubricForm, row_id, _("Rubric"))


@bp.route("/topics/<int:row_id>", methods=["GET", "POST"])
@bp.route("/topics/new", methods=["GET", "POST"])
@only("editor")
def topic(row_id: int | None = None) -> ResponseReturnValue:
    return _one_of_the_order(Topic, TopicForm, row_id, _("Topic"))


@bp.route("/advisers/<int:row_id>", methods=["GET", "POST"])
@bp.route("/advisers/new", methods=["GET", "POST"])
@only("editor")
@takes(making.LARGEST_FILE)
def adviser(row_id: int | None = None) -> ResponseReturnValue:
    return _one_of_the_order(Adviser, AdviserForm, row_id, _("Adviser"))


@bp.route("/selections/<int:row_id>", methods=["GET", "POST"])
@bp.route("/selections/new", methods=["GET", "POST"])
@only("editor")
def selection(row_id: int | None = None) -> ResponseReturnValue:
    session = db.session()
    row = (session.get(Selection, row_id) or abort(404)) if row_id is not None else Selection(created_at=clock.now())
    form, offered = _selection_form(row)
    if form.validate_on_submit() and (address := _save_selection(row, form)):
        return redirect(address, 303)
    page = render_template("desk/selection.html", form=form, selection=row, offered=offered)
    return page, 422 if form.errors else 200


@bp.post("/selections/<int:row_id>/removal")
@only("editor")
def remove_selection(row_id: int) -> ResponseReturnValue:
    db.session.delete(db.session.get(Selection, row_id) or abort(404))
    db.session.commit()
    flash(_("The selection is gone; its letters are where they were."), "done")
    return redirect(url_for(".order"), 303)


def _selection_form(row: Selection) -> tuple[SelectionForm, list[Letter]]:
    session, known = db.session(), row.id is not None
    form = SelectionForm(obj=row, about=row.about_source)
    form.adviser_id.choices = choices([NOTHING, *((a.id, a.name) for a in drafting.advisers(session))])
    form.topic_id.choices = choices([NOTHING, *((t.id, t.name) for t in drafting.topics(session))])
    offered = selecting.offered(session, row) if known else []
    form.more.choices = choices((letter.name, letter.title) for letter in offered)
    if request.method == "GET" and known:
        form.letters.data = "\n".join(f"{one.name} {one.title}" for one in selecting.letters(session, row))
    return form, offered


def _save_selection(row: Selection, form: SelectionForm) -> str:
    """Save it all or nothing. Returns where to go on, or nothing when something is to be mended."""
    session = db.session()
    row.title, row.slug = form.title.data, form.slug.data
    row.adviser_id, row.topic_id = form.adviser_id.data, form.topic_id.data
    row.about_source, row.about_html = form.about.data, letter_text.render(form.about.data, column().language)
    try:
        session.add(row)
        session.flush()
    except IntegrityError:
        session.rollback()
        form.slug.errors = [_("This address is taken.")]
        return ""
    if unknown := selecting.put_together(session, row, form.names()):
        session.rollback()
        form.letters.errors = [_("No letter has this date: %(names)s.", names=", ".join(unknown))]
        return ""
    session.commit()
    flash(_("Saved."), "done")
    return url_for(".selection", row_id=row.id)


def _one_of_the_order(
    model: type[Any], form_class: type[FlaskForm], row_id: int | None, heading: str
) -> ResponseReturnValue:
    row = (db.session.get(model, row_id) or abort(404)) if row_id is not None else model()
    form = form_class(obj=row, about=getattr(row, "about_source", None))
    if form.validate_on_submit():
        try:
            portrait = address_of(form.picture, form.picture_gone.data, "picture") if "picture" in form else ""
        except Refusal as refusal:
            form.picture.errors = [_(refusal.sentence)]
            return render_template("desk/order_form.html", form=form, heading=heading), status_of(refusal)
        for name, field in form._fields.items():
            if name == "picture":
                row.picture = portrait
            elif name == "about":
                row.about_source = field.data
                row.about_html = letter_text.render(field.data, column().language)
            elif name not in ("csrf_token", "picture_gone"):
                setattr(row, name, field.data)
        try:
            db.session.add(row)
            db.session.commit()
            flash(_("Saved."), "done")
            return redirect(url_for(".order"), 303)
        except IntegrityError:
            db.session.rollback()
            form["slug"].errors = [_("This address is taken.")]
    return render_template("desk/order_form.html", form=form, heading=heading), 422 if form.errors else 200


def letter_form(letter: Letter | None) -> LetterForm:
    """The form of a letter, with what may be chosen in it; on GET filled with the text to go on with."""
    session = db.session()
    form = LetterForm()
    language = column().language
    courses = describing.courses(session, language)
    form.course_id.choices = choices([NOTHING, *((c.id, c.said(language).name) for c in courses)])
    form.adviser_id.choices = choices([NOTHING, *((a.id, a.name) for a in drafting.advisers(session))])
    form.rubric_id.choices = choices([NOTHING, *((r.id, r.title) for r in drafting.rubrics(session))])
    form.topic_ids.choices = choices((t.id, t.name) for t in drafting.topics(session))
    query = publishing.live(now()).options(*publishing.BRIEF).order_by(Letter.publish_at.desc()).limit(RELATED_OFFERED)
    this = letter.id if letter is not None else None
    form.related_ids.choices = choices((other.id, other.title) for other in session.scalars(query) if other.id != this)
    if request.method == "GET":
        fill_form(form, _first_text() if letter is None else _text_of(letter)[0])
    return form


def _first_text() -> Draft:
    rubrics, advisers = drafting.rubrics(db.session()), drafting.advisers(db.session())
    return Draft(
        title="",
        asker="",
        language=column().language,
        rubric_id=rubrics[0].id if rubrics else None,
        adviser_id=advisers[0].id if advisers else None,
    )


def _text_of(letter: Letter) -> tuple[Draft, Typed | None]:
    """(the text to go on with, this person's row): what was typed and not saved, or else the letter."""
    typed = history.of_person(db.session(), letter, current_user)
    if typed is not None and typed.content is not None:
        return history.unpacked(typed.content), typed
    return history.working(db.session(), letter, now())[0], typed


def fill_form(form: LetterForm, draft: Draft) -> None:
    """Put a draft into the form."""
    for name, value in vars(draft).items():
        if name in form._fields:
            form[name].data = value


def draft_in(form: LetterForm) -> Draft:
    """What the form holds, perhaps not valid yet."""
    names = [name for name in vars(Draft("", "", "")) if name in form._fields]
    draft = Draft(**{name: form[name].data for name in names})
    if draft.language not in LANGUAGES:
        draft.language = column().language
    draft.topic_ids, draft.related_ids = draft.topic_ids or [], draft.related_ids or []
    return draft


def window_of(form: LetterForm) -> keeping.Window:
    """The window that sent the form; one without scripts has no name."""
    seq, count, base = (_number_or_0(form[name].data) for name in ("seq", "count", "base"))
    return keeping.Window((form.sitting.data or "")[:36], seq=seq, count=count, base_id=base)


def _number_or_0(text: str | None) -> int:
    try:
        return max(row_number(text or "0"), 0)
    except ValueError:
        return 0


def _form_page(
    letter: Letter | None,
    form: LetterForm,
    *,
    conflict: saving.Conflict | None = None,
    asked: PictureForm | None = None,
) -> str:
    """The page on which a letter is written. What its window has to know stands in hidden fields."""
    more: dict[str, object] = {}
    typed = None
    if letter is not None:
        session = db.session()
        saved, base_id = history.working(session, letter, now())
        text, typed = _text_of(letter)
        more = {
            "company": keeping.company(session, letter, but=current_user, now=now()),
            "unsaved": [] if conflict or typed is None or typed.content is None else history.compared(saved, text),
            "change": history.change(session, letter, now()),
            "waiting": changing.waiting(session, letter),
            "newest": history.newest(session, letter),
            "review": reviewing.latest(session, [letter]).get(letter.id),
            "zone": zone_of(letter),
        }
        if request.method == "GET" or conflict:
            form.base.data = str(typed.base_id if typed is not None and typed.content is not None else base_id)
            form.count.data = str(typed.count if typed is not None else 0)
    more["look"] = look_at(draft_in(form), letter)
    if conflict:
        theirs = history.draft(conflict.theirs)
        compared = [one for one in history.compared(theirs, conflict.draft) if one[0] in conflict.parts]
        more |= {"conflict": conflict, "compared": compared}
    more |= {"asked": asked or PictureForm(formdata=None), "largest_picture": making.LARGEST_FILE}
    return render_template("desk/letter_form.html", form=form, letter=letter, typed=typed, **more)


def look_at(draft: Draft, letter: Letter | None) -> dict[str, object]:
    """What stands beside a text: remarks, and {part: what the typographer changed}."""
    moment = max(now(), letter.publish_at) if letter is not None and letter.publish_at is not None else now()
    base_url = current_app.extensions["config"].base_url
    found = checks.remarks(draft, base_url=base_url, is_missing=lambda path: _is_missing(path, moment))
    set_parts = {}
    for part in drafting.PARTS:
        plain, typed = (words(letter_text.render(getattr(draft, part), how)) for how in ("", draft.language))
        if plain != typed:
            set_parts[part] = folded(differences(plain, typed))
    return {"remarks": found, "typography": set_parts}


def _is_missing(path: str, moment: datetime) -> bool:
    """Will this site answer 404 here at that moment. It is asked as a reader asks; letters to come are known."""
    if found := _LETTER.fullmatch(path):
        query = select(Letter.id).where(Letter.name == found[1], Letter.ready, Letter.publish_at <= moment)
        if db.session.scalar(query) is not None:
            return False
    with writing(False):
        answer = Client(current_app.wsgi_app).get(path, base_url=current_app.extensions["config"].base_url)
    status = answer.status_code
    answer.close()
    return status == 404


def _preview(letter: Letter, form: LetterForm) -> ResponseReturnValue:
    """How the unsaved text of the form will look to readers."""
    with db.session.no_autoflush:
        drafting.fill(db.session(), letter, draft_in(form), now=now())
        page = letter_page(letter, CommentForm(), preview=True)
    db.session.rollback()
    return page


def _offered(letter: Letter) -> list[Slot]:
    if letter.rubric is None:
        return []
    return publishing.free_slots(db.session(), letter.rubric, now=now(), number=SLOTS_OFFERED)


def zone_of(letter: Letter) -> str:
    """The zone in which this letter's moment is said: its rubric's, or the first rubric's."""
    if letter.rubric is not None:
        return letter.rubric.zone
    return drafting.home_zone(db.session())


def _send_out(letter: Letter, form: SlotForm) -> None:
    if form.when.data == "now":
        publishing.publish_now(db.session(), letter, zone_of(letter), now=clock.now())
        return
    if form.when.data == "other":
        assert form.date.data and form.time.data is not None  # SlotForm.validate  # noqa: PT018
        local = datetime.combine(form.date.data, form.time.data)
    else:
        local = datetime.fromisoformat(form.when.data)
    publishing.schedule(db.session(), letter, Slot(local, zone_of(letter)), now=clock.now())


def _letter_or_404(letter_id: int) -> Letter:
    return db.session.get(Letter, letter_id) or abort(404)
