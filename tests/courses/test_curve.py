"""The curve of a course: sums of what its rows say, in steps that fit a page."""

from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.courses import opening, waitlist
from app.courses.curve import MOST_STEPS, Curve, Period, curve
from app.courses.models import Course, Subscriber

from ..cast import Cast
from ..conftest import NOON

TODAY = NOON.date()
DAY = timedelta(days=1)


def confirmed(session: Session, course: Course, email: str, days_ago: float) -> Subscriber:
    one = waitlist.new(course, email, now=NOON - DAY * days_ago)
    one.confirmed_at = NOON - DAY * days_ago
    session.add(one)
    session.flush()
    return one


def test_who_confirmed_left_and_was_told_is_counted_on_its_day(cast: Cast, session: Session) -> None:
    course = cast.course()
    for number in range(4):
        confirmed(session, course, f"a{number}@example.org", 5)
    waitlist.leave(session, confirmed(session, course, "left@example.org", 4), now=NOON - DAY * 2)
    waitlist.leave(session, waitlist.ask(session, course, "never@example.org", now=NOON), now=NOON)
    other = cast.course("law", "Law")
    confirmed(session, other, "elsewhere@example.org", 5)
    one = cast.opened(course)
    opening.close(session, one, now=NOON)
    confirmed(session, course, "late@example.org", 0)
    found = curve(session, course, until=TODAY)
    assert found.step == "day"
    assert [(p.first, p.confirmed, p.left, p.told, p.waiting) for p in found.periods] == [
        (TODAY - DAY * 5, 4, 0, 0, 4),
        (TODAY - DAY * 4, 1, 0, 0, 5),
        (TODAY - DAY * 3, 0, 0, 0, 5),
        (TODAY - DAY * 2, 0, 1, 0, 4),
        (TODAY - DAY * 1, 0, 0, 0, 4),
        (TODAY, 1, 0, 4, 1),
    ]
    assert found.periods[-1].waiting == waitlist.numbers(session, course)["confirmed"]


def test_who_leaves_after_the_notice_had_waited_until_it(cast: Cast, session: Session) -> None:
    course = cast.course()
    told = confirmed(session, course, "told@example.org", 3)
    cast.opened(course)
    session.expire_all()
    waitlist.leave(session, told, now=NOON)
    assert [(p.left, p.told, p.waiting) for p in curve(session, course, until=TODAY).periods][-1] == (0, 1, 0)


def test_whoever_is_erased_stays_in_the_curve_as_a_number(cast: Cast, session: Session) -> None:
    course = cast.course()
    confirmed(session, course, "vera@example.org", 3)
    before = [p.confirmed for p in curve(session, course, until=TODAY).periods]
    waitlist.erase_by(session, "vera@example.org", now=NOON)
    after = curve(session, course, until=TODAY).periods
    assert [p.confirmed for p in after] == before
    assert after[-1].waiting == 0


@pytest.mark.parametrize(
    ("days", "step", "first"),
    [
        (0, "day", TODAY),
        (59, "day", TODAY - DAY * 59),
        (60, "week", date(2026, 9, 21)),
        (419, "week", date(2025, 9, 29)),
        (420, "month", date(2025, 9, 1)),
        (1799, "month", date(2021, 12, 1)),
        (4000, "year", date(2015, 1, 1)),
    ],
)
def test_a_longer_time_has_longer_steps(days: int, step: str, first: date, cast: Cast, session: Session) -> None:
    course = cast.course()
    confirmed(session, course, "vera@example.org", days)
    found = curve(session, course, until=TODAY)
    assert (found.step, found.periods[0].first) == (step, first)
    assert len(found.periods) <= MOST_STEPS + 1
    starts = [p.first for p in found.periods]
    assert starts == sorted(set(starts))
    assert sum(p.confirmed for p in found.periods) == 1


@pytest.mark.parametrize(
    ("most", "lines"),
    [(0, [0, 1]), (1, [0, 1]), (5, [0, 1, 2, 3, 4, 5]), (6, [0, 2, 4, 6]), (47, [0, 10, 20, 30, 40, 50]),
     (1_000_000, [0, 200_000, 400_000, 600_000, 800_000, 1_000_000])],
)  # fmt: skip
def test_the_scale_has_round_numbers_and_room_for_all(most: int, lines: list[int]) -> None:
    assert Curve("day", [Period(TODAY, 0, 0, 0, most)]).lines == lines


def test_the_page_draws_it_and_has_its_numbers_beneath(client: FlaskClient, cast: Cast, at: object) -> None:
    course = cast.course()
    cast.signed_in(client, cast.ada)
    assert "<polyline" not in client.get("/desk/courses/1").text
    for number in range(3):
        cast.subscriber(course, f"a{number}@example.org")
    page = client.get("/desk/courses/1").text
    assert page.count("<polyline") == 1
    assert '<th scope="row">22 November 2026</th><td>3</td><td>3</td><td>0</td><td>0</td>' in page
