"""What waits, in which order, for whom."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import Person
from app.comments import moderation, postponing, presence, setting_aside, waiting
from app.comments.models import Comment, Postponement
from app.comments.waiting import NoPlace, line

from ..cast import Cast
from ..conftest import NOON


def ids(cases: list[waiting.Case]) -> list[int]:
    return [case.comment.id for case in cases]


def queue(session: Session, person: Person, **more: object) -> list[int]:
    return ids(line(session, person, now=NOON, limit=10, **more))  # type: ignore[arg-type]


def test_the_oldest_comes_first_unless_another_order_is_asked_for(cast: Cast, session: Session) -> None:
    one, other = cast.letter(), cast.letter()
    young, old, middle = (cast.comment(letter, days_ago=days).id for letter, days in ((one, 1), (one, 3), (other, 2)))
    assert queue(session, cast.mo) == [old, middle, young]
    assert queue(session, cast.mo, order="newest") == [young, middle, old]
    assert queue(session, cast.mo, order="letter") == [old, young, middle]


def test_the_order_does_not_look_at_the_name(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    sent = [cast.comment(letter, name=name, days_ago=days).id for name, days in (("Яна", 3), ("Adam", 2), ("", 1))]
    assert queue(session, cast.mo) == sent


def test_of_comments_sent_at_one_moment_the_first_to_come_is_first(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    sent = [cast.comment(letter).id for _ in range(5)]
    assert queue(session, cast.mo) == sent
    assert queue(session, cast.mo, order="newest") == sent[::-1]


@pytest.mark.parametrize("order", waiting.ORDERS)
def test_page_after_page_shows_each_comment_once_whatever_is_decided_meanwhile(
    cast: Cast, session: Session, order: waiting.Order
) -> None:
    letters = [cast.letter(), cast.letter()]
    sent = [cast.comment(letters[n % 2], days_ago=(n * 7) % 5).id for n in range(12)]
    setting_aside.set_aside(session, "phrase", "number 3", by=cast.mo, now=NOON)
    for comment_id in (sent[4], sent[5]):
        postponing.postpone(session, session.get_one(Comment, comment_id), "skipped", by=cast.mo, now=NOON)
    setting_aside.look_through(session)
    whole = queue(session, cast.mo, order=order) + queue(
        session, cast.mo, order=order, after=line(session, cast.mo, now=NOON, order=order, limit=10)[-1].place
    )
    assert sorted(whole) == sorted(sent)
    seen: list[int] = []
    place = None
    while some := line(session, cast.mo, now=NOON, order=order, limit=2, after=place):
        seen += ids(some)
        place = some[-1].place
        moderation.decide(session, some[0].comment, "declined", by=cast.mo, now=NOON)
    assert seen == whole


@pytest.mark.parametrize("place", ["x", "0_1_2026-11-23", "9_1_2026-11-23T12:00:00+00:00_1", "0_1_2026-11-23_1",
                                   "0_1_2026-11-23T12:00:00+00:00_99999999999999999999",
                                   "0_1_2026-11-23T12:00:00+00:00_1_x", "0_1_2026-11-23T12:00:00+00:00_1_2026-11-23",
                                   "0_1_2026-11-23T12:00:00+00:00_1_2026-11-23T12:00:00+00:00_1"])  # fmt: skip
def test_a_place_that_is_none_is_refused(cast: Cast, session: Session, place: str) -> None:
    with pytest.raises(NoPlace):
        line(session, cast.mo, now=NOON, limit=2, after=place)


def test_what_an_editor_skips_goes_to_the_end_for_this_editor_only(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    first, second, third = (cast.comment(letter, days_ago=days) for days in (3, 2, 1))
    postponing.postpone(session, first, "skipped", by=cast.mo, now=NOON)
    assert queue(session, cast.mo) == [second.id, third.id, first.id]
    assert queue(session, cast.ada) == [first.id, second.id, third.id]
    assert first.standing == "pending"
    postponing.postpone(session, second, "skipped", by=cast.mo, now=NOON + timedelta(minutes=1))
    postponing.postpone(session, first, "skipped", by=cast.mo, now=NOON + timedelta(minutes=2))
    assert queue(session, cast.mo, order="newest") == [third.id, second.id, first.id]
    postponing.take_up(session, first, by=cast.mo)
    assert queue(session, cast.mo) == [first.id, third.id, second.id]


def test_a_pile_is_one_editors_own_and_is_come_back_to(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    first, second = (cast.comment(letter, days_ago=days) for days in (2, 1))
    postponing.postpone(session, first, "maybe", by=cast.mo, now=NOON)
    assert queue(session, cast.mo) == [second.id]
    assert ids(waiting.pile(session, cast.mo, now=NOON, limit=10)) == [first.id]
    assert ids(waiting.pile(session, cast.ada, now=NOON, limit=10)) == []
    assert waiting.numbers(session, cast.mo) == waiting.Numbers(waiting=2, maybe=1, newest=second.id)
    assert waiting.numbers(session, cast.ada).maybe == 0
    moderation.decide(session, first, "published", by=cast.ada, now=NOON)
    assert ids(waiting.pile(session, cast.mo, now=NOON, limit=10)) == []
    assert waiting.numbers(session, cast.mo).maybe == 0
    assert postponing.forget_decided(session) == 1
    assert session.scalars(sa.select(Postponement)).all() == []


def test_the_number_is_never_more_than_is_counted(
    cast: Cast, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = cast.letter()
    for _ in range(4):
        cast.comment(letter)
    assert waiting.numbers(session, cast.mo).waiting == 4
    monkeypatch.setattr(waiting, "MOST_COUNTED", 2)
    assert waiting.numbers(session, cast.mo).waiting == 3  # more than two


def test_what_came_in_later_is_told_apart(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    old = cast.comment(letter, days_ago=1)
    known = waiting.numbers(session, cast.mo).newest
    assert waiting.came_in(session, known) == 0
    late = cast.comment(letter, days_ago=2)  # sent earlier, come later: an import, a clock that was set
    assert waiting.came_in(session, known) == 1
    assert queue(session, cast.mo, since=known) == [late.id]
    moderation.decide(session, late, "declined", by=cast.mo, now=NOON)
    assert waiting.came_in(session, known) == 0
    assert queue(session, cast.mo) == [old.id]


def test_each_of_two_editors_sees_that_the_other_reads_the_comment(cast: Cast, session: Session) -> None:
    comment, other = cast.comment(cast.letter()), cast.comment(cast.letter())
    mo, ada = cast.mo, cast.ada
    presence.reading(session, mo, comment.id, now=NOON)
    assert [case.reader for case in line(session, ada, now=NOON, limit=5)] == ["Mo", None]
    assert [case.reader for case in line(session, mo, now=NOON, limit=5)] == [None, None]
    assert presence.readers(session, [comment.id, other.id], but=ada, now=NOON) == {comment.id: "Mo"}
    assert presence.readers(session, [comment.id, other.id], but=mo, now=NOON) == {}
    presence.reading(session, mo, other.id, now=NOON)
    assert presence.readers(session, [comment.id, other.id], but=ada, now=NOON) == {other.id: "Mo"}
    late = NOON + waiting.READING_FOR
    assert presence.readers(session, [other.id], but=ada, now=late) == {}
    assert [case.reader for case in line(session, ada, now=late, limit=5)] == [None, None]


def test_presence_locks_nothing_and_minds_no_comment_that_is_gone(cast: Cast, session: Session) -> None:
    comment = cast.comment(cast.letter())
    presence.reading(session, cast.mo, comment.id, now=NOON)
    moderation.decide(session, comment, "published", by=cast.ada, now=NOON)
    presence.reading(session, cast.mo, 4711, now=NOON)
    assert comment.standing == "published"


def test_letters_are_listed_with_what_waits_under_them(cast: Cast, session: Session) -> None:
    one, other, none = cast.letter(), cast.letter(), cast.letter()
    cast.comment(one), cast.comment(other), cast.comment(other), cast.published(none)
    assert [(letter.id, number) for letter, number in waiting.letters(session, limit=9)] == [(other.id, 2), (one.id, 1)]
    assert len(waiting.under(session, other.id, limit=9)) == 2
