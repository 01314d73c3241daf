"""Mails through a real SMTP server, and what becomes of each whatever the server does."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import flask_babel
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import posting, work
from app.column.models import Settings
from app.config import ROOT, Config
from app.courses import opening, waitlist
from app.courses.models import Opening, Subscriber
from app.db import writing
from app.mail import delivery, pace
from app.mail.delivery import FIRST_PAUSE, GIVE_UP_AFTER, LEASE, LONGEST_HAND_OVER, NothingToSettle
from app.mail.models import STATES, Delivery
from app.mail.smtp import FateUnknown, RefusedForGood, RefusedForNow, ServerAway

from ..cast import Cast
from ..conftest import NOON
from .conftest import Server, confirmed

TICK = timedelta(microseconds=1)
VERA = "vera@example.org"

Deliver = Callable[..., int]


def notices(cast: Cast, number: int = 1) -> list[Subscriber]:
    """That many subscribers, each with a notice that is due, and nothing else is."""
    course = cast.course()
    some = confirmed(cast.session, course, number)
    cast.opened(course)
    cast.session.expire_all()
    cast.session.commit()
    return some


def fates(session: Session) -> list[str]:
    """The state of each delivery, in the order in which they were made."""
    session.rollback()
    found = list(session.scalars(sa.select(Delivery.state).order_by(Delivery.id)))
    session.commit()  # no lock of ours stands in a worker's way
    return found


def only(session: Session) -> Delivery:
    session.rollback()
    found = session.scalars(sa.select(Delivery)).one()
    session.commit()
    return found


ROADS = {
    "waiting": (),
    "sending": ("sending",),
    "sent": ("sending", "sent"),
    "failed": ("sending", "failed"),
    "in_doubt": ("sending", "in_doubt"),
    "bounced": ("sending", "sent", "bounced"),
    "dropped": ("dropped",),
}
"""By which steps a delivery comes into each state."""


def walk_to(session: Session, state: str) -> None:
    """Every delivery, step by step as the database lets it, into this state."""
    for step in ROADS[state]:
        session.execute(sa.update(Delivery).values(state=step))


def test_everything_due_leaves_over_one_connection(
    cast: Cast, session: Session, server: Server, deliver: Deliver
) -> None:
    notices(cast, 5)
    assert deliver() == 5
    assert sorted(server.recipients) == [f"reader{n}@example.org" for n in range(5)]
    assert server.connections == 1
    assert fates(session) == ["sent"] * 5
    assert deliver() == 0


def test_a_sent_mail_keeps_the_servers_word(cast: Cast, session: Session, deliver: Deliver) -> None:
    notices(cast)
    deliver()
    sent = only(session)
    assert (sent.reply, sent.finished_at, sent.attempts) == ("250 Taken", NOON, 0)


def test_confirmations_go_before_notices(cast: Cast, server: Server, deliver: Deliver) -> None:
    notices(cast, 2)
    cast.subscriber(cast.course("law", "Law"), VERA, confirmed=False)
    deliver()
    assert server.recipients[0] == VERA


def test_what_is_not_due_yet_waits(cast: Cast, session: Session, deliver: Deliver, at: Any) -> None:
    notices(cast)
    at(NOON - TICK)
    assert deliver() == 0
    at(NOON)
    assert deliver() == 1


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "refused DATA", "DATA"])
def test_refused_for_now_it_is_tried_again_after_a_pause(
    command: str, cast: Cast, session: Session, server: Server, deliver: Deliver, at: Any
) -> None:
    notices(cast)
    server.mischief.append((command, "451 Greylisted"))
    assert deliver() == 0
    refused = only(session)
    assert (refused.state, refused.attempts, refused.reply) == ("waiting", 1, "451 Greylisted")
    at(refused.due_at - TICK)
    assert deliver() == 0
    at(refused.due_at)
    assert deliver() == 1


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize("command", ["MAIL", "RCPT", "refused DATA", "DATA"])
def test_refused_for_good_it_has_failed(
    command: str, pipelining: bool, cast: Cast, session: Session, server: Server, deliver: Deliver, at: Any
) -> None:
    server.pipelining = pipelining
    notices(cast)
    server.mischief.append((command, "550 No such person"))
    assert deliver() == 0
    refused = only(session)
    assert (refused.state, refused.reply, refused.finished_at) == ("failed", "550 No such person", NOON)
    at(NOON + timedelta(days=30))
    assert deliver() == 0


@pytest.mark.parametrize("pipelining", [False, True])
def test_one_refusal_does_not_hold_up_the_others(
    pipelining: bool, cast: Cast, session: Session, server: Server, deliver: Deliver
) -> None:
    server.pipelining = pipelining
    notices(cast, 6)
    server.mischief += [
        ("RCPT", "550 No"),
        ("RCPT", "451 Later"),
        ("MAIL", "451 Later"),
        ("RCPT", "421 Full"),
        None,
        None,
    ]
    assert deliver() == 2
    assert sorted(fates(session)) == ["failed"] + ["sent"] * 2 + ["waiting"] * 3
    assert server.connections == 2  # only who says 421 hangs up


def test_refused_for_now_too_often_it_has_failed(
    cast: Cast, session: Session, server: Server, deliver: Deliver, at: Any
) -> None:
    notices(cast)
    tries = []
    while only(session).state == "waiting":
        tries.append(only(session).due_at)
        server.mischief.append(("RCPT", "451 Later"))
        at(tries[-1])
        assert deliver() == 0
    assert fates(session) == ["failed"]
    assert tries[-1] - tries[0] == GIVE_UP_AFTER
    assert 10 <= len(tries) <= 30


@pytest.mark.parametrize("refusals", [1, 2, 5, 9, 20])
def test_pauses_grow_up_to_six_hours_and_are_never_all_the_same(refusals: int) -> None:
    shortest, longest = (delivery.pause_after(refusals, jitter) for jitter in (0.0, 1.0))
    middle = min(FIRST_PAUSE * 2 ** (refusals - 1), delivery.LONGEST_PAUSE)
    assert (shortest, longest) == (middle * 0.75, middle * 1.25)


def test_a_thousand_mails_refused_at_once_do_not_come_back_at_once(
    cast: Cast, session: Session, server: Server, deliver: Deliver
) -> None:
    notices(cast, 8)
    server.mischief += [("RCPT", "451 Later")] * 8
    deliver()
    assert len(set(session.scalars(sa.select(Delivery.due_at)))) == 8


def test_a_server_that_is_not_there_leaves_every_mail_first_in_line(
    cast: Cast, session: Session, config: Config, server: Server, deliver: Deliver
) -> None:
    notices(cast, 3)
    assert deliver(replace(config, mail_url="smtp://127.0.0.1:1")) == 0
    assert set(session.execute(sa.select(Delivery.state, Delivery.attempts, Delivery.due_at))) == {("waiting", 0, NOON)}
    session.commit()
    assert deliver() == 3


def test_a_server_that_hangs_up_before_its_greeting_has_taken_nothing(
    cast: Cast, session: Session, server: Server, deliver: Deliver
) -> None:
    notices(cast, 2)
    server.awake = False
    assert deliver() == 0
    assert fates(session) == ["waiting"] * 2
    server.awake = True
    assert deliver() == 2


@pytest.mark.parametrize("pipelining", [False, True])
@pytest.mark.parametrize("command", ["MAIL", "RCPT"])
def test_a_server_that_hangs_up_before_the_text_has_taken_nothing(
    command: str, pipelining: bool, cast: Cast, session: Session, server: Server, deliver: Deliver
) -> None:
    server.pipelining = pipelining
    notices(cast)
    server.mischief += [(command, "hang up")]
    assert deliver() == 0
    assert fates(session) == ["waiting"]
    assert deliver() == 1
    assert len(server.raw) == 1


@pytest.mark.parametrize("pipelining", [False, True])
def test_a_server_that_hangs_up_between_two_mails_is_called_again(
    pipelining: bool, cast: Cast, session: Session, server: Server, deliver: Deliver
) -> None:
    server.pipelining = pipelining
    notices(cast, 3)
    server.mischief += [None, ("MAIL", "hang up"), None]
    assert deliver() == 3
    assert server.connections == 2


def test_hung_up_after_the_text_its_fate_is_not_known_and_it_is_not_sent_again(
    cast: Cast, session: Session, server: Server, deliver: Deliver, sweep: Callable[[], None], at: Any
) -> None:
    notices(cast, 2)
    server.mischief += [("DATA", "hang up"), None]
    assert deliver() == 1
    assert sorted(fates(session)) == ["in_doubt", "sent"]
    at(NOON + timedelta(days=30))
    sweep()
    assert sorted(fates(session)) == ["in_doubt", "sent"]
    assert len(server.raw) == 2


def claimed(session: Session, by: str = "me", *, limit: int = 50, now: Any = NOON) -> list[int]:
    """A worker's claim, committed."""
    found = delivery.claim(session, by=by, openings=opening.running(session), now=now, limit=limit)
    session.commit()
    return [one.id for one in found]


