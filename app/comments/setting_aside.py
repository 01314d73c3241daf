"""A commenter's address, or a phrase, is set aside: such comments wait at the end of the queue, marked.

Nothing is ever declined by itself: an editor decides everything. A phrase is found in name and text by its words in
their order, whatever their forms.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..accounts.people import email_key
from ..refusals import Refusal
from ..text.address import usual
from ..text.stems import stems
from .models import Comment, SetAside

ADDRESS = "@"
"""Stands in `Comment.set_aside` for an address, which is not written twice."""
AT_ONCE = 500
"""Comments that are looked through in one transaction."""


class NoWord(Refusal):
    """A phrase needs at least one word."""


class NoAddress(Refusal):
    """This is not a mail address. It should look like name@example.org."""


class SetAsideAlready(Refusal):
    """This is set aside already."""


def rules(session: Session) -> list[SetAside]:
    """What is set aside, the latest first."""
    return list(session.scalars(select(SetAside).order_by(SetAside.id.desc())))


def set_aside(session: Session, kind: str, words: str, *, by: Person, now: datetime) -> SetAside:
    """Set an address or a phrase aside from now on; `look_through` does it for what waits already.

    Raises NoWord, NoAddress, SetAsideAlready.
    """
    if kind == "address" and usual(words, any_script=True) is None:
        raise NoAddress
    key = email_key(words) if kind == "address" else " ".join(stems(words))
    if not key:
        raise NoWord
    rule = SetAside(kind=kind, words=words, key=key, by_id=by.id, made_at=now)
    try:
        with session.begin_nested():
            session.add(rule)
    except IntegrityError:
        raise SetAsideAlready from None
    return rule


def let_in(session: Session, rule: SetAside) -> None:
    """Such comments wait in their turn again; `look_through` does it for what waits already."""
    session.delete(rule)
    session.flush()


def mark_of(rules: Sequence[SetAside], *, name: str, text: str, email: str) -> str:
    """Why this comment is set aside: ADDRESS, or the phrase; empty: it is not."""
    if not rules:
        return ""
    if email and any(rule.kind == "address" and rule.key == email_key(email) for rule in rules):
        return ADDRESS
    said = f" {' '.join(stems(name))} \n {' '.join(stems(text))} "
    found = (rule.words for rule in rules if rule.kind == "phrase" and f" {rule.key} " in said)
    return next(found, "")[:200]


def look_through(session: Session, after: int = 0) -> int | None:
    """Mark the next AT_ONCE comments that wait as the rules say now. Returns where to go on; None: all are done."""
    some = session.scalars(
        select(Comment)
        .where(Comment.id > after, Comment.standing == "pending")
        .order_by(Comment.id)
        .limit(AT_ONCE)
        .execution_options(populate_existing=True)
    ).all()
    known = rules(session)
    for comment in some:
        mark = mark_of(known, name=comment.name, text=comment.text_source, email=comment.email)
        if mark != comment.set_aside:
            session.execute(
                update(Comment)
                .where(Comment.id == comment.id)
                .values(set_aside=mark)
                .execution_options(synchronize_session=False)
            )
    return some[-1].id if len(some) == AT_ONCE else None
