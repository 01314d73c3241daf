"""A draft as an outsider sees it: by its link only, never kept by a cache, never found by a search engine."""

from flask import Blueprint, abort, redirect
from flask.typing import ResponseReturnValue

from ..comments.forms import CommentForm
from ..db import db
from ..letters.views import letter_page
from ..web import now, private
from . import draft_links

bp = Blueprint("drafts", __name__)


@bp.get("/drafts/<token>")
def draft(token: str) -> ResponseReturnValue:
    letter = draft_links.letter_of(db.session(), token, now=now()) or abort(404)
    if letter.is_live(now()):
        return redirect(f"/letters/{letter.name}/", 302)
    return private(letter_page(letter, CommentForm(), preview=True))