def begun(session: Session, delivery_id: int, by: str = "me", *, now: Any = NOON) -> bool:
    done = delivery.begin(session, delivery_id, by=by, now=now)
    session.commit()
    return done


def test_a_worker_lost_between_begin_and_record_leaves_the_mail_in_nobodys_hands(cast: Cast, session: Session) -> None:
    notices(cast)
    (one,) = claimed(session)
    assert begun(session, one)  # and here the worker dies
    assert claimed(session, now=NOON + timedelta(days=30)) == []
    assert delivery.mark_in_doubt(session, now=NOON + LONGEST_HAND_OVER - TICK) == 0
    assert delivery.mark_in_doubt(session, now=NOON + LONGEST_HAND_OVER) == 1
    assert delivery.mark_in_doubt(session, now=NOON + LONGEST_HAND_OVER) == 0
    session.commit()
    assert fates(session) == ["in_doubt"]


def test_what_a_dead_worker_had_claimed_and_not_begun_is_anybodys_after_a_while(cast: Cast, session: Session) -> None:
    notices(cast, 3)
    assert len(claimed(session)) == 3  # and here the worker dies
    assert claimed(session, "other", now=NOON + LEASE - TICK) == []
    assert len(claimed(session, "other", now=NOON + LEASE)) == 3
    assert delivery.mark_in_doubt(session, now=NOON + timedelta(days=1)) == 0


