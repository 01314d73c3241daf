"""The column's settings, at the desk."""

from dataclasses import fields

from flask import flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import refresh

from .. import clock
from ..db import db
from ..pictures import making
from ..pictures.desk import address_of, status_of
from ..refusals import Refusal
from ..web import column, desk, only, takes
from . import settings
from .forms import SettingsForm

bp = desk("column", "/settings")


@bp.route("", methods=["GET", "POST"])
@only("editor")
@takes(making.LARGEST_FILE)
def edit() -> ResponseReturnValue:
    row = column()
    form = SettingsForm(obj=row, rules=row.rules_source)
    if not form.validate_on_submit():
        return render_template("desk/settings.html", form=form), 422 if form.errors else 200
    change = {name: form[name].data for name in (one.name for one in fields(settings.Change)) if name != "picture"}
    try:
        address = address_of(form.picture, form.picture_gone.data, "icon")
    except Refusal as refusal:
        form.picture.errors = [_(refusal.sentence)]
        return render_template("desk/settings.html", form=form), status_of(refusal)
    settings.save(db.session(), settings.Change(**change, picture=address), now=clock.now())
    db.session.commit()
    g.pop("column", None)
    refresh()
    flash(_("Saved."), "done")
    return redirect(url_for(".edit"), 303)
