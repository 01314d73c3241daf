"""Like ones of what waits stand together, and the list keeps its order while it is read."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.comments import gathering, moderation, postponing, waiting
from app.comments.models import Comment
from app.comments.waiting import Case, line

from ..cast import Cast
from ..conftest import NOON

SAID = [
    "Ask for the money before the sketch, never after the sketch.",
    "My neighbour breeds pigeons in a lighthouse.",
    "Never after the sketches: ask for money before.",
    "A contract of one page is read, one of forty pages is signed.",
    "Pigeons in the lighthouse, bred by neighbours!",
    "Money: ask for it before the sketch, not after the sketch.",
]
TOGETHER = [0, 2, 5, 1, 4, 3]


@pytest.fixture
def sent(cast: Cast) -> list[int]:
    letters = [cast.letter(), cast.letter()]
    return [cast.comment(letters[n % 2], text, days_ago=9 - n).id for n, text in enumerate(SAID)]


def page(session: Session, cast: Cast, after: Case | None = None, *, limit: int = 9, minutes: int = 0) -> list[Case]:
    place = after.place if after else None
    now = NOON + timedelta(minutes=minutes)
    return line(session, cast.mo, now=now, order="likeness", limit=limit, after=place)


def ids(cases: list[Case]) -> list[int]:
    return [case.comment.id for case in cases]


def test_like_ones_stand_together_where_the_first_of_them_does(cast: Cast, session: Session, sent: list[int]) -> None:
    cases = page(session, cast)
    assert ids(cases) == [sent[n] for n in TOGETHER]
    assert [case.like for case in cases] == [False, True, True, False, True, False]


def test_a_decision_does_not_move_the_kin_of_what_was_decided(cast: Cast, session: Session, sent: list[int]) -> None:
    first = page(session, cast, limit=2)
    for case, by in zip(first, (cast.mo, cast.ada), strict=True):
        moderation.decide(session, case.comment, "declined", by=by, now=NOON + timedelta(minutes=1))
    second = page(session, cast, first[-1], limit=2, minutes=2)
    assert ids(second) == [sent[5], sent[1]]
    moderation.decide(session, second[1].comment, "published", by=cast.mo, now=NOON + timedelta(minutes=3))
    assert ids(page(session, cast, second[1], minutes=4)) == [sent[4], sent[3]]
    # A list begun now knows nothing of what was decided before it.
    assert ids(page(session, cast, minutes=5)) == [sent[n] for n in (3, 4, 5)]


def test_what_comes_in_while_the_list_is_read_waits_behind_it(cast: Cast, session: Session, sent: list[int]) -> None:
    first = page(session, cast, limit=3)
    late = cast.comment(cast.letter(), SAID[0], days_ago=-1 / 1440)
    assert ids(page(session, cast, first[-1], minutes=2)) == [sent[1], sent[4], sent[3], late.id]
    assert ids(page(session, cast, minutes=2)) == [sent[0], sent[2], sent[5], late.id, sent[1], sent[4], sent[3]]


def test_beyond_the_window_the_oldest_comes_first(
    cast: Cast, session: Session, sent: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "WINDOW", 3)
    cases = page(session, cast)
    assert ids(cases) == [sent[n] for n in (0, 2, 1, 3, 4, 5)]
    assert [case.like for case in cases].count(True) == 1
    for place in range(5):
        assert ids(page(session, cast, cases[place], limit=2)) == ids(cases)[place + 1 : place + 3]
    for case in cases[:4]:
        moderation.decide(session, case.comment, "declined", by=cast.mo, now=NOON)
    assert ids(page(session, cast, cases[3], minutes=1)) == [sent[4], sent[5]]


def test_what_is_put_off_keeps_its_kin_together(cast: Cast, session: Session, sent: list[int]) -> None:
    postponing.postpone(session, session.get_one(Comment, sent[0]), "skipped", by=cast.mo, now=NOON)
    postponing.postpone(session, session.get_one(Comment, sent[1]), "maybe", by=cast.mo, now=NOON)
    cases = page(session, cast)
    assert ids(cases) == [sent[n] for n in (2, 5, 4, 3, 0)]
    assert ids(page(session, cast, cases[0], limit=3)) == [sent[n] for n in (5, 4, 3)]
    assert ids(page(session, cast, cases[3])) == [sent[0]]


def test_a_list_goes_on_behind_what_was_erased_meanwhile(cast: Cast, session: Session, sent: list[int]) -> None:
    first = page(session, cast, limit=2)
    session.delete(session.get_one(Comment, sent[2]))
    session.commit()
    assert sorted(ids(page(session, cast, first[-1]))) == sorted(set(sent) - {sent[2]})  # twice rather than never


def test_a_list_of_yesterday_is_put_together_anew(cast: Cast, session: Session, sent: list[int]) -> None:
    first = page(session, cast, limit=1)
    moderation.decide(session, first[0].comment, "declined", by=cast.mo, now=NOON)
    long_ago = NOON + gathering.LONGEST + timedelta(minutes=1)
    rest = line(session, cast.mo, now=long_ago, order="likeness", limit=9, after=first[0].place)
    assert sorted(ids(rest)) == sorted(sent[1:])


def test_what_came_in_last_is_in_its_turn_in_any_order(cast: Cast, session: Session, sent: list[int]) -> None:
    known = waiting.numbers(session, cast.mo).newest
    late = [cast.comment(cast.letter(), SAID[n], days_ago=0).id for n in (0, 1, 0)]
    assert ids(line(session, cast.mo, now=NOON, order="likeness", limit=9, since=known)) == late