def test_who_lost_a_claim_begins_nothing_of_it(cast: Cast, session: Session) -> None:
    notices(cast)
    (one,) = claimed(session, "slow")
    assert claimed(session, "quick", now=NOON + LEASE) == [one]
    assert not begun(session, one, "slow", now=NOON + LEASE)
    assert begun(session, one, "quick", now=NOON + LEASE)
    assert not begun(session, one, "quick", now=NOON + LEASE)


def test_of_two_workers_each_has_its_own_mails(cast: Cast, session: Session) -> None:
    notices(cast, 5)
    with Session(session.get_bind(), expire_on_commit=False) as other:
        mine, theirs = claimed(session, "me", limit=3), claimed(other, "they", limit=3)
        assert (len(mine), len(theirs)) == (3, 2)
        assert not set(mine) & set(theirs)
        assert claimed(session, "me") == []


def test_a_worker_that_was_only_slow_writes_down_what_it_knows(cast: Cast, session: Session) -> None:
    notices(cast)
    (one,) = claimed(session)
    begun(session, one)
    delivery.mark_in_doubt(session, now=NOON + LONGEST_HAND_OVER)
    delivery.record(session, one, "250 Taken", by="me", now=NOON + LONGEST_HAND_OVER)
    session.commit()
    assert fates(session) == ["sent"]


