"""A comment comes in: it is kept, and it waits. Nobody but the desk sees that it exists."""

import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..letters.models import Letter
from ..refusals import Refusal
from ..text import comment as comment_text
from ..text.likeness import fingerprint as fingerprint
from . import likeness as likeness  # every comment that is kept is sketched with it
from . import setting_aside
from .models import Comment

LONGEST_NAME = 80
LONGEST_TEXT = 6000
"""Characters. The longest comment of the column that this is modelled on has 600."""


class CommentsClosed(Refusal):
    """This letter takes no more comments."""


def submit(session: Session, letter: Letter, *, name: str, text: str, email: str = "",
           sender: str | None = None, now: datetime) -> Comment:  # fmt: skip
    """Keep a reader's comment, to be decided once.

    The same name and text under the same letter is one comment, however often it is sent: the database's UNIQUE key
    says so, and the comment that is there already is returned. sender: the address's keyed hash
    (same_address.sender_of). Raises CommentsClosed.
    """
    if not letter.takes_comments:
        raise CommentsClosed
    comment = Comment(
        public_id=new_public_id(),
        letter_id=letter.id,
        name=name,
        email=email,
        sender=sender,
        text_source=text,
        text_html=comment_text.render(text),
        submitted_at=now,
        fingerprint=fingerprint(name, text),
        set_aside=setting_aside.mark_of(setting_aside.rules(session), name=name, text=text, email=email),
    )
    try:
        with session.begin_nested():
            session.add(comment)
    except IntegrityError:
        same = select(Comment).where(Comment.letter_id == letter.id, Comment.fingerprint == comment.fingerprint)
        return session.scalars(same).one()
    return comment


def new_public_id() -> str:
    """A random name of 56 bits for a comment's address on the page."""
    return "c" + secrets.token_hex(7)
