import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from flask_babel import force_locale
from sqlalchemy.orm import Session

from app import web
from app.letters import calendar, publishing
from app.letters.fridays import Slot
from app.letters.models import Letter, Rubric
from app.reviews import reviewing

from ..cast import Cast
from ..conftest import NOON
from ..house_on_a_port import token

MOSCOW = "Europe/Moscow"
FRIDAY = Slot(datetime(2026, 11, 27, 10, 0), MOSCOW)
NEXT_FRIDAY = Slot(datetime(2026, 12, 4, 10, 0), MOSCOW)
TUESDAY = Slot(datetime(2026, 12, 1, 9, 0), MOSCOW)


def mondays(cast: Cast) -> Rubric:
    rubric = Rubric(slug="mondays", name="money", title="Money", weekday=0, time=time(8, 30), zone="Europe/London")
    cast.session.add(rubric)
    cast.session.commit()
    return rubric


def test_weeks_ahead_have_the_slots_of_all_rubrics_and_what_is_out_of_turn(cast: Cast, session: Session) -> None:
    fridays, money = cast.rubric(), mondays(cast)
    letter, odd = cast.draft(rubric_id=fridays.id), cast.draft(rubric_id=fridays.id)
    publishing.schedule(session, letter, NEXT_FRIDAY, now=NOON)
    publishing.schedule(session, odd, TUESDAY, now=NOON)
    first, second, *_ = calendar.weeks(session, now=NOON, number=2)
    assert [(one[0], len(one[1])) for one in (first, second)] == [(date(2026, 11, 23), 1), (date(2026, 11, 30), 3)]
    assert first[1] == [calendar.Place(FRIDAY, fridays, None, in_turn=True)]
    assert second[1] == [
        calendar.Place(Slot(datetime(2026, 11, 30, 8, 30), "Europe/London"), money, None, in_turn=True),
        calendar.Place(TUESDAY, fridays, odd, in_turn=False),
        calendar.Place(NEXT_FRIDAY, fridays, letter, in_turn=True),
    ]


def test_the_next_free_slot_is_the_first_of_any_rubric(cast: Cast, session: Session) -> None:
    assert calendar.next_free(session, now=NOON) is None
    fridays, money = cast.rubric(), mondays(cast)
    assert calendar.next_free(session, now=NOON) == calendar.Place(FRIDAY, fridays, None, in_turn=True)
    publishing.schedule(session, cast.draft(rubric_id=fridays.id), FRIDAY, now=NOON)
    place = calendar.next_free(session, now=NOON)
    assert place is not None
    assert place.rubric is money


def test_a_letter_that_is_moved_is_of_the_rubric_where_it_was_put(cast: Cast, session: Session) -> None:
    fridays, money = cast.rubric(), mondays(cast)
    letter = cast.draft(rubric_id=money.id)
    calendar.place(session, letter, fridays, FRIDAY, now=NOON)
    assert (letter.rubric_id, letter.ready, letter.name) == (fridays.id, True, "2026-11-27")
    calendar.place(session, letter, fridays, NEXT_FRIDAY, now=NOON)
    assert letter.name == "2026-12-04"
    with pytest.raises(publishing.SlotTaken):
        calendar.place(session, cast.draft(), fridays, NEXT_FRIDAY, now=NOON)
    with pytest.raises(publishing.Unfinished):
        calendar.place(session, cast.draft(answer=""), fridays, FRIDAY, now=NOON)


def test_an_empty_slot_is_told_of_from_its_days_before(cast: Cast, session: Session) -> None:
    fridays = cast.rubric()
    before = FRIDAY.moment - timedelta(days=3)
    assert calendar.empty_soon(session, days=3, now=before - timedelta(seconds=1)) == []
    assert [place.slot for place in calendar.empty_soon(session, days=3, now=before)] == [FRIDAY]
    publishing.schedule(session, cast.draft(rubric_id=fridays.id), FRIDAY, now=NOON)
    assert calendar.empty_soon(session, days=3, now=before) == []


@pytest.mark.parametrize(
    ("language", "before", "said"),
    [
        ("en", timedelta(days=3, hours=21), "Friday 27 November, 10:00 Moscow, in 3 days 21 hours"),
        ("en", timedelta(days=1, hours=1, minutes=59), "Friday 27 November, 10:00 Moscow, in 1 day 1 hour"),
        ("en", timedelta(hours=2, minutes=1), "Friday 27 November, 10:00 Moscow, in 2 hours 1 minute"),
        ("en", timedelta(days=2), "Friday 27 November, 10:00 Moscow, in 2 days"),
        ("en", timedelta(seconds=59), "Friday 27 November, 10:00 Moscow, in less than a minute"),
        ("ru", timedelta(days=3, hours=21), "пятница, 27 ноября, 10:00, Москва, через 3 дня 21 час"),
        ("ru", timedelta(days=1, hours=2), "пятница, 27 ноября, 10:00, Москва, через 1 день 2 часа"),
        ("ru", timedelta(days=11, hours=11), "пятница, 27 ноября, 10:00, Москва, через 11 дней 11 часов"),
        ("ru", timedelta(hours=5, minutes=1), "пятница, 27 ноября, 10:00, Москва, через 5 часов 1 минуту"),
        ("ru", timedelta(minutes=22), "пятница, 27 ноября, 10:00, Москва, через 22 минуты"),
        ("ru", timedelta(minutes=25), "пятница, 27 ноября, 10:00, Москва, через 25 минут"),
        ("ru", timedelta(seconds=1), "пятница, 27 ноября, 10:00, Москва, через несколько секунд"),
    ],
)
def test_a_slot_is_said_with_the_right_plurals(app: Flask, language: str, before: timedelta, said: str) -> None:
    with app.test_request_context("/"), force_locale(language):
        g.now = FRIDAY.moment - before
        assert web.slot_said(FRIDAY) == said


