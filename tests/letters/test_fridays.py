from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.letters.fridays import Slot, is_zone, previous_slots, slots

FRIDAY = 4
TEN = time(10, 0)
SKIPPED_FRIDAY = datetime(2011, 12, 30, 22, 0, tzinfo=UTC)
"""Noon of the Saturday on Samoa; the Friday before it never was."""
FIRST_MIDNIGHT = datetime(2010, 11, 7, 3, 0, tzinfo=UTC)
"""In St. John's it has been Sunday for half an hour already, and is Saturday again: the clocks went back at 00:01."""

moments = st.datetimes(datetime(1990, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC))
weekdays = st.integers(0, 6)
hours = st.times()
zones = st.sampled_from(
    ["Europe/Moscow", "America/New_York", "America/St_Johns", "America/Nuuk", "Pacific/Apia", "Asia/Kolkata",
     "Africa/Cairo", "Australia/Lord_Howe", "UTC"]
)  # fmt: skip


def first(weekday: int, at: time, zone: str, after: datetime, number: int = 1) -> list[Slot]:
    return list(islice(slots(weekday, at, zone, after=after), number))


@pytest.mark.parametrize(
    ("zone", "moment"),
    [
        ("Europe/Moscow", datetime(2026, 11, 27, 7, 0, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 27, 15, 0, tzinfo=UTC)),
        ("Pacific/Apia", datetime(2026, 11, 26, 21, 0, tzinfo=UTC)),
        ("Asia/Kolkata", datetime(2026, 11, 27, 4, 30, tzinfo=UTC)),
    ],
)
def test_friday_at_ten_is_ten_on_the_clocks_of_the_zone(zone: str, moment: datetime) -> None:
    (slot,) = first(FRIDAY, TEN, zone, datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    assert (slot.day, slot.moment) == (date(2026, 11, 27), moment)


def test_on_samoa_friday_comes_while_it_is_thursday_in_london() -> None:
    thursday = datetime(2026, 11, 26, 20, 59, tzinfo=UTC)
    assert first(FRIDAY, TEN, "Pacific/Apia", thursday)[0].day == date(2026, 11, 27)
    assert first(FRIDAY, TEN, "Pacific/Apia", thursday + timedelta(minutes=1))[0].day == date(2026, 12, 4)


def test_the_hour_stays_ten_when_the_clocks_change() -> None:
    before, after = first(FRIDAY, TEN, "America/New_York", datetime(2026, 10, 29, tzinfo=UTC), 2)
    assert (before.local, after.local) == (datetime(2026, 10, 30, 10), datetime(2026, 11, 6, 10))
    assert after.moment - before.moment == timedelta(days=7, hours=1)


def test_a_wall_time_that_spring_skips_is_the_moment_it_would_have_been() -> None:
    gap = Slot(datetime(2026, 3, 8, 2, 30), "America/New_York")
    assert gap.moment == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
    assert gap.moment.astimezone(ZoneInfo(gap.zone)).time() == time(3, 30)


def test_a_wall_time_that_comes_twice_in_autumn_is_its_first_coming() -> None:
    assert Slot(datetime(2026, 11, 1, 1, 30), "America/New_York").moment == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_a_slot_at_the_very_moment_is_past() -> None:
    ten = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)
    assert first(FRIDAY, TEN, "Europe/Moscow", ten)[0].moment == ten + timedelta(days=7)
    assert next(previous_slots(FRIDAY, TEN, "Europe/Moscow", before=ten)).moment == ten


def test_the_friday_that_samoa_skipped_has_its_slot_on_the_saturday() -> None:
    (slot,) = first(FRIDAY, time(23, 0), "Pacific/Apia", SKIPPED_FRIDAY)
    assert slot.moment.astimezone(ZoneInfo("Pacific/Apia")) == datetime(
        2011, 12, 31, 23, 0, tzinfo=ZoneInfo("Pacific/Apia")
    )


@given(weekdays, hours, zones, moments)
@example(FRIDAY, time(23, 0), "Pacific/Apia", SKIPPED_FRIDAY)
def test_slots_come_ever_later_seven_days_of_the_calendar_apart(
    weekday: int, at: time, zone: str, after: datetime
) -> None:
    some = first(weekday, at, zone, after, 60)
    assert some[0].moment > after
    for one, next_one in pairwise(some):
        assert one.moment < next_one.moment
        assert next_one.local - one.local == timedelta(days=7)
    assert {(slot.local.weekday(), slot.local.time(), slot.zone) for slot in some} == {(weekday, at, zone)}