def test_a_worker_writes_nothing_about_what_is_not_its_own(cast: Cast, session: Session) -> None:
    notices(cast)
    (one,) = claimed(session, "me")
    begun(session, one, "me")
    for outcome in ("250 Taken", RefusedForNow("451"), RefusedForGood("550"), FateUnknown("gone"), ServerAway("away")):
        delivery.record(session, one, outcome, by="other", now=NOON)
    session.commit()
    assert fates(session) == ["sending"]


def test_the_mail_before_is_recorded_whether_or_not_the_next_may_begin(cast: Cast, session: Session) -> None:
    notices(cast, 3)
    first, second, third = claimed(session)
    assert begun(session, first)
    assert delivery.begin(session, second, by="me", now=NOON, before=(first, "250 Taken"))
    session.execute(sa.update(Delivery).where(Delivery.id == third).values(claimed_by="another"))
    assert not delivery.begin(session, third, by="me", now=NOON, before=(second, "250 Taken"))
    session.commit()
    assert fates(session) == ["sent", "sent", "waiting"]
    assert delivery.begin(session, third, by="another", now=NOON, before=(second, "250 Taken"))
    session.commit()
    assert fates(session) == ["sent", "sent", "sending"]


def test_told_to_end_a_worker_ends_between_two_mails_and_gives_back_the_rest(
    cast: Cast, session: Session, app: Flask, config: Config, server: Server, at: object
) -> None:
    notices(cast, 5)
    answers = iter([False] * 3 + [True] * 9)  # once for the claim, once before each mail
    with app.test_request_context(base_url=config.base_url), writing():
        sent = posting.deliver_due(config, work.db.session(), work.MAILS, wait=lambda seconds: next(answers))
    assert (sent, len(server.raw)) == (2, 2)
    assert sorted(fates(session)) == ["sent"] * 2 + ["waiting"] * 3
    assert len(claimed(session, "another")) == 3


def test_mails_leave_no_faster_than_an_editor_said(
    cast: Cast, session: Session, app: Flask, config: Config, server: Server, at: object
) -> None:
    notices(cast, 4)
    session.execute(sa.update(Settings).values(mails_per_second=2))
    session.commit()
    waited: list[float] = []
    with app.test_request_context(base_url=config.base_url), writing():
        posting.deliver_due(config, work.db.session(), work.MAILS, wait=lambda seconds: bool(waited.append(seconds)))
    assert [seconds for seconds in waited if seconds] == [0.5, 1.0, 1.5]  # this clock stands still
    assert len(server.raw) == 4


def test_all_workers_share_one_pace(cast: Cast, session: Session) -> None:
    with Session(session.get_bind()) as other:
        first = pace.moments(session, 3, 2.0, now=NOON)
        session.commit()
        second = pace.moments(other, 2, 2.0, now=NOON)
        other.commit()
    assert [(moment - NOON).total_seconds() for moment in first + second] == [0, 0.5, 1, 1.5, 2]
    later = NOON + timedelta(hours=1)
    assert pace.moments(session, 2, 0.5, now=later) == [later, later + timedelta(seconds=2)]


@pytest.mark.parametrize(("per_second", "number"), [(0, 50), (0.01, 1), (1, 10), (3.5, 35), (1000, 50)])
def test_a_claim_holds_what_leaves_within_ten_seconds(per_second: float, number: int) -> None:
    assert pace.at_once(per_second) == number


def test_sent_again_by_an_editors_word_it_carries_the_same_message_id(
    cast: Cast, session: Session, server: Server, deliver: Deliver
) -> None:
    notices(cast)
    server.mischief.append(("DATA", "hang up"))
    deliver()
    delivery.send_again(session, only(session), by=cast.ada, now=NOON)
    session.commit()
    assert deliver() == 1
    first, second = (mail["Message-ID"] for mail in server.mails)
    assert first == second
    assert first.startswith("<notice.")
    assert fates(session) == ["sent"]