def test_a_slot_of_another_year_says_it_and_an_odd_hour_is_explained(app: Flask) -> None:
    with app.test_request_context("/"), force_locale("en"):
        g.now = NOON
        assert web.slot_day(Slot(datetime(2027, 1, 1, 10), MOSCOW)) == "Friday 1 January 2027"
        skipped = web.slot_said(Slot(datetime(2027, 3, 14, 2, 30), "America/New_York"))
        assert skipped.endswith("(the clocks skip that hour, and show 03:30 then)")
        assert web.slot_said(Slot(datetime(2027, 11, 7, 1, 30), "America/New_York")).endswith("it is the first time)")
        assert web.slot_said(Slot(datetime(2026, 11, 27, 10), "UTC")).startswith("Friday 27 November, 10:00 UTC, in")


@pytest.fixture
def editor(client: FlaskClient, cast: Cast, at: object) -> FlaskClient:
    return cast.signed_in(client, cast.ada)


def put(client: FlaskClient, letter: Letter, rubric: Rubric, slot: Slot):  # type: ignore[no-untyped-def]
    address = f"/desk/calendar/place?rubric={rubric.id}&at={slot.local.isoformat()}"
    page = client.get(address)
    assert page.status_code == 200
    return client.post(address, data={"letter_id": letter.id, "csrf_token": token(page.text)})


def test_the_calendar_offers_the_next_free_slot_and_confirms_with_the_time_left(
    editor: FlaskClient, cast: Cast
) -> None:
    rubric, letter = cast.rubric(), cast.draft("Waits")
    page = editor.get("/desk/calendar").text
    assert "The next free slot: Friday 27 November, 10:00 Moscow, in 3 days 19 hours." in page
    assert "Waits" in page
    assert "A letter for Friday 27 November" in editor.get("/desk/calendar/place").text
    answer = put(editor, letter, rubric, FRIDAY)
    assert answer.location == "/desk/calendar"
    page = editor.get("/desk/calendar").text
    assert "It goes out: Friday 27 November, 10:00 Moscow, in 3 days 19 hours." in page
    assert f'data-letter="{letter.id}"' in page
    cast.session.refresh(letter)
    assert letter.publish_at == FRIDAY.moment


def test_what_is_still_to_be_looked_at_is_said_again_when_a_letter_gets_its_friday(
    editor: FlaskClient, cast: Cast
) -> None:
    rubric, sound = cast.rubric(), cast.draft("All is well", question="What now?", rubric_id=mondays(cast).id)
    letter = cast.draft("Call me", question="Ring +44 20 7946 0958.\n\nWhat now?", rubric_id=rubric.id)
    reviewing.ask(cast.session, letter, by=cast.wanda, now=NOON)
    for text in ("Who?", "When?"):
        reviewing.mark(cast.session, letter, "What now?", text, by=cast.ada, now=NOON)
    cast.session.commit()
    page = editor.get(f"/desk/letters/{letter.id}/slot").text
    assert "To look at before it goes out" in page
    for said in (
        "Wanda waits for an editor’s eyes on it.",
        "2 remarks of its review are not done.",
        "+44 20 7946 0958",
    ):
        assert said in page
    put(editor, letter, rubric, FRIDAY)
    assert "There are 4 things to look at before it goes out." in editor.get("/desk/calendar").text
    assert "To look at before it goes out" not in editor.get(f"/desk/letters/{sound.id}/slot").text
    put(editor, sound, rubric, NEXT_FRIDAY)
    assert "to look at before it goes out" not in editor.get("/desk/calendar").text


def test_what_cannot_go_there_is_said_and_nothing_moves(editor: FlaskClient, cast: Cast) -> None:
    rubric, unfinished = cast.rubric(), cast.draft("No answer yet", answer="")
    answer = put(editor, unfinished, rubric, FRIDAY)
    assert answer.status_code == 422
    assert "needs its title" in answer.text
    cast.session.refresh(unfinished)
    assert (unfinished.rubric_id, unfinished.ready) == (None, False)


@pytest.mark.parametrize("at", ["2026-11-28T10:00:00", "2026-11-27T11:00:00", "2026-11-27T10:00:00+03:00", "soon", ""])
def test_only_a_slot_of_the_rubric_is_a_place(at: str, editor: FlaskClient, cast: Cast) -> None:
    rubric = cast.rubric()
    assert editor.get("/desk/calendar/place", query_string={"rubric": rubric.id, "at": at}).status_code == 404
    assert editor.get("/desk/calendar/place?rubric=99&at=2026-11-27T10:00:00").status_code == 404


def test_an_empty_slot_is_announced_at_the_desk(editor: FlaskClient, cast: Cast, at: object) -> None:
    cast.rubric()
    assert "No letter yet" not in editor.get("/desk/letters").text
    at(datetime(2026, 11, 25, 10, 0, tzinfo=UTC))  # type: ignore[operator]
    for page in ("/desk/letters", "/desk/calendar"):
        assert "No letter yet: Friday 27 November, 10:00 Moscow, in 1 day 21 hours." in editor.get(page).text


def test_writers_see_the_calendar_and_move_nothing(client: FlaskClient, cast: Cast, at: object) -> None:
    cast.rubric()
    cast.draft()
    cast.signed_in(client, cast.wanda)
    page = client.get("/desk/calendar").text
    assert not re.search("data-drop|draggable=.true|calendar/place", page)
    assert client.get("/desk/calendar/place").status_code == 403
