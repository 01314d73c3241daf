from datetime import UTC, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.letters import drafting, publishing
from app.letters.fridays import Slot
from app.letters.models import Letter, Rubric
from app.letters.publishing import AlreadyOut, SlotPassed, SlotTaken, Unfinished, live, schedule, withhold

from ..cast import Cast
from ..conftest import NOON

TICK = timedelta(microseconds=1)
FRIDAY = Slot(datetime(2026, 11, 27, 10, 0), "Europe/Moscow")
NEXT_FRIDAY = Slot(datetime(2026, 12, 4, 10, 0), "Europe/Moscow")


def seen(session: Session, now: datetime) -> list[str | None]:
    return [letter.name for letter in session.scalars(live(now))]


def scheduled(cast: Cast, slot: Slot = FRIDAY, **more: object) -> Letter:
    letter = cast.draft(**more)
    schedule(cast.session, letter, slot, now=NOON)
    cast.session.commit()
    return letter


@pytest.mark.parametrize("early", [TICK, timedelta(seconds=1), timedelta(days=3)])
def test_before_its_moment_nobody_sees_a_letter(cast: Cast, session: Session, early: timedelta) -> None:
    letter = scheduled(cast)
    assert seen(session, FRIDAY.moment - early) == []
    assert not letter.is_live(FRIDAY.moment - early)


@pytest.mark.parametrize("late", [timedelta(0), TICK, timedelta(days=10_000)])
def test_from_its_moment_on_everybody_does(cast: Cast, session: Session, late: timedelta) -> None:
    letter = scheduled(cast)
    assert seen(session, FRIDAY.moment + late) == ["2026-11-27"]
    assert letter.is_live(FRIDAY.moment + late)


def test_a_draft_is_seen_at_no_time(cast: Cast, session: Session) -> None:
    cast.draft()
    assert seen(session, datetime(9999, 1, 1, tzinfo=UTC)) == []


def test_the_letter_keeps_wall_time_zone_and_the_moment_in_utc(cast: Cast, session: Session) -> None:
    letter = session.get_one(Letter, scheduled(cast).id, populate_existing=True)
    assert (letter.slot_at, letter.slot_zone) == (datetime(2026, 11, 27, 10, 0), "Europe/Moscow")
    assert letter.publish_at == datetime(2026, 11, 27, 7, 0, tzinfo=UTC)


def test_the_next_change_by_the_clock_is_the_nearest_slot(cast: Cast, session: Session) -> None:
    assert publishing.next_slot_at(session, NOON) is None
    scheduled(cast, NEXT_FRIDAY)
    scheduled(cast)
    cast.letter(days_ago=3)
    assert publishing.next_slot_at(session, NOON) == FRIDAY.moment
    assert publishing.next_slot_at(session, FRIDAY.moment) == NEXT_FRIDAY.moment


def test_free_slots_skip_those_that_have_a_letter(cast: Cast, session: Session) -> None:
    rubric = cast.rubric()
    scheduled(cast, FRIDAY, rubric_id=rubric.id)
    scheduled(cast, NEXT_FRIDAY)  # of no rubric: it takes none of its slots
    first, second = publishing.free_slots(session, rubric, now=NOON, number=2)
    assert (first, second.local) == (NEXT_FRIDAY, datetime(2026, 12, 11, 10, 0))


def test_two_letters_of_a_rubric_never_share_a_slot(cast: Cast, session: Session) -> None:
    rubric = cast.rubric()
    scheduled(cast, rubric_id=rubric.id)
    second = cast.draft(rubric_id=rubric.id)
    with pytest.raises(SlotTaken):
        schedule(session, second, FRIDAY, now=NOON)
    session.commit()
    assert (second.ready, second.publish_at, second.name) == (False, None, None)


def test_letters_of_two_rubrics_may_come_out_at_the_same_moment(cast: Cast, session: Session) -> None:
    scheduled(cast, rubric_id=cast.rubric().id)
    other = Rubric(slug="law", name="law", title="Law", weekday=4, time=time(10), zone="Europe/Moscow")
    session.add(other)
    session.flush()
    scheduled(cast, rubric_id=other.id)
    assert sorted(filter(None, seen(session, FRIDAY.moment))) == ["2026-11-27", "2026-11-27-2"]


