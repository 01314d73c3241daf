"""Pruning at the desk: what the discussion would miss least, its page before and after side by side, then for good."""

from datetime import timedelta
from typing import Any

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
from ..web import column, desk, now, only
from . import pruning, weighing

bp = desk("pruning", "/pruning")

PER_PAGE = 25
LAST_PAGE = 40
"""Nobody prunes further down; the next ones move up."""
MOST_AT_ONCE = 100
MOST_DUE = 1000


@bp.get("")
@only("moderator", "editor")
def candidates() -> ResponseReturnValue:
    page, letter = request.args.get("page", 1, type=row_number), _letter()
    if not 1 <= page <= LAST_PAGE:
        abort(404)
    found = pruning.candidates(
        db.session(),
        now(),
        older_than=timedelta(days=0 if _is_young() else column().pruning_after_days),
        letter_id=letter.id if letter else None,
        limit=PER_PAGE + 1,
        offset=(page - 1) * PER_PAGE,
    )
    return render_template(
        "desk/pruning.html",
        candidates=found[:PER_PAGE],
        asked=_asked(letter),
        letter=letter,
        page=page,
        more=len(found) > PER_PAGE and page < LAST_PAGE,
        is_young=_is_young(),
        due=len(weighing.due(db.session(), limit=MOST_DUE)),
        much=pruning.MUCH,
        short=weighing.SHORT,
    )


@bp.get("/sides")
@only("moderator", "editor")
def sides() -> ResponseReturnValue:
    return _both_sides(_chosen(request.args.getlist("comment")))


@bp.post("")
@only("moderator", "editor")
def prune() -> ResponseReturnValue:
    chosen = _chosen(request.form.getlist("comment"))
    try:
        pruned = pruning.prune_together(
            db.session(), chosen, by=current_user, now=clock.now(), seen=request.form.get("seen", "")
        )
    except Refusal as refusal:
        db.session.rollback()
        return _both_sides(chosen, refused=_(refusal.sentence))
    db.session.commit()
    said = ngettext("Pruned: %(num)d comment has left the site for good.",
                    "Pruned: %(num)d comments have left the site for good.", len(pruned))  # fmt: skip
    flash(said, "done")
    return redirect(url_for(".candidates", **_asked(_letter())), 303)


def _both_sides(chosen: list[int], refused: str = "") -> ResponseReturnValue:
    shown = pruning.sides(db.session(), chosen)
    number = sum(len(one.gone) for one in shown)
    if not number and not refused:
        flash(
            _("Mark the comments to prune first.") if not chosen else _("None of them is published any more."), "error"
        )
        return redirect(url_for(".candidates", **_asked(_letter())), 303)
    page = render_template(
        "desk/sides.html",
        sides=shown,
        seen=pruning.seen_of(shown),
        number=number,
        left_out=len(chosen) - number,
        refused=refused,
        asked=_asked(_letter()),
    )
    return page, 409 if refused else 200


def _chosen(names: list[str]) -> list[int]:
    """Ids of comments as they stand in a form or an address."""
    ids = sorted(set(row_numbers(names)))
    if len(ids) > MOST_AT_ONCE:
        abort(422)
    return ids


def _letter() -> Letter | None:
    """The letter to which the list is narrowed."""
    letter_id = request.values.get("letter", type=row_number)
    return (db.session.get(Letter, letter_id) or abort(404)) if letter_id else None


def _is_young() -> bool:
    return request.values.get("age") == "any"


def _asked(letter: Letter | None) -> dict[str, Any]:
    """What the list was asked for, as its address has it."""
    return {**({"letter": letter.id} if letter else {}), **({"age": "any"} if _is_young() else {})}
