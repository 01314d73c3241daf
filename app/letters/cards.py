"""The pictures for social networks: drawn once and kept in the data folder; the clock is asked every time."""

import logging
import os
from pathlib import Path

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue

from ..text.typographer import typeset
from ..web import column, day
from .card import Card, draw
from .reading import local_day
from .views import letter_or_404

bp = Blueprint("cards", __name__)
log = logging.getLogger(__name__)


@bp.get("/card.png")
def of_column() -> ResponseReturnValue:
    title, tagline = column().title, column().tagline
    return _answer(Card(title=tagline or title, column=title), "column")


@bp.get("/letters/<name>/card.png")
def of_letter(name: str) -> ResponseReturnValue:
    letter = letter_or_404(name)
    title = typeset(letter.title, letter.language)
    return _answer(Card(title, column().title, left=letter.asker, right=day(local_day(letter))), name)


@bp.after_request
def _ask_again(response: Response) -> Response:
    """Nobody keeps a picture, or its absence, without asking: a title may be mended, a slot may come."""
    response.headers["Cache-Control"] = "public, no-cache"
    return response


def _answer(card: Card, folder: str) -> Response:
    """The kept picture, or a new one in its place; 304 to who has it. Nothing is drawn to answer 304."""
    response = Response(mimetype="image/png")
    response.set_etag(card.mark)
    if request.if_none_match.contains(card.mark):
        response.make_conditional(request)
    else:
        response.data = _kept(card, current_app.extensions["config"].data / "cards" / folder)
    return response


def _kept(card: Card, folder: Path) -> bytes:
    file = folder / f"{card.mark}.png"
    try:
        return file.read_bytes()
    except OSError:
        picture = draw(card)
    part = folder / f"{card.mark}.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_bytes(picture)
        part.replace(file)
        for other in folder.glob("*.png"):  # one a letter: the one with its title of before goes
            if other != file:
                other.unlink(missing_ok=True)
    except OSError:
        log.warning("a picture cannot be kept on disk", exc_info=True)
    return picture