@pytest.mark.parametrize("state", ["waiting", "sending", "sent", "bounced", "dropped"])
def test_only_what_is_in_doubt_or_failed_is_sent_again(cast: Cast, session: Session, state: str) -> None:
    notices(cast)
    walk_to(session, state)
    session.commit()
    with pytest.raises(NothingToSettle):
        delivery.send_again(session, only(session), by=cast.ada, now=NOON)


STEPS = {
    ("waiting", "sending"), ("waiting", "dropped"), ("waiting", "failed"), ("sending", "sent"), ("sending", "waiting"),
    ("sending", "failed"), ("sending", "in_doubt"), ("sending", "dropped"), ("in_doubt", "sent"),
    ("in_doubt", "bounced"), ("in_doubt", "dropped"), ("sent", "bounced"), ("failed", "waiting"),
}  # fmt: skip
"""All that there are, besides the one that needs an editor."""


@pytest.mark.parametrize("state", STATES)
def test_the_database_lets_a_delivery_take_its_steps_and_no_other(cast: Cast, session: Session, state: str) -> None:
    notices(cast)
    walk_to(session, state)
    session.commit()
    taken = set()
    for step in STATES:
        try:
            session.execute(sa.text("UPDATE deliveries SET state = :step"), {"step": step})
            taken |= {(state, step)} - {(state, state)}
        except IntegrityError:
            pass
        session.rollback()
    assert taken == {step for step in STEPS if step[0] == state}


def test_the_database_sends_nothing_in_doubt_again_without_an_editors_word(cast: Cast, session: Session) -> None:
    notices(cast)
    walk_to(session, "in_doubt")
    session.commit()
    again = sa.update(Delivery).values(state="waiting")
    for values in ({}, {"settled_at": NOON}, {"settled_by_id": cast.ada.id}):
        with pytest.raises(IntegrityError):
            session.execute(again.values(**values))
        session.rollback()
    delivery.send_again(session, only(session), by=cast.ada, now=NOON)
    assert (only_settled := session.scalars(sa.select(Delivery)).one()).settled_by_id == cast.ada.id
    assert only_settled.settled_at == NOON


def test_a_second_doubt_needs_a_second_word(cast: Cast, session: Session) -> None:
    notices(cast)
    walk_to(session, "in_doubt")
    delivery.send_again(session, session.scalars(sa.select(Delivery)).one(), by=cast.ada, now=NOON)
    walk_to(session, "in_doubt")
    session.commit()
    with pytest.raises(IntegrityError):
        session.execute(sa.text("UPDATE deliveries SET state = 'waiting'"))


def test_the_database_takes_no_delivery_that_is_not_waiting(cast: Cast, session: Session) -> None:
    session.add(Delivery(kind="summary", about_id=1, state="sent", made_at=NOON, due_at=NOON))
    with pytest.raises(IntegrityError):
        session.flush()


@pytest.mark.parametrize("change", ["kind = 'other'", "about_id = 2", "made_at = due_at", "id = 7"])
def test_a_delivery_stays_whose_it_is(cast: Cast, session: Session, change: str) -> None:
    delivery.put(session, "summary", about_id=1, now=NOON)
    session.execute(sa.update(Delivery).values(due_at=NOON + TICK))
    session.commit()
    with pytest.raises(IntegrityError):
        session.execute(sa.text(f"UPDATE deliveries SET {change}"))


def test_a_mail_that_is_due_once_is_put_once(cast: Cast, session: Session) -> None:
    assert delivery.put(session, "summary", about_id=1, once="summary 2026-11-23 to 1", now=NOON)
    session.commit()
    assert not delivery.put(session, "summary", about_id=1, once="summary 2026-11-23 to 1", now=NOON)
    assert delivery.put(session, "summary", about_id=1, once="summary 2026-11-30 to 1", now=NOON)
    assert delivery.put(session, "summary", about_id=1, now=NOON)
    assert fates(session) == ["waiting"]


def test_of_two_sessions_that_put_the_same_mail_one_does(cast: Cast, session: Session) -> None:
    with Session(session.get_bind()) as other:
        assert other.scalar(sa.select(Delivery.id).where(Delivery.once == "x")) is None
        other.commit()
        assert delivery.put(session, "summary", about_id=1, once="x", now=NOON)
        session.commit()
        assert not delivery.put(other, "summary", about_id=1, once="x", now=NOON)


