"""Whoever asked hears, once, that the letter is out."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.letters import publishing
from app.letters.fridays import Slot
from app.letters.models import Letter
from app.mail.models import Delivery
from app.questions import inbox, merging, retention, telling
from app.questions.models import Contact, Question

from ..cast import Cast
from ..conftest import NOON
from .conftest import Server
from .test_messages import parts

SLOT = NOON + timedelta(days=4)
TICK = timedelta(microseconds=1)
VERA = "vera@example.org"


@pytest.fixture
def question(session: Session) -> Question:
    question = inbox.send(session, name="Vera", text="Ilya! What now?", email=VERA, now=NOON)
    session.commit()
    return question


@pytest.fixture
def letter(cast: Cast, session: Session, question: Question) -> Letter:
    letter = inbox.make_letter(session, question, language="en", by=cast.wanda, now=NOON)
    letter.title, letter.answer_html = "What now & how <much>?", "<p>Ask.</p>"
    session.flush()
    publishing.schedule(session, letter, Slot(SLOT.replace(tzinfo=None), "UTC"), now=NOON)
    session.commit()
    return letter


def test_the_mail_goes_at_the_slot_and_once(
    letter: Letter, server: Server, sweep: Callable[[], None], at: Callable[..., None]
) -> None:
    at(SLOT - TICK)
    sweep()
    assert server.mails == []
    at(SLOT)
    sweep()
    sweep()
    at(SLOT + timedelta(days=1))
    sweep()
    (mail,) = server.mails
    plain, html = parts(mail)
    assert (mail["To"], mail["Subject"]) == (VERA, "Your question has its letter: What now & how <much>?")
    assert "http://localhost/letters/2026-11-27/" in plain
    assert "What now & how <much>?" in plain
    assert re.search(r'<a href="http://localhost/letters/2026-11-27/"[^>]*>What now &amp; how &lt;much&gt;\?</a>', html)


def test_it_goes_later_when_nothing_ran_at_the_slot(
    letter: Letter, server: Server, sweep: Callable[[], None], at: Callable[..., None]
) -> None:
    at(SLOT + timedelta(days=40))
    sweep()
    assert server.recipients == [VERA]


def test_everybody_who_asked_the_same_is_told(
    cast: Cast, session: Session, question: Question, letter: Letter, server: Server, sweep: Callable[[], None],
    at: Callable[..., None],
) -> None:  # fmt: skip
    same = inbox.send(session, name="Boris", text="The same?", email="boris@example.org", now=NOON)
    late = inbox.send(session, name="Lev", text="Me too?", email="lev@example.org", now=NOON)
    inbox.send(session, name="Nina", text="Something else?", email="nina@example.org", now=NOON)
    merging.merge(session, same, question, by=cast.ada, now=NOON)
    session.commit()
    at(SLOT)
    sweep()
    assert sorted(server.recipients) == ["boris@example.org", VERA]
    merging.merge(session, late, question, by=cast.ada, now=NOON)
    session.commit()
    sweep()
    assert sorted(server.recipients) == ["boris@example.org", "lev@example.org", VERA]


def test_who_was_erased_before_the_mail_left_gets_none(
    session: Session, letter: Letter, server: Server, deliver: Callable[..., int], at: Callable[..., None]
) -> None:
    at(SLOT)
    assert telling.enlist(session, now=SLOT) == 1
    retention.erase_by(session, VERA)
    session.commit()
    assert deliver() == 0
    assert session.scalars(sa.select(Delivery.state)).all() == ["dropped"]


def test_not_even_a_forgotten_mark_lets_the_mail_go_twice(
    session: Session, letter: Letter, server: Server, sweep: Callable[[], None], at: Callable[..., None]
) -> None:
    at(SLOT)
    sweep()
    session.execute(sa.update(Contact).values(told_at=None))
    session.commit()
    sweep()
    assert server.recipients == [VERA]
