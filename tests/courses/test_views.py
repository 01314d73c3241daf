"""The waitlist as readers meet it: the form, the buttons, the erasing page."""

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.comments.models import Comment
from app.courses import tallies, waitlist
from app.courses.models import Subscriber, Tally
from app.mail.models import Delivery

from ..cast import Cast

VERA = "vera@example.org"
FORM = "/courses/talks/waitlist"


def deliveries(session: Session) -> int:
    session.rollback()
    found = session.scalar(sa.select(sa.func.count()).select_from(Delivery)) or 0
    session.commit()
    return found


def test_a_new_a_waiting_and_a_confirmed_address_get_the_same_answer(
    client: FlaskClient, cast: Cast, session: Session, at: object
) -> None:
    course = cast.course()
    cast.subscriber(course, "waits@example.org", confirmed=False)
    cast.subscriber(course, "known@example.org")
    left = cast.subscriber(course, "left@example.org")
    left.left_at, left.left_why = cast.now, "complained"
    session.commit()
    answers = set()
    for name in ("new", "new", "waits", "known", "left"):
        answer = client.post(FORM, data={"email": f"{name}@example.org"})
        page = client.get(answer.location)
        answers.add((answer.status_code, answer.location, answer.text, str(sorted(answer.headers)), page.text))
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Vera@EXAMPLE.org", "Vera@example.org"),
        ("вера@пример.рф", "вера@xn--e1afmkfd.xn--p1ai"),
        ("vera@bücher.example.org", "vera@xn--bcher-kva.example.org"),
        ("δοκιμή@example.org", "δοκιμή@example.org"),
    ],
)
def test_addresses_of_every_script_are_taken(
    typed: str, kept: str, client: FlaskClient, cast: Cast, session: Session, at: object
) -> None:
    cast.course()
    assert client.post(FORM, data={"email": typed}).status_code == 303
    assert session.scalar(sa.select(Subscriber.email)) == kept


@pytest.mark.parametrize(
    "typed", ["vera", "vera@", "@example.org", "a b@example.org", "vera@example", "v@[192.0.2.1]", "v" * 65 + "@x.org"]
)
def test_what_is_no_address_comes_back(typed: str, client: FlaskClient, cast: Cast, at: object) -> None:
    cast.course()
    answer = client.post(FORM, data={"email": typed})
    assert answer.status_code == 422
    assert "This is not a mail address" in answer.text
    assert f'value="{typed}"' in answer.text


