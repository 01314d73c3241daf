"""The column's settings, at the desk."""

from flask import flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import refresh

from .. import clock
from ..db import db
from ..web import column, desk, only
from . import settings
from .forms import SettingsForm

bp = desk("column", "/settings")


@bp.route("", methods=["GET", "POST"])
@only("editor")
def edit() -> ResponseReturnValue:
    row = column()
    form = SettingsForm(obj=row, rules=row.rules_source)
    if not form.validate_on_submit():
        return render_template("desk/settings.html", form=form), 422 if form.errors else 200
    settings.save(
        db.session(),
        settings.Change(**{name: field.data for name, field in form._fields.items() if name != "csrf_token"}),
        now=clock.now(),
    )
    db.session.commit()
    g.pop("column", None)
    refresh()
    flash(_("Saved."), "done")
    return redirect(url_for(".edit"), 303)