def test_a_mail_to_nobody_is_refused(cast: Cast, session: Session) -> None:
    with pytest.raises(IntegrityError):
        delivery.put(session, "summary", now=NOON)
    with pytest.raises(IntegrityError):
        delivery.put(session, "notice", about_id=1, now=NOON)


def test_what_needs_an_editors_word_is_listed(cast: Cast, session: Session, server: Server, deliver: Deliver) -> None:
    notices(cast, 3)
    server.mischief += [("DATA", "hang up"), ("RCPT", "550 No"), None]
    deliver()
    one = session.scalars(sa.select(Opening)).one()
    assert [(notice.state, to) for notice, to in opening.to_look_at(session, one)] == [
        ("in_doubt", "reader0@example.org"), ("failed", "reader1@example.org"),
    ]  # fmt: skip


def test_who_left_gets_nothing_even_if_it_was_sent_again(
    cast: Cast, session: Session, server: Server, deliver: Deliver
) -> None:
    (vera,) = notices(cast)
    server.mischief.append(("RCPT", "550 No"))
    deliver()
    waitlist.leave(session, session.get_one(Subscriber, vera.id), now=NOON)
    session.commit()
    delivery.send_again(session, only(session), by=cast.ada, now=NOON)
    session.commit()
    assert deliver() == 0
    assert (fates(session), server.raw) == (["dropped"], [])


def test_who_leaves_between_claim_and_hand_over_gets_nothing(
    cast: Cast, session: Session, app: Flask, config: Config, server: Server, deliver: Deliver, monkeypatch: Any
) -> None:
    (vera,) = notices(cast)
    compose = work.MAILS["notice"]

    def leaves_first(*args: Any, **more: Any) -> Any:
        work.db.session.rollback()
        waitlist.leave(session, session.get_one(Subscriber, vera.id), now=NOON)
        session.commit()
        return compose(*args, **more)

    monkeypatch.setitem(work.MAILS, "notice", leaves_first)
    assert deliver() == 0
    assert (fates(session), server.raw) == (["dropped"], [])


@pytest.mark.parametrize("pipelining", [False, True])
def test_who_left_while_a_server_would_not_take_the_mail_gets_it_no_more_and_stops_no_other(
    pipelining: bool, cast: Cast, session: Session, server: Server, deliver: Deliver
) -> None:
    server.pipelining = pipelining
    vera, _ = notices(cast, 2)
    first, _ = claimed(session)
    begun(session, first)
    waitlist.leave(session, session.get_one(Subscriber, vera.id), now=NOON)
    delivery.record(session, first, ServerAway("gone"), by="me", now=NOON)
    session.execute(sa.update(Delivery).where(Delivery.state == "waiting").values(due_at=NOON))
    session.commit()
    assert deliver() == 1
    assert (fates(session), server.recipients) == (["dropped", "sent"], ["reader1@example.org"])


def test_a_mail_that_cannot_be_written_takes_nothing_from_those_before_it(
    cast: Cast, session: Session, server: Server, deliver: Deliver, monkeypatch: Any
) -> None:
    notices(cast, 3)
    last = session.scalar(sa.select(sa.func.max(Delivery.id)))
    session.commit()
    compose = work.MAILS["notice"]

    def breaks(session: Session, one: Delivery, letterhead: Any) -> Any:
        if one.id == last:
            raise RuntimeError("a mistake in a template")
        return compose(session, one, letterhead)

    monkeypatch.setitem(work.MAILS, "notice", breaks)
    with pytest.raises(RuntimeError):
        deliver()
    assert (fates(session), len(server.raw)) == (["sent", "sent", "waiting"], 2)


