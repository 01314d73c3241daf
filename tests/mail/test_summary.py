"""The morning's summary of the queue, to those who chose it, once a morning."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.accounts import people
from app.column import mornings
from app.column.settings import settings
from app.mail.models import Delivery

from ..cast import Cast
from ..conftest import NOON
from ..house_on_a_port import token
from .conftest import Server, words

MORNING = datetime(2026, 11, 24, 7, 0, tzinfo=ZoneInfo("Europe/Moscow"))
TICK = timedelta(microseconds=1)


@pytest.fixture
def desk(cast: Cast) -> Cast:
    """A desk in Moscow whose Ada and Mo hear of the queue; Bea does not."""
    cast.rubric()
    for person in (cast.ada, cast.mo, cast.wanda):
        person.hears_of_queue = True  # Wanda is a writer, and may not see the queue
    cast.person("Bea", "editor")
    cast.session.commit()
    return cast


def due(session: Session, now: datetime) -> int:
    number = mornings.enlist(session, now=now)
    session.commit()
    return number


def test_it_comes_once_a_morning_to_each_who_chose_it(desk: Cast, session: Session) -> None:
    assert due(session, MORNING - TICK) == 0
    assert due(session, MORNING) == 2
    assert due(session, MORNING + timedelta(minutes=1)) == 0
    assert due(session, MORNING + timedelta(days=1)) == 2
    once = session.scalars(sa.select(Delivery.once).order_by(Delivery.id)).all()
    assert once[0] == f"summary 2026-11-24 to {desk.ada.id}"


def test_after_a_night_of_silence_it_comes_until_noon(desk: Cast, session: Session) -> None:
    assert due(session, MORNING + timedelta(hours=5)) == 0
    assert due(session, MORNING + timedelta(hours=5) - TICK) == 2


@pytest.mark.parametrize("days", [0, 1])
def test_the_morning_is_the_desks_whatever_the_clocks_do(days: int, cast: Cast, session: Session) -> None:
    rubric = cast.rubric()
    rubric.zone = "Europe/Berlin"
    cast.ada.hears_of_queue = True
    # The clocks went back in the night to 25 October 2026.
    seven = datetime(2026, 10, 24 + days, 7, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    assert seven.utcoffset() == timedelta(hours=2 - days)
    assert due(session, seven.astimezone(ZoneInfo("UTC")) - TICK) == 0
    assert due(session, seven.astimezone(ZoneInfo("UTC"))) == 1


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("en", ("2 comments wait", "The oldest has waited for 3 days.", "50% of 2 comments", "about 20%")),
        ("ru", ("Ждут 2 комментария", "Самый давний ждёт 3 дня.", "50 % из 2 комментариев", "около 20 %")),
    ],
)
def test_it_says_how_many_wait_the_oldest_and_the_share(
    language: str, says: tuple[str, ...], desk: Cast, session: Session, server: Server,
    sweep: Callable[[], None], at: Any,
) -> None:  # fmt: skip
    settings(session).language = language
    letter = desk.letter()
    desk.published(letter, name="Secret"), desk.declined(letter, name="Secret")
    desk.comment(letter, "A secret.", name="Secret", days_ago=3), desk.comment(letter, name="Secret")
    at(NOON.replace(hour=6))  # nine in Moscow
    sweep()
    at(NOON.replace(hour=7))
    sweep()
    assert sorted(server.recipients) == ["ada@example.org", "mo@example.org"]
    mail = server.mails[0]
    assert says[0] in mail["Subject"]
    assert mail["List-Unsubscribe"] is None
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        text = words(body.get_content()).replace("\xa0", " ")
        assert all(one in text for one in says), text
        assert "ecret" not in text
        assert "/desk/queue" in text


def test_an_empty_queue_is_said_to_be_empty(desk: Cast, server: Server, sweep: Callable[[], None], at: Any) -> None:
    at(MORNING)
    sweep()
    assert [mail["Subject"] for mail in server.mails] == ["No comment waits"] * 2


def test_who_changed_their_mind_or_left_meanwhile_gets_none(
    desk: Cast, session: Session, server: Server, sweep: Callable[[], None], at: Any
) -> None:
    due(session, MORNING)
    desk.ada.hears_of_queue = False
    people.end_access(session, desk.mo, now=MORNING)
    session.commit()
    at(MORNING)
    sweep()
    assert server.recipients == []
    assert set(session.scalars(sa.select(Delivery.state))) == {"dropped"}


def test_it_is_chosen_under_ones_name(client: FlaskClient, cast: Cast, at: Any) -> None:
    cast.signed_in(client, cast.mo)
    for choice, chosen in (({"hears_of_queue": "y"}, True), ({}, False)):
        page = client.get("/desk/you").text
        assert client.post("/desk/you", data={**choice, "csrf_token": token(page)}).status_code == 303
        cast.session.expire_all()
        assert cast.mo.hears_of_queue is chosen
        assert ("checked" in client.get("/desk/you").text) is chosen