@given(weekdays, hours, zones, moments)
@example(FRIDAY, time(23, 0), "Pacific/Apia", SKIPPED_FRIDAY)
@example(6, time(0, 0, 30), "America/St_Johns", FIRST_MIDNIGHT)
def test_every_slot_is_either_coming_or_past_and_none_is_missed(
    weekday: int, at: time, zone: str, now: datetime
) -> None:
    past = list(islice(previous_slots(weekday, at, zone, before=now), 3))
    coming = first(weekday, at, zone, now, 3)
    assert past[0].moment <= now < coming[0].moment
    locals_ = [slot.local for slot in (*reversed(past), *coming)]
    assert {b - a for a, b in pairwise(locals_)} == {timedelta(days=7)}


@given(weekdays, hours, zones, moments)
def test_looking_back_finds_what_looking_forward_found(weekday: int, at: time, zone: str, start: datetime) -> None:
    forward = first(weekday, at, zone, start, 5)
    back = takewhile(lambda s: s.moment > start, previous_slots(weekday, at, zone, before=forward[-1].moment))
    assert list(back) == forward[::-1]


def test_a_zone_is_one_that_the_iana_database_knows() -> None:
    assert is_zone("Europe/Moscow")
    assert not is_zone("Europe/Moskau")
    assert not is_zone("")


# Every zone of the world, for the next ten years

BEGIN = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
WEEKS = 522


@cache
def clocks() -> dict[tuple[timedelta | None, ...], str]:
    """{offsets from UTC, week by week: a zone}: zones whose clocks go alike for ten years are one."""
    weeks = [BEGIN + WEEK * n for n in range(WEEKS)]
    return {
        tuple(moment.astimezone(ZoneInfo(name)).utcoffset() for moment in weeks): name
        for name in sorted(available_timezones())
    }


@cache
def changes() -> list[tuple[str, datetime, timedelta]]:
    """[(zone, the moment at which its clocks change, by how much)], to the second."""
    found = []
    for offsets, name in clocks().items():
        for n, (one, other) in enumerate(pairwise(offsets)):
            if one == other:
                continue
            before, after = BEGIN + WEEK * n, BEGIN + WEEK * (n + 1)
            while after - before > timedelta(seconds=1):
                middle = (before + (after - before) / 2).replace(microsecond=0)
                is_before = middle.astimezone(ZoneInfo(name)).utcoffset() == one
                before, after = (middle, after) if is_before else (before, middle)
            assert one is not None
            assert other is not None
            found.append((name, after, other - one))
    return found


def test_the_clocks_of_the_world_are_all_looked_at() -> None:
    assert len(available_timezones()) > 500
    assert len(clocks()) > 60
    assert len(changes()) > 500
    assert {zone for zone, _, by in changes() if abs(by) != timedelta(hours=1)} == {"Australia/Lord_Howe"} | {
        zone for zone, _, by in changes() if abs(by) == timedelta(hours=2)
    }


def test_everywhere_friday_at_ten_is_friday_at_ten_for_ten_years() -> None:
    for name in clocks().values():
        zone, last = ZoneInfo(name), BEGIN
        for slot in first(FRIDAY, TEN, name, BEGIN, WEEKS):
            there = slot.moment.astimezone(zone)
            assert (there.weekday(), there.time(), slot.oddity) == (FRIDAY, TEN, ""), (name, slot)
            assert timedelta() < slot.moment - last <= WEEK + timedelta(hours=2)
            last = slot.moment


def test_an_hour_that_the_clocks_skip_is_told_and_comes_as_late_as_it_would_have_come() -> None:
    skips = [(zone, moment, by) for zone, moment, by in changes() if by > timedelta()]
    assert skips
    for name, moment, by in skips:
        last_shown = (moment - timedelta(seconds=1)).astimezone(ZoneInfo(name)).replace(tzinfo=None)
        never = last_shown + timedelta(seconds=1) + by / 2
        slot = Slot(never, name)
        assert (slot.oddity, slot.moment, slot.shown) == ("skipped", moment + by / 2, never + by), name
        assert first(never.weekday(), never.time(), name, moment - timedelta(days=1)) == [slot]
        for ordinary in (last_shown, last_shown + timedelta(seconds=2) + by):
            assert (Slot(ordinary, name).oddity, Slot(ordinary, name).shown) == ("", ordinary)


def test_an_hour_that_comes_twice_is_told_and_is_the_first_one() -> None:
    repeats = [(zone, moment, -by) for zone, moment, by in changes() if by < timedelta()]
    assert repeats
    for name, moment, by in repeats:
        twice = (moment - by / 2).astimezone(ZoneInfo(name)).replace(tzinfo=None, fold=0)
        slot = Slot(twice, name)
        assert (slot.oddity, slot.moment, slot.shown) == ("doubled", moment - by / 2, twice), name
        # Between its two comings it is past: no letter goes out twice.
        assert first(twice.weekday(), twice.time(), name, moment - by / 2)[0].local == twice + WEEK