def test_of_two_sessions_that_both_found_the_slot_free_one_gets_it(cast: Cast, session: Session) -> None:
    rubric = cast.rubric()
    mine, theirs_id = cast.draft(rubric_id=rubric.id), cast.draft(rubric_id=rubric.id).id
    with Session(session.get_bind(), expire_on_commit=False) as other:
        theirs = other.get_one(Letter, theirs_id)
        assert FRIDAY in publishing.free_slots(other, other.get_one(Rubric, rubric.id), now=NOON, number=1)
        other.commit()  # their read is over; what they loaded is what they act on
        schedule(session, mine, FRIDAY, now=NOON)
        session.commit()
        with pytest.raises(SlotTaken):
            schedule(other, theirs, FRIDAY, now=NOON)


def test_what_the_first_look_misses_the_database_still_refuses(
    cast: Cast, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    rubric = cast.rubric()
    scheduled(cast, rubric_id=rubric.id)
    second = cast.draft(rubric_id=rubric.id)
    monkeypatch.setattr(session, "scalar", lambda query: None)  # the other letter came after the look
    with pytest.raises(SlotTaken):
        schedule(session, second, FRIDAY, now=NOON)
    monkeypatch.undo()
    assert session.scalars(sa.select(Letter.id).where(Letter.ready)).all() != [second.id]


def test_of_two_sessions_that_move_one_letter_the_later_stands(cast: Cast, session: Session) -> None:
    letter = scheduled(cast)
    with Session(session.get_bind(), expire_on_commit=False) as other:
        theirs = other.get_one(Letter, letter.id)
        other.commit()
        schedule(session, letter, NEXT_FRIDAY, now=NOON)
        session.commit()
        withhold(other, theirs, now=NOON)
        other.commit()
    assert session.get_one(Letter, letter.id, populate_existing=True).publish_at is None


def test_who_did_not_see_that_a_letter_went_out_meanwhile_cannot_take_it_back(cast: Cast, session: Session) -> None:
    letter = scheduled(cast)
    with Session(session.get_bind(), expire_on_commit=False) as other:
        theirs = other.get_one(Letter, letter.id)
        other.commit()
        publishing.publish_now(session, letter, "UTC", now=NOON)
        session.commit()
        with pytest.raises(AlreadyOut):
            withhold(other, theirs, now=NOON)
        with pytest.raises(AlreadyOut):
            schedule(other, theirs, NEXT_FRIDAY, now=NOON)


def test_letters_of_one_day_are_numbered_from_the_second_on(cast: Cast) -> None:
    names = [scheduled(cast, Slot(datetime(2026, 11, 27, hour), "Europe/Moscow")).name for hour in (10, 11, 12)]
    assert names == ["2026-11-27", "2026-11-27-2", "2026-11-27-3"]


def test_a_name_that_became_free_is_given_again(cast: Cast, session: Session) -> None:
    first = scheduled(cast)
    scheduled(cast, Slot(datetime(2026, 11, 27, 11), "Europe/Moscow"))
    withhold(session, first, now=NOON)
    assert scheduled(cast).name == "2026-11-27"


def test_moving_a_scheduled_letter_renames_it(cast: Cast, session: Session) -> None:
    letter = scheduled(cast)
    schedule(session, letter, NEXT_FRIDAY, now=NOON)
    assert (letter.name, letter.publish_at) == ("2026-12-04", NEXT_FRIDAY.moment)


def test_a_letter_scheduled_twice_for_its_own_slot_keeps_its_name(cast: Cast, session: Session) -> None:
    letter = scheduled(cast, rubric_id=cast.rubric().id)
    schedule(session, letter, FRIDAY, now=NOON)
    assert letter.name == "2026-11-27"


def test_a_letter_that_is_out_moves_no_more(cast: Cast, session: Session) -> None:
    letter = scheduled(cast)
    with pytest.raises(AlreadyOut):
        schedule(session, letter, NEXT_FRIDAY, now=FRIDAY.moment)
    with pytest.raises(AlreadyOut):
        publishing.publish_now(session, letter, "UTC", now=FRIDAY.moment)
    with pytest.raises(AlreadyOut):
        withhold(session, letter, now=FRIDAY.moment)
    assert letter.name == "2026-11-27"


def test_a_letter_withheld_in_time_does_not_come_out(cast: Cast, session: Session) -> None:
    letter = scheduled(cast)
    withhold(session, letter, now=FRIDAY.moment - TICK)
    session.commit()
    assert seen(session, FRIDAY.moment) == []
    assert (letter.slot_at, letter.slot_zone, letter.publish_at, letter.name) == (None, None, None, None)


@pytest.mark.parametrize("late", [timedelta(0), TICK])
def test_a_slot_that_has_passed_is_refused(cast: Cast, session: Session, late: timedelta) -> None:
    with pytest.raises(SlotPassed):
        schedule(session, cast.draft(), FRIDAY, now=FRIDAY.moment + late)


@pytest.mark.parametrize("missing", ["asker", "answer"])
@pytest.mark.parametrize("text", ["", " \n\t"])
def test_an_unfinished_letter_is_refused(cast: Cast, session: Session, missing: str, text: str) -> None:
    with pytest.raises(Unfinished):
        schedule(session, cast.draft(**{missing: text}), FRIDAY, now=NOON)


def test_a_letter_without_a_title_is_refused(cast: Cast, session: Session) -> None:
    with pytest.raises(Unfinished):
        schedule(session, cast.draft(" "), FRIDAY, now=NOON)


def test_published_now_it_is_out_and_named_by_the_day_of_the_zone(cast: Cast, session: Session) -> None:
    late = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
    letter = cast.draft()
    publishing.publish_now(session, letter, "Asia/Kolkata", now=late)
    assert (letter.name, letter.publish_at) == ("2026-11-24", late)
    assert seen(session, late) == ["2026-11-24"]


def test_published_in_the_hour_that_comes_twice_it_is_out_at_that_very_moment(cast: Cast, session: Session) -> None:
    second_coming = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    letter = cast.draft()
    publishing.publish_now(session, letter, "America/New_York", now=second_coming)
    assert letter.publish_at == second_coming


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE letters SET publish_at = NULL, slot_at = NULL",
        "UPDATE letters SET name = NULL",
        "UPDATE letters SET slot_at = NULL",
        "UPDATE letters SET publish_at = NULL, ready = false",
        "UPDATE letters SET rubric_id = (SELECT id FROM rubrics), publish_at = '2026-11-27 07:00:00.000000', "
        "slot_at = '2026-11-27 10:00:00.000000'",
        "UPDATE letters SET name = '2026-11-27'",
    ],
)
def test_the_database_refuses_a_ready_letter_without_its_slot_and_two_in_one(
    cast: Cast, session: Session, attack: str
) -> None:
    cast.rubric()
    scheduled(cast), scheduled(cast, NEXT_FRIDAY)
    with pytest.raises(IntegrityError):
        session.execute(sa.text(attack))


