"""The column's settings, at the desk."""

from dataclasses import fields

from flask import current_app, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import refresh

from .. import clock, posting
from ..db import db
from ..forms import choices
from ..mail import signing
from ..pictures import making
from ..pictures.desk import address_of, status_of
from ..refusals import Refusal
from ..web import column, desk, only, takes
from . import settings
from .forms import SettingsForm
from .models import Settings

bp = desk("column", "/settings")


@bp.route("", methods=["GET", "POST"])
@only("editor")
@takes(making.LARGEST_FILE)
def edit() -> ResponseReturnValue:
    row = column()
    form = SettingsForm(obj=row, rules=row.rules_source)
    form.dkim_selector.choices = choices(_keys(row))
    if not form.validate_on_submit():
        return render_template("desk/settings.html", form=form, **_key(row)), 422 if form.errors else 200
    change = {name: form[name].data for name in (one.name for one in fields(settings.Change)) if name != "picture"}
    try:
        address = address_of(form.picture, form.picture_gone.data, "icon")
    except Refusal as refusal:
        form.picture.errors = [_(refusal.sentence)]
        return render_template("desk/settings.html", form=form, **_key(row)), status_of(refusal)
    settings.save(db.session(), settings.Change(**change, picture=address), now=clock.now())
    db.session.commit()
    g.pop("column", None)
    refresh()
    flash(_("Saved."), "done")
    return redirect(url_for(".edit"), 303)


def _keys(row: Settings) -> list[tuple[str, str]]:
    """The keys of the data folder, and the one that was chosen even if it is not there any more."""
    names = {*signing.selectors(current_app.extensions["config"].data), row.dkim_selector} - {""}
    return [("", _("None: mails are not signed")), *((name, name) for name in sorted(names))]


def _key(row: Settings) -> dict[str, object]:
    """For the page: the key that signs, or that the chosen one cannot."""
    try:
        return {"key": posting.key_of(current_app.extensions["config"], row), "without_key": False}
    except signing.NoKey:
        return {"key": None, "without_key": True}
