"""Pictures for readers: files, the same for ever. Who has no address of one finds none (keeping.key)."""

from flask import Blueprint, Response, abort, current_app, send_file
from flask.typing import ResponseReturnValue

from ..text import pictures

bp = Blueprint("pictures", __name__)


@bp.get("/media/<key>/<name>")
def file(key: str, name: str) -> ResponseReturnValue:
    found = pictures.NAME.fullmatch(f"{key}/{name}") or abort(404)
    kind = (pictures.KINDS | pictures.OF_ICONS)[found[3]]
    try:
        return send_file(current_app.extensions["config"].media / key / name, mimetype=kind)
    except FileNotFoundError:
        abort(404)


@bp.after_request
def _for_ever(response: Response) -> Response:
    there = response.status_code in (200, 206, 304)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if there else "no-store"
    return response
