"""When Fridays are: the slots of a rubric. Pure: no database, no clock.

A slot is kept as wall time and zone and derived in UTC, because governments move zones and readers read clocks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

Oddity = Literal["", "skipped", "doubled"]

FURTHEST = timedelta(days=1)
"""How far the calendar may be from the moment of a slot: Samoa had no 30 December 2011, and that Friday's slot fell on
the Saturday; where clocks go back at midnight a Sunday's slot is past while it is Saturday again."""


@dataclass(frozen=True)
class Slot:
    """One moment of a rubric."""

    local: datetime
    """Wall time, naive."""
    zone: str
    """IANA name."""

    @property
    def moment(self) -> datetime:
        """The slot in UTC.

        A wall time that the clocks skip in spring is the moment they would have shown it without the change; one that
        comes twice in autumn is its first coming (PEP 495, fold=0).
        """
        return self.local.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)

    @property
    def oddity(self) -> Oddity:
        """Whether the clocks skip this wall time, or show it twice."""
        zone = ZoneInfo(self.zone)
        if self.local.replace(tzinfo=zone).utcoffset() == self.local.replace(tzinfo=zone, fold=1).utcoffset():
            return ""
        return "doubled" if self.shown == self.local else "skipped"

    @property
    def shown(self) -> datetime:
        """What the clocks of the zone show at the moment: the wall time, but for one that they skip."""
        return self.moment.astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)

    @property
    def day(self) -> date:
        """The date that names the letter."""
        return self.local.date()


def slots(weekday: int, at: time, zone: str, *, after: datetime) -> Iterator[Slot]:
    """The slots of a rubric after a moment, soonest first, without end.

    weekday: 0 is Monday. at: wall time. zone: IANA name. after: an aware datetime; a slot at that very moment is past.
    """
    day = after.astimezone(ZoneInfo(zone)).date() - FURTHEST
    day += timedelta(days=(weekday - day.weekday()) % 7)
    while True:
        slot = Slot(datetime.combine(day, at), zone)
        if slot.moment > after:
            yield slot
        day += timedelta(days=7)


def previous_slots(weekday: int, at: time, zone: str, *, before: datetime) -> Iterator[Slot]:
    """The slots of a rubric up to and with a moment, latest first, without end. Arguments as for `slots`."""
    day = before.astimezone(ZoneInfo(zone)).date() + FURTHEST
    day -= timedelta(days=(day.weekday() - weekday) % 7)
    while True:
        slot = Slot(datetime.combine(day, at), zone)
        if slot.moment <= before:
            yield slot
        day -= timedelta(days=7)


def is_zone(name: str) -> bool:
    """Does the IANA database know this zone."""
    return name in available_timezones()
