"""Pictures come in at the desk: by a script, one by one, and as the file of any form."""

from flask import current_app, jsonify, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import FileStorage

from .. import clock
from ..db import db
from ..forms import PictureFile
from ..refusals import Refusal
from ..text import pictures
from ..web import desk, only, takes
from . import keeping, making
from .models import Picture

bp = desk("pictures", "/pictures")

STATUSES: dict[type[Refusal], int] = {making.NoPicture: 415, making.TooHeavy: 413}
"""Of refusals; 422 of all others."""


@bp.post("")
@only("writer", "editor")
@takes(making.LARGEST_FILE)
def take() -> ResponseReturnValue:
    """What was dropped, pasted or chosen; answers with its address, or with what is wrong with it."""
    try:
        picture = taken(request.files.get("picture"), "picture")
    except Refusal as refusal:
        return jsonify(refused=_(refusal.sentence)), status_of(refusal)
    db.session.commit()
    return jsonify(address=address_in_texts(picture), width=picture.width, height=picture.height), 201


def taken(file: FileStorage | None, kind: making.Kind) -> Picture:
    """The picture in a form's file; the caller commits. Raises what `making.made` does."""
    data = file.read() if file is not None else b""
    if not data:
        raise making.NoPicture
    by_id = current_user.id
    db.session.rollback()  # a picture takes a second or two to make, and nobody who saves has to wait for it
    made = making.made(data, kind)
    config = current_app.extensions["config"]
    key = keeping.key(data, kind, config.secret_key)
    return keeping.keep(db.session(), config.media, key, made, by_id=by_id, now=clock.now())


def address_of(field: PictureFile, is_gone: bool, kind: making.Kind) -> str:
    """The address that a picture of the column has after a form: the new one, none, or the one that stands.

    The caller commits. Raises what `taken` does.
    """
    if field.data is None:
        return "" if is_gone else field.object_data or ""
    picture = taken(field.data, kind)
    return address_in_texts(picture) if kind == "picture" else pictures.icon_address(picture.key)


def address_in_texts(picture: Picture) -> str:
    """The address of a picture's largest file, which is all that a text needs of it."""
    return pictures.address(picture.key, picture.width, picture.height)


def status_of(refusal: Refusal) -> int:
    """The HTTP status that says why a picture was refused."""
    return STATUSES.get(type(refusal), 422)