def test_too_many_from_one_household_are_told_to_wait_and_keep_what_they_typed(
    client: FlaskClient, cast: Cast, session: Session, at: object
) -> None:
    cast.course()
    answers = [
        client.post(FORM, data={"email": f"a{n}@example.org"}, environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
        for n in range(tallies.OF_ONE_HOUSEHOLD.most + 1)
    ]
    assert [answer.status_code for answer in answers] == [303] * tallies.OF_ONE_HOUSEHOLD.most + [429]
    assert "Too many addresses were left" in answers[-1].text
    assert f'value="a{tallies.OF_ONE_HOUSEHOLD.most}@example.org"' in answers[-1].text
    assert answers[-1].headers["Retry-After"] == "3600"
    assert deliveries(session) == tallies.OF_ONE_HOUSEHOLD.most


def pages(cast: Cast) -> dict[str, tuple[str, Callable[[Session], object]]]:
    """{what: (address, what its button changes)}."""
    session, course = cast.session, cast.course()
    waits, told = cast.subscriber(course, "w@example.org", confirmed=False), cast.subscriber(course, VERA)
    cast.opened(course)
    session.expire_all()
    confirmed = sa.select(Subscriber.confirmed_at).where(Subscriber.id == waits.id)
    left = sa.select(Subscriber.left_at).where(Subscriber.id == told.id)
    again = sa.select(sa.func.count()).select_from(Subscriber).where(Subscriber.email == VERA)
    found = {
        "confirm": (f"/waitlist/confirm/{waits.confirm_token}", lambda s: s.scalar(confirmed)),
        "leave": (f"/waitlist/leave/{told.leave_token}", lambda s: s.scalar(left)),
        "next": (f"/waitlist/next/{told.leave_token}", lambda s: s.scalar(again)),
        "erase": (f"/waitlist/erase/{told.leave_token}", lambda s: s.scalar(again)),
    }
    session.commit()
    return found


@pytest.mark.parametrize("what", ["confirm", "leave", "next", "erase"])
def test_a_link_only_shows_a_button_and_the_button_acts(
    what: str, client: FlaskClient, cast: Cast, session: Session, at: object
) -> None:
    address, state = pages(cast)[what]
    before = state(session)
    session.rollback()
    for method in ("GET", "HEAD", "GET"):
        answer = client.open(address, method=method)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
    assert client.get(address).text.count('<form method="post">') == 1
    assert state(session) == before
    session.rollback()
    for _ in range(2):  # pressed twice it has happened once
        client.post(address)
        assert state(session) != before
        session.rollback()


def test_who_waits_for_the_next_one_already_is_told_so_and_offered_no_button(
    client: FlaskClient, cast: Cast, session: Session, at: object
) -> None:
    address, _ = pages(cast)["next"]
    client.post(address)
    page = client.get(address).text
    assert ("You wait for the next one" in page, '<form method="post">' in page) == (True, False)
    leave = re.findall(r'href="(/waitlist/leave/[^"]+)"', page)[0]
    client.post(leave)  # who left is on no list
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_mail_program_leaves_with_one_click_and_needs_no_cookie(
    content_type: str, client: FlaskClient, cast: Cast, session: Session, at: object
) -> None:
    address, left = pages(cast)["leave"]
    answer = client.post(
        address, data={"List-Unsubscribe": "One-Click"}, content_type=content_type, headers={"User-Agent": "Mail"}
    )
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert left(session) is not None


@pytest.mark.parametrize("what", ["confirm", "leave", "next", "erase"])
def test_another_sites_page_presses_no_button(
    what: str, client: FlaskClient, cast: Cast, session: Session, at: object
) -> None:
    address, state = pages(cast)[what]
    before = state(session)
    session.rollback()
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post(address, headers=headers).status_code == 403
    assert state(session) == before


def test_whoever_confirms_while_enrolment_is_open_is_told_so_and_waits_for_the_next_time(
    client: FlaskClient, cast: Cast, at: object
) -> None:
    address, _ = pages(cast)["confirm"]
    for page in (client.get(address), client.post(address)):
        assert "Enrolment is open now." in page.text
        assert "opens the next time" in page.text


@pytest.mark.parametrize("known", ["new", "waits", "confirmed", "left"])
def test_no_mail_is_written_or_sent_while_somebody_waits_for_the_answer(
    known: str, client: FlaskClient, cast: Cast, session: Session, at: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And each answer has written something: one that only reads would be told by its speed, on a slow disk."""
    course = cast.course()
    if known != "new":
        one = cast.subscriber(course, VERA, confirmed=known != "waits")
        if known == "left":
            waitlist.leave(session, one, now=cast.now)
    session.commit()
    monkeypatch.setattr("app.posting.deliver_due", lambda *_, **__: 1 / 0)
    before = session.scalar(sa.select(sa.func.sum(Tally.number))) or 0
    session.rollback()
    answer = client.post(FORM, data={"email": VERA}, environ_overrides={"REMOTE_ADDR": "192.0.2.1"})
    assert answer.status_code == 303
    assert (session.scalar(sa.select(sa.func.sum(Tally.number))) or 0) > before


@pytest.mark.parametrize("what", ["confirm", "leave", "next", "erase"])
def test_a_link_that_was_made_up_leads_nowhere(what: str, client: FlaskClient, cast: Cast, at: object) -> None:
    pages(cast)
    for token in ("x", "a" * 43):
        for method in ("GET", "POST"):
            answer = client.open(f"/waitlist/{what}/{token}", method=method)
            assert answer.status_code == 404
            assert "no longer good" in answer.text


def test_erased_by_its_owner_everything_goes_at_once_and_everywhere(
    client: FlaskClient, app: Flask, cast: Cast, session: Session, at: object
) -> None:
    letter = cast.letter()
    page = f"/letters/{letter.name}/"
    cast.published(letter, "My thought stays no longer.", email=VERA)
    address, _ = pages(cast)["erase"]
    assert "My thought" in client.get(page).text
    answer = client.post(address)
    assert answer.status_code == 200
    assert re.search(r"1 place on a waitlist.*1 comment", answer.text, re.DOTALL)
    assert "My thought" not in client.get(page).text
    session.expire_all()
    assert {comment.email for comment in session.scalars(sa.select(Comment))} == {""}
    assert session.scalars(sa.select(Subscriber).where(Subscriber.email == VERA)).all() == []
    session.rollback()
    assert client.get(address).status_code == 404
