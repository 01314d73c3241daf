"""A reader has everything erased: the page, the mail with the key, the button; and what nobody can do with them."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.column import erasing, erasing_keys
from app.column.models import ErasureKey
from app.comments.models import Comment
from app.comments.retention import forget_decided_addresses
from app.courses import tallies, waitlist
from app.courses.models import Subscriber
from app.mail.models import Delivery
from app.questions import inbox
from app.questions.models import Contact, Question

from ..cast import Cast
from ..conftest import NOON
from .conftest import Server, words

VERA = "vera@example.org"
Deliver = Callable[..., int]


def asked(client: FlaskClient, email: str, client_address: str = "127.0.0.1"):  # type: ignore[no-untyped-def]
    return client.post("/erase/", data={"email": email}, environ_overrides={"REMOTE_ADDR": client_address})


def link_in(server: Server) -> str:
    plain = server.mails[-1].get_body(("plain",))
    assert plain is not None
    found = re.search(r"http://localhost(/erase/[\w-]{43})\n", plain.get_content().replace("\r\n", "\n"))
    assert found
    return found[1]


def with_an_address(kind: str, cast: Cast, app: Flask, email: str = VERA) -> None:
    """Something that Vera sent: a comment not decided or decided long ago, a question, a place on a waitlist."""
    session, secret = cast.session, app.extensions["config"].secret_key
    if kind == "comment":
        cast.comment(cast.letter(), email=email)
    elif kind == "decided comment":
        cast.published(cast.letter(), email=email, sender=erasing.sender_of(email, secret) or "")
        forget_decided_addresses(session, now=NOON + timedelta(days=2))
        assert session.scalars(sa.select(Comment.email)).all() == [""]
    elif kind == "question":
        inbox.send(session, name="Vera", text="What now?", email=email, now=NOON)
    else:
        cast.subscriber(cast.course(), email)
        session.execute(sa.update(Delivery).values(state="dropped"))
    session.commit()


KINDS = ["comment", "decided comment", "question", "place"]


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_sent_anything_gets_a_key_and_the_key_erases_it(
    kind: str, client: FlaskClient, app: Flask, cast: Cast, session: Session, server: Server, deliver: Deliver, at: Any
) -> None:
    with_an_address(kind, cast, app)
    assert asked(client, VERA.upper()).location == "/erase/sent"
    assert deliver() == 1
    assert server.recipients == [VERA.upper().replace("EXAMPLE.ORG", "example.org")]
    assert "nothing is erased" in words(server.mails[0].get_body(("plain",)).get_content())  # type: ignore[union-attr]
    link = link_in(server)
    for method in ("GET", "HEAD", "GET"):
        looked = client.open(link, method=method)
        assert (looked.status_code, looked.headers["Cache-Control"]) == (200, "no-store")
    assert client.get(link).text.count('<form method="post">') == 1
    assert erasing.is_known(session, VERA, erasing.sender_of(VERA, app.extensions["config"].secret_key) or "")
    session.rollback()
    done = client.post(link)
    assert done.status_code == 200
    assert re.search(r"<li>\s*1 (place|comment|question)", done.text)
    session.expire_all()
    assert session.scalars(sa.select(ErasureKey)).all() == []
    assert not erasing.is_known(session, VERA, erasing.sender_of(VERA, app.extensions["config"].secret_key) or "")
    session.rollback()
    assert client.get(link).status_code == client.post(link).status_code == 404


def test_everything_of_everywhere_goes_and_nothing_of_anybody_else(
    client: FlaskClient, app: Flask, cast: Cast, session: Session, server: Server, deliver: Deliver, at: Any
) -> None:
    secret = app.extensions["config"].secret_key
    letter, talks, law = cast.letter(), cast.course(), cast.course("law", "Law")
    for email in (VERA, "boris@example.org"):
        cast.comment(letter, f"Of {email}", email=email, sender=erasing.sender_of(email, secret) or "")
        cast.published(letter, f"Out, of {email}", email=email, sender=erasing.sender_of(email, secret) or "")
        inbox.send(session, name=email, text="What now?", email=email, now=NOON)
        for course in (talks, law):
            cast.subscriber(course, email)
    session.execute(sa.update(Delivery).values(state="dropped"))
    session.add(Delivery(kind="answered", about_id=1, made_at=NOON, due_at=NOON, reply=f"550 <{VERA}> unknown"))
    session.flush()
    session.execute(sa.update(Delivery).where(Delivery.kind == "answered").values(state="dropped"))
    session.commit()
    asked(client, VERA)
    deliver()
    answer = client.post(link_in(server))
    assert re.search(r"2 places on waitlists.*2 comments.*1 question", answer.text, re.DOTALL)
    session.expire_all()
    held = "\n".join(
        str(value)
        for table in (Comment, Question, Contact, Subscriber, Delivery, ErasureKey, tallies.Tally)
        for row in session.execute(sa.select(table.__table__))
        for value in row
        if value is not None
    )
    assert "vera" not in held
    assert held.count("Of boris@example.org") >= 1
    assert session.scalar(sa.select(sa.func.count()).where(Subscriber.email == "boris@example.org")) == 2
    assert session.scalars(sa.select(Contact.email)).all() == ["boris@example.org"]


def test_a_known_and_an_unknown_address_get_the_same_answer_and_only_one_gets_a_mail(
    client: FlaskClient, app: Flask, cast: Cast, session: Session, server: Server, deliver: Deliver, at: Any
) -> None:
    with_an_address("question", cast, app)
    answers, rows = set(), []
    for email in (VERA, VERA, "nobody@example.org", "nobody@example.org"):
        answer = asked(client, email)
        answers.add((answer.status_code, answer.location, answer.text, str(sorted(answer.headers))))
        rows.append(session.scalar(sa.select(sa.func.count()).where(Delivery.kind == "erasure")))
        session.rollback()
    assert len(answers) == 1
    assert rows == [1, 1, 2, 2], "what is known is asked by the worker, not in the request"
    deliver()
    assert server.recipients == [VERA]


def test_nobody_can_fill_a_mailbox_with_keys(
    client: FlaskClient, app: Flask, cast: Cast, server: Server, deliver: Deliver, at: Any
) -> None:
    with_an_address("place", cast, app, "v.i.c.t.i.m@gmail.com")
    for hour in range(30):
        at(NOON + timedelta(hours=hour))
        for number, typed in enumerate(("v.i.c.t.i.m@gmail.com", "VICTIM@GoogleMail.com", "victim+1@gmail.com")):
            assert asked(client, typed, f"10.{hour}.{number}.1").status_code == 303
    deliver()
    assert len(server.recipients) <= 2 * erasing_keys.A_DAY_TO_ONE_MAILBOX.most


def test_too_many_from_one_household_are_told_to_wait(
    client: FlaskClient, cast: Cast, session: Session, at: Any
) -> None:
    statuses = [asked(client, f"a{n}@example.org", "192.0.2.1").status_code for n in range(22)]
    assert statuses == [303] * tallies.OF_ONE_HOUSEHOLD.most + [429, 429]
    assert session.scalar(sa.select(sa.func.count()).select_from(ErasureKey)) == tallies.OF_ONE_HOUSEHOLD.most


def test_an_address_is_one_however_it_is_written(
    client: FlaskClient, app: Flask, cast: Cast, session: Session, server: Server, deliver: Deliver, at: Any
) -> None:
    with_an_address("place", cast, app, "vera@пример.рф")
    asked(client, "Vera@xn--e1afmkfd.xn--p1ai")
    deliver()
    assert server.recipients == ["Vera@xn--e1afmkfd.xn--p1ai"]
    assert "1 place" in client.post(link_in(server)).text


def test_a_key_is_good_for_a_day_and_who_asked_is_forgotten_then(
    client: FlaskClient, app: Flask, cast: Cast, session: Session, server: Server, deliver: Deliver, at: Any
) -> None:
    with_an_address("place", cast, app)
    asked(client, VERA)
    deliver()
    link, tick = link_in(server), timedelta(seconds=1)
    at(NOON + erasing_keys.KEY_LIVES - tick)
    assert client.get(link).status_code == 200
    erasing_keys.erase_expired(session, now=NOON + erasing_keys.KEY_LIVES - tick)
    assert session.scalars(sa.select(ErasureKey.email)).all() == [VERA]
    session.commit()
    at(NOON + erasing_keys.KEY_LIVES)
    assert client.get(link).status_code == client.post(link).status_code == 404
    erasing_keys.erase_expired(session, now=NOON + erasing_keys.KEY_LIVES)
    assert session.scalars(sa.select(ErasureKey.email)).all() == []
    assert waitlist.numbers(session, cast.session.scalars(sa.select(Subscriber)).one().course)["confirmed"] == 1


def test_a_mail_that_leaves_too_late_leaves_not_at_all(
    client: FlaskClient, app: Flask, cast: Cast, server: Server, deliver: Deliver, at: Any
) -> None:
    with_an_address("place", cast, app)
    asked(client, VERA)
    at(NOON + erasing_keys.KEY_LIVES)
    deliver()
    assert server.recipients == []


@pytest.mark.parametrize("typed", ["", "vera", "vera@", "a b@example.org", "v\x00@example.org"])
def test_what_is_no_address_comes_back(typed: str, client: FlaskClient, cast: Cast, at: Any) -> None:
    answer = asked(client, typed)
    assert answer.status_code in (400, 422)
    assert 'aria-invalid="true"' in answer.text
    assert client.get("/erase/" + "a" * 43).status_code == 404


def test_the_page_says_the_columns_own_periods(client: FlaskClient, cast: Cast, session: Session) -> None:
    from app.column.settings import settings

    row = settings(session)
    row.declined_days, row.pruned_days, row.history_days, row.questions_days, row.unconfirmed_days = 11, 22, 33, 44, 5
    session.commit()
    page = client.get("/erase/").text
    for days in ("after 11 days", "after 22 days.", "for 33 days", "For 44 days", "within 5 days", "30 days more"):
        assert days in page
    assert '<a href="/erase/">Your data</a>' in client.get("/").text


@pytest.mark.parametrize("typed", ["nonsense", "", " ", "@", "vera@"])
def test_the_command_refuses_what_is_no_address(typed: str, app: Flask, cast: Cast, session: Session) -> None:
    cast.subscriber(cast.course(), VERA)
    said = app.test_cli_runner().invoke(args=["erase", typed])
    assert said.exit_code == 1
    assert "is no mail address, so nothing was erased" in said.output
    assert "Erased:" not in said.output


def test_the_command_erases_an_address_and_one_that_an_import_left_odd(
    app: Flask, cast: Cast, session: Session
) -> None:
    cast.subscriber(cast.course(), VERA)
    cast.comment(cast.letter(), email="boris@localhost")
    for address, done in ((VERA.upper(), "addresses 1"), ("boris@localhost", "comments 1")):
        said = app.test_cli_runner().invoke(args=["erase", address])
        assert (said.exit_code, done in said.output) == (0, True), said.output
