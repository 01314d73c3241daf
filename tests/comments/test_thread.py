from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.comments import moderation, pruning, retention, thread
from app.comments.models import Comment
from app.letters.models import Letter

from ..cast import Cast
from ..conftest import NOON

TICK = timedelta(microseconds=1)


def under(session: Session, letter: Letter) -> list[str]:
    return [remark.public_id for remark in thread.under(session, letter)]


def names(comments: list[Comment]) -> list[str]:
    return [comment.public_id for comment in comments]


def surfaced(session: Session, now: datetime, **more: Any) -> list[tuple[Letter, int]]:
    return [(letter, len(moments)) for letter, moments in thread.resurfaced(session, now, **more)]


def pending(cast: Cast, letter: Letter) -> Comment:
    return cast.comment(letter)


def declined(cast: Cast, letter: Letter) -> Comment:
    return cast.declined(letter)


def pruned(cast: Cast, letter: Letter) -> Comment:
    return cast.pruned(letter)


def erased(cast: Cast, letter: Letter) -> Comment:
    comment = cast.published(letter, email="boris@example.org")
    retention.erase_by(cast.session, "boris@example.org", now=NOON)
    cast.session.commit()
    return comment


UNSEEN = [pending, declined, pruned, erased]


@pytest.mark.parametrize("unseen", UNSEEN)
def test_readers_see_nothing_of_it_anywhere(
    cast: Cast, session: Session, unseen: Callable[[Cast, Letter], Comment]
) -> None:
    letter = cast.letter(days_ago=60)
    unseen(cast, letter)
    assert session.scalars(thread.published()).all() == []
    assert thread.under(session, letter) == []
    assert thread.numbers(session, [letter]) == {}
    assert surfaced(session, NOON) == []


@pytest.mark.parametrize("unseen", UNSEEN)
def test_what_readers_see_is_the_same_with_it_and_without(
    cast: Cast, session: Session, unseen: Callable[[Cast, Letter], Comment]
) -> None:
    letter = cast.letter(days_ago=60)
    seen = [cast.published(letter, days_ago=3), cast.published(letter, days_ago=2)]
    unseen(cast, letter)
    assert under(session, letter) == names(seen)
    assert thread.numbers(session, [letter]) == {letter.id: 2}
    assert surfaced(session, NOON) == [(letter, 2)]


def test_a_comment_is_printed_as_it_was_seen_and_with_nothing_else(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    comment = cast.published(letter, "> Why?", email="boris@example.org")
    (remark,) = thread.under(session, letter)
    assert remark == thread.Remark(comment.public_id, "Boris", comment.submitted_at, comment.text_html)


def test_comments_stand_in_the_order_in_which_they_were_sent(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    late, early = cast.comment(letter, days_ago=1), cast.comment(letter, days_ago=2)
    for comment in (late, early):
        moderation.decide(session, comment, "published", by=cast.mo, now=NOON)
    assert under(session, letter) == names([early, late])


def test_each_letter_has_its_own_comments(cast: Cast, session: Session) -> None:
    one, other, none = cast.letter(), cast.letter(), cast.letter()
    mine = cast.published(one)
    cast.published(other), cast.published(other)
    assert under(session, one) == names([mine])
    assert thread.numbers(session, [one, other, none]) == {one.id: 1, other.id: 2}
    assert thread.numbers(session, []) == {}


def test_the_letter_with_the_latest_published_comment_resurfaces_first(cast: Cast, session: Session) -> None:
    many, latest = cast.letter(days_ago=50), cast.letter(days_ago=90)
    for days_ago in (9, 8, 7):
        cast.published(many, days_ago=days_ago)
    cast.published(latest, days_ago=1)
    assert surfaced(session, NOON) == [(latest, 1), (many, 3)]
    assert surfaced(session, NOON, limit=1) == [(latest, 1)]


def test_fresh_is_what_was_decided_lately_not_what_was_sent_lately(cast: Cast, session: Session) -> None:
    letter = cast.letter(days_ago=100)
    waited_long = cast.comment(letter, days_ago=40)
    moderation.decide(session, waited_long, "published", by=cast.mo, now=NOON - thread.FRESH + TICK)
    long_ago = cast.comment(letter, days_ago=40)
    moderation.decide(session, long_ago, "published", by=cast.mo, now=NOON - thread.FRESH)
    assert surfaced(session, NOON) == [(letter, 1)]
    assert surfaced(session, NOON + TICK) == []


def test_a_resurfaced_letter_comes_with_the_moments_of_its_fresh_comments(cast: Cast, session: Session) -> None:
    letter = cast.letter(days_ago=60)
    for days_ago in (1, 3, 45):
        cast.published(letter, days_ago=days_ago)
    cast.declined(letter)
    moments = [NOON - timedelta(days=3), NOON - timedelta(days=1)]
    assert thread.resurfaced(session, NOON) == [(letter, moments)]


def test_a_young_letter_does_not_resurface(cast: Cast, session: Session) -> None:
    letter = cast.letter(days_ago=thread.OLD.days)
    cast.published(letter)
    assert surfaced(session, NOON - TICK) == []
    assert surfaced(session, NOON) == [(letter, 1)]


def test_a_letter_that_is_not_out_does_not_resurface(cast: Cast, session: Session) -> None:
    letter = cast.letter(days_ago=-20)
    cast.published(letter)
    assert surfaced(session, NOON) == []


def test_pruning_takes_a_comment_out_of_every_count_at_once(cast: Cast, session: Session) -> None:
    letter = cast.letter(days_ago=60)
    kept, gone = cast.published(letter), cast.published(letter)
    pruning.prune(session, gone, by=cast.mo, now=NOON)
    assert under(session, letter) == names([kept])
    assert thread.numbers(session, [letter]) == {letter.id: 1}
    assert surfaced(session, NOON) == [(letter, 1)]