def test_a_confirmation_is_not_sent_to_who_has_confirmed_meanwhile(
    cast: Cast, session: Session, server: Server, deliver: Deliver
) -> None:
    cast.subscriber(cast.course(), VERA)
    assert deliver() == 0
    assert (fates(session), server.raw) == (["dropped"], [])


def test_an_address_that_no_server_can_take_stops_nobody_elses_mail(
    cast: Cast, session: Session, server: Server, deliver: Deliver
) -> None:
    first, second, _ = notices(cast, 3)
    first.email, second.email = "вера@example.org", "no address at all"
    session.commit()
    assert deliver() == 1
    assert sorted(fates(session)) == ["failed", "failed", "sent"]


class Noting:
    """A transport that notes in which language it was called."""

    def __init__(self) -> None:
        self.languages: list[str] = []

    def send(self, message: object, begin: Callable[[], bool], meanwhile: object) -> str:
        assert begin()
        self.languages.append(str(flask_babel.get_locale()))
        return "250 OK"


def test_mails_are_in_the_columns_language(
    cast: Cast, session: Session, app: Flask, config: Config, at: object
) -> None:
    notices(cast, 2)
    session.execute(sa.update(Settings).values(language="ru"))
    session.commit()
    noting = Noting()
    with app.test_request_context(base_url=config.base_url), writing():
        posting.deliver_all(config, work.db.session(), work.MAILS, noting, wait=posting.until)  # type: ignore[arg-type]
    assert noting.languages == ["ru", "ru"]


WORKER = """
import sys
from datetime import datetime
from dataclasses import replace
from app import clock, create_app, work
from app.config import from_environment
from app.db import writing
moment, url = datetime.fromisoformat(sys.argv[1]), sys.argv[2]
clock.now = lambda: moment
app = create_app()
with app.test_request_context(), writing():
    work.deliver_due(app, replace(app.extensions["config"], mail_url=url))
"""


@pytest.mark.parametrize("where", ["MAIL", "RCPT", "DATA"])
def test_a_worker_killed_among_60_notices_sends_none_twice_and_leaves_one_unsure_at_most(
    where: str, cast: Cast, session: Session, config: Config, server: Server, sweep: Callable[[], None], at: Any
) -> None:
    notices(cast, 60)
    server.mischief += [None] * 20 + [(where, "fall silent")]
    environ = os.environ | {"DEARFRIDAY_DATA": str(config.data), "DEARFRIDAY_BASE_URL": config.base_url}
    environ["DEARFRIDAY_DATABASE_URL"] = config.database_url.replace("+psycopg", "")
    command = [sys.executable, "-c", WORKER, NOON.isoformat(), server.url]
    worker = subprocess.Popen(command, cwd=ROOT, env=environ)
    try:
        assert server.silent.wait(30)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    at(NOON + LONGEST_HAND_OVER)
    sweep()
    assert sorted(fates(session)) == ["in_doubt"] + ["sent"] * 59
    assert len(set(server.recipients)) == len(server.recipients)
    # At MAIL the unsure one may be the mail before, which the server had taken: both are written down meanwhile.
    assert len(server.recipients) in {"MAIL": (59, 60), "RCPT": (59,), "DATA": (60,)}[where]


def test_without_a_server_each_mail_is_a_file_of_the_data_folder(
    cast: Cast, session: Session, config: Config, deliver: Deliver
) -> None:
    notices(cast, 2)
    assert deliver(replace(config, mail_url="folder:")) == 2
    files = sorted((config.data / "mails").iterdir())
    assert [file.suffix for file in files] == [".eml", ".eml"]
    assert b"Subject: Enrolment is open" in files[0].read_bytes()


def test_a_folder_that_cannot_be_written_to_has_taken_nothing(
    cast: Cast, session: Session, config: Config, deliver: Deliver
) -> None:
    notices(cast)
    shutil.rmtree(config.data / "mails", ignore_errors=True)
    (config.data / "mails").write_text("a file where the folder should be")
    try:
        assert deliver(replace(config, mail_url="folder:")) == 0
    finally:
        (config.data / "mails").unlink()
    assert fates(session) == ["waiting"]