def test_a_save_into_a_rubric_that_has_a_letter_at_that_moment_is_refused(cast: Cast, session: Session) -> None:
    rubric = cast.rubric()
    scheduled(cast, rubric_id=rubric.id)
    letter = scheduled(cast)
    draft = drafting.Draft("Title", "Vera", "en", "Ilya!", "Vera!", rubric_id=rubric.id)
    with pytest.raises(SlotTaken):
        drafting.save(session, letter, draft, version=letter.version, now=NOON)
    assert session.get_one(Letter, letter.id, populate_existing=True).rubric_id is None


def test_when_a_government_moves_its_zone_the_letter_keeps_its_wall_time(
    cast: Cast, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved, other = scheduled(cast, FRIDAY), scheduled(cast, Slot(datetime(2026, 11, 27, 10, 0), "UTC"))
    out = cast.letter(days_ago=1)
    before = {letter.id: letter.publish_at for letter in (moved, other, out)}
    assert publishing.follow_zones(session, now=NOON) == []
    an_hour = timedelta(hours=1)
    true_moment = Slot.moment.fget  # type: ignore[attr-defined]
    late = property(lambda slot: true_moment(slot) + (an_hour if slot.zone == FRIDAY.zone else timedelta()))
    monkeypatch.setattr(Slot, "moment", late)
    assert publishing.follow_zones(session, now=NOON) == [moved]
    assert moved.publish_at == before[moved.id] + an_hour
    assert (moved.slot_at, moved.name) == (FRIDAY.local, "2026-11-27")
    assert {other.publish_at, out.publish_at} == {before[other.id], before[out.id]}
    # Far too late to be moved into the past: such a letter stays where it was.
    assert publishing.follow_zones(session, now=moved.publish_at - timedelta(seconds=1)) == []
