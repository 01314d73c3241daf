from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.courses import tallies, waitlist
from app.courses.models import Subscriber, Tally
from app.courses.tallies import A_DAY_TO_ONE_MAILBOX, HOUR, AskedTooOften, Limit, admit, count, may_be_mailed
from app.mail.models import Delivery

from ..cast import Cast
from ..conftest import NOON

THREE = Limit("test", 3, HOUR)


def admitted(session: Session, *clients: str | None) -> int:
    """How many of these clients get in, one after the other."""
    number = 0
    for client in clients:
        try:
            admit(session, client, now=NOON)
            number += 1
            session.commit()
        except AskedTooOften:
            session.rollback()
    return number


def test_a_window_holds_so_many_and_the_next_begins_anew(session: Session) -> None:
    assert [count(session, THREE, "a", now=NOON) for _ in range(5)] == [True, True, True, False, False]
    assert count(session, THREE, "b", now=NOON)
    assert not count(session, THREE, "a", now=NOON + HOUR - timedelta(seconds=1))
    assert count(session, THREE, "a", now=NOON + HOUR)


def test_of_two_workers_neither_slips_through(session: Session) -> None:
    with Session(session.get_bind()) as other:
        for _ in range(2):
            count(session, THREE, "a", now=NOON)
            session.commit()
        assert count(other, THREE, "a", now=NOON)
        other.commit()
        assert not count(session, THREE, "a", now=NOON)


def test_a_household_is_one_ipv4_address_or_one_ipv6_64(session: Session) -> None:
    most = tallies.OF_ONE_HOUSEHOLD.most
    assert admitted(session, *["192.0.2.1"] * (most + 5)) == most
    assert admitted(session, "192.0.2.2", "::ffff:192.0.2.3") == 2
    assert admitted(session, *[f"2001:db8::{n:x}" for n in range(most + 5)]) == most
    assert admitted(session, "2001:db8:0:1::1") == 1


def test_who_rents_a_network_has_one_limit_for_all_of_it(session: Session) -> None:
    most = tallies.OF_ONE_NETWORK.most
    assert admitted(session, *[f"192.0.2.{n % 250}" for n in range(most + 20)]) == most
    assert admitted(session, *[f"2001:db8:0:{n:x}::1" for n in range(most + 20)]) == most
    assert admitted(session, "198.51.100.1", "2001:db8:1::1") == 2


def test_a_flood_from_everywhere_has_an_end(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tallies, "OF_ALL", Limit("all", 30, HOUR))
    assert admitted(session, *[f"10.{n}.0.1" for n in range(40)]) == 30


@pytest.mark.parametrize("client", [None, "", "unknown", "127.0.0.1", "::1", "fe80::1%eth0"])
def test_who_cannot_be_told_apart_is_counted_among_all_only(client: str | None, session: Session) -> None:
    assert admitted(session, *[client] * 10) == 10
    assert session.scalar(sa.select(Tally.number).where(Tally.key == "all")) == 10


def test_who_is_refused_is_counted_nowhere(session: Session) -> None:
    admitted(session, *["192.0.2.1"] * 50)
    assert session.scalar(sa.select(Tally.number).where(Tally.key == "all")) == tallies.OF_ONE_HOUSEHOLD.most


def test_a_mailbox_gets_so_many_confirmations_whatever_is_typed(cast: Cast, session: Session) -> None:
    course, most = cast.course(), A_DAY_TO_ONE_MAILBOX.most
    for number in range(30):
        waitlist.ask(session, course, f"v.i.c.t.i.m+{number}@gmail.com", now=NOON)
    assert session.scalar(sa.select(sa.func.count()).select_from(Delivery)) == most


def test_many_mailboxes_of_one_domain_may_be_one_persons(
    cast: Cast, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallies, "A_DAY_TO_ONE_DOMAIN", Limit("domain day", 5, tallies.DAY))
    course = cast.course()
    for number in range(20):
        for domain in ("example.org", "EXAMPLE.org", "mail.ru"):
            waitlist.ask(session, course, f"r{number}{domain[:1]}@{domain}", now=NOON)
    mailed = session.scalars(sa.select(Subscriber.email).join(Delivery, Delivery.subscriber_id == Subscriber.id)).all()
    assert len([email for email in mailed if email.lower().endswith("@example.org")]) == 5
    assert len([email for email in mailed if email.endswith("@mail.ru")]) == 20, "there everybody may have one"


def test_many_courses_are_no_way_around(cast: Cast, session: Session) -> None:
    for number in range(10):
        waitlist.ask(session, cast.course(f"c{number}", f"C {number}"), "victim@example.org", now=NOON)
    assert session.scalar(sa.select(sa.func.count()).select_from(Delivery)) == A_DAY_TO_ONE_MAILBOX.most


def test_in_a_month_of_asking_every_hour_a_mailbox_gets_a_few_a_week(cast: Cast, session: Session) -> None:
    course, sent = cast.course(), 0
    for hour in range(24 * 28):
        waitlist.ask(session, course, "victim@example.org", now=NOON + timedelta(hours=hour))
    sent = session.scalar(sa.select(sa.func.count()).select_from(Delivery)) or 0
    assert sent <= tallies.A_WEEK_TO_ONE_MAILBOX.most * 5


def test_nobodys_network_or_mailbox_is_kept_longer_than_its_window(session: Session) -> None:
    admitted(session, "192.0.2.1")
    may_be_mailed(session, "vera@example.org", now=NOON)
    assert tallies.forget(session, now=NOON) == 0
    tallies.forget(session, now=NOON + tallies.DAY)
    assert session.scalars(sa.select(Tally.kind)).all() == ["mailbox week"]
    tallies.forget(session, now=NOON + tallies.WEEK)
    assert session.scalar(sa.select(sa.func.count()).select_from(Tally)) == 0
