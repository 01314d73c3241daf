"""The memory of the desk, for editors."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Response, abort, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue
from flask_login import current_user

from .. import clock
from ..db import db
from ..forms import row_number
from ..letters import drafting
from ..web import desk, only
from . import remembering
from .forms import DEED_NAMES, SearchForm
from .models import Act
from .remembering import PER_PAGE, Place, Search

bp = desk("memory", "/memory")


@bp.get("")
@only("editor")
def acts() -> ResponseReturnValue:
    form, zone = SearchForm(request.args), drafting.home_zone(db.session())
    right = form.validate()
    found = (
        remembering.acts(db.session(), _search(form), ZoneInfo(zone), limit=PER_PAGE + 1, after=_place())
        if right
        else []
    )
    page = render_template(
        "desk/memory.html",
        form=form,
        acts=found[:PER_PAGE],
        zone=zone,
        deeds=DEED_NAMES,
        asked={key: value for key, value in request.args.items() if value and key != "after"},
        more=_name_of_place(found[PER_PAGE - 1]) if len(found) > PER_PAGE else None,
    )
    return page, 200 if right else 422


@bp.post("/table")
@only("editor")
def table() -> ResponseReturnValue:
    """The list as CSV. A POST, because that it was taken along is remembered too."""
    form = SearchForm(request.form)
    if not form.validate():
        abort(422)
    zone = ZoneInfo(drafting.home_zone(db.session()))
    remembering.remember(db.session(), "exported", by=current_user, now=clock.now())
    db.session.commit()  # and from here on the request only reads: a long download holds no lock
    headers = {"Content-Disposition": f'attachment; filename="memory-{clock.now():%Y-%m-%d}.csv"'}
    return Response(stream_with_context(_lines(_search(form), zone)), mimetype="text/csv", headers=headers)


def _lines(search: Search, zone: ZoneInfo) -> Iterator[str]:
    try:
        yield from remembering.table(db.session(), search, zone)
    finally:
        db.session.remove()  # also when whoever takes it along goes away in the middle


def _search(form: SearchForm) -> Search:
    return Search(form.words.data, form.deed.data, form.first.data, form.last.data)


def _name_of_place(act: Act) -> str:
    return f"{act.done_at.isoformat()}_{act.id}"


def _place() -> Place | None:
    name = request.args.get("after")
    if not name:
        return None
    try:
        moment, act_id = name.replace(" ", "+").split("_")
        place = datetime.fromisoformat(moment), row_number(act_id)
    except ValueError:
        abort(400)
    return place if place[0].tzinfo else abort(400)
