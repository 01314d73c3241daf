"""An empty Friday is announced some days before to those who want it, once each."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from app.letters import publishing
from app.letters.fridays import Slot

from ..cast import Cast
from .conftest import Server
from .test_messages import parts

FRIDAY = Slot(datetime(2026, 11, 27, 10, 0), "Europe/Moscow")
SECOND = timedelta(seconds=1)


@pytest.fixture
def hearing(cast: Cast, session: Session) -> Cast:
    """Ada and Wanda want the mail, and so do Mo, who has no business with letters, and Lev, who has left."""
    cast.rubric()
    lev = cast.person("Lev", "editor")
    for person in (cast.ada, cast.wanda, cast.mo, lev):
        person.hears_of_empty_slots = True
    lev.left_at = cast.now
    cast.person("Nina", "editor")
    session.commit()
    return cast


def test_the_mail_goes_three_days_before_and_once_to_each(
    hearing: Cast, server: Server, sweep: Callable[[], None], at: Callable[..., None]
) -> None:
    at(FRIDAY.moment - timedelta(days=3) - SECOND)
    sweep()
    assert server.recipients == []
    for later in (timedelta(), SECOND, timedelta(days=1)):
        at(FRIDAY.moment - timedelta(days=3) + later)
        sweep()
    assert server.recipients == ["ada@example.org", "wanda@example.org"]
    plain, html = parts(server.mails[0])
    assert server.mails[0]["Subject"] == "No letter yet for Friday 27 November"
    assert "Friday 27 November, 10:00 Moscow, in 3 days (Clients)" in plain
    assert "http://localhost/desk/calendar" in plain
    assert '<a href="http://localhost/desk/calendar"' in html


def test_no_mail_goes_about_a_slot_that_was_filled_before_it_left(
    hearing: Cast, session: Session, server: Server, sweep: Callable[[], None], deliver: Callable[..., int],
    at: Callable[..., None],
) -> None:  # fmt: skip
    from app.column import reminding

    at(FRIDAY.moment - timedelta(days=2))
    assert reminding.enlist(session, now=FRIDAY.moment - timedelta(days=2)) == 2
    rubric_id = 1
    publishing.schedule(session, hearing.draft(rubric_id=rubric_id), FRIDAY, now=hearing.now)
    session.commit()
    assert deliver() == 0
    sweep()
    assert server.recipients == []
