from collections.abc import Callable
from datetime import datetime, timedelta
from re import findall, sub

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.letters import publishing
from app.letters.fridays import Slot
from app.letters.models import Letter
from app.mail.models import Delivery
from app.reviews import draft_links, reviewing
from app.reviews.models import Review
from app.reviews.reviewing import AlreadyAsked, NothingAsked, PassageIsGone

from ..cast import Cast
from ..conftest import NOON
from ..house_on_a_port import token


@pytest.fixture
def letter(cast: Cast) -> Letter:
    return cast.draft("Silence", question="One.\n\nTwo.", answer="Three.\n\n> Four.\n> Five.")


def test_a_letter_waits_once_and_an_editor_answers_once(cast: Cast, session: Session, letter: Letter) -> None:
    review = reviewing.ask(session, letter, by=cast.wanda, now=NOON)
    assert reviewing.waiting(session) == [review]
    with pytest.raises(AlreadyAsked):
        reviewing.ask(session, letter, by=cast.wanda, now=NOON)
    reviewing.settle(session, letter, "returned", "Shorter.", by=cast.ada, now=NOON)
    assert (review.outcome, review.word, review.settled_by) == ("returned", "Shorter.", cast.ada)
    assert reviewing.waiting(session) == []
    with pytest.raises(NothingAsked):
        reviewing.settle(session, letter, "accepted", "", by=cast.ada, now=NOON)
    again = reviewing.ask(session, letter, by=cast.wanda, now=NOON + timedelta(days=1))
    assert reviewing.all_of(session, letter) == [again, review]


def test_of_two_editors_who_answer_at_once_one_does(cast: Cast, session: Session, letter: Letter) -> None:
    reviewing.ask(session, letter, by=cast.wanda, now=NOON)
    ada, bea = cast.ada, cast.person("Bea", "editor")
    with Session(session.get_bind()) as other:
        theirs = other.get_one(Letter, letter.id)
        assert reviewing.open_one(other, theirs)
        other.commit()
        reviewing.settle(session, letter, "accepted", "", by=ada, now=NOON)
        session.commit()
        with pytest.raises(NothingAsked):
            reviewing.settle(other, theirs, "returned", "", by=bea, now=NOON)


def test_the_database_lets_no_second_review_wait_and_none_be_half_settled(
    cast: Cast, session: Session, letter: Letter
) -> None:
    reviewing.ask(session, letter, by=cast.wanda, now=NOON)
    row = {"letter_id": letter.id, "asked_by_id": cast.wanda.id, "asked_at": NOON, "word": ""}
    for bad in ({}, {"outcome": "accepted"}, {"outcome": "maybe", "settled_at": NOON, "settled_by_id": cast.ada.id}):
        statement = sa.insert(Review).values(row | bad)
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(statement)


def test_a_remark_stands_at_its_passage_until_it_is_done(cast: Cast, session: Session, letter: Letter) -> None:
    assert reviewing.passages(letter)["answer"] == ["Three.", "> Four.\n> Five."]
    row = reviewing.mark(session, letter, "> Four.\n> Five.", "Who says this?", by=cast.ada, now=NOON)
    with pytest.raises(PassageIsGone):
        reviewing.mark(session, letter, "Six.", "What?", by=cast.ada, now=NOON)
    assert reviewing.marks(session, letter) == [row]
    reviewing.done(session, row, by=cast.wanda, now=NOON)
    assert reviewing.marks(session, letter) == []


def test_who_asked_hears_and_who_answers_oneself_does_not(cast: Cast, session: Session, letter: Letter) -> None:
    reviewing.ask(session, letter, by=cast.ada, now=NOON)
    reviewing.settle(session, letter, "accepted", "", by=cast.ada, now=NOON)
    assert session.scalars(sa.select(Delivery.kind)).all() == []
    reviewing.ask(session, letter, by=cast.wanda, now=NOON)
    reviewing.settle(session, letter, "accepted", "", by=cast.ada, now=NOON)
    assert session.scalars(sa.select(Delivery.kind)).all() == ["reviewed"]


def press(client: FlaskClient, address: str, page: str, **fields: str):  # type: ignore[no-untyped-def]
    return client.post(address, data={**fields, "csrf_token": token(client.get(page).text)})


def test_a_review_at_the_desk(client: FlaskClient, cast: Cast, letter: Letter, at: object) -> None:
    page = f"/desk/letters/{letter.id}/review"
    editor = cast.signed_in(client.application.test_client(), cast.ada)
    cast.signed_in(client, cast.wanda)
    assert "Accept it" not in client.get(page).text
    press(client, page, page)
    assert "Wanda asked for an editor’s eyes" in editor.get("/desk/letters").text
    marks = f"/desk/letters/{letter.id}/marks"
    assert press(editor, marks, page, passage="Two.", text="Too <b>short</b>.").status_code == 303
    assert press(editor, marks, page, passage="Gone.", text="Kept all the same.").status_code == 422
    assert press(editor, marks, page, passage="Two.", text=" ").status_code == 422
    assert "Too &lt;b&gt;short&lt;/b&gt;." in client.get(page).text
    letter.question_source = "One.\n\nTwo and a half."
    cast.session.commit()
    assert "On passages that have changed since" in client.get(page).text
    (done,) = findall(r"/desk/marks/\d+/done", client.get(page).text)
    press(client, done, page)
    assert "On passages that have changed since" not in client.get(page).text
    assert press(client, f"{page}/verdict", page, outcome="accepted").status_code == 403
    assert press(editor, f"{page}/verdict", page, outcome="perhaps").status_code == 400
    assert press(editor, f"{page}/verdict", page, outcome="returned", word="Shorter.").status_code == 303
    assert "Shorter." in client.get(page).text
    press(client, page, page)
    accepted = press(editor, f"{page}/verdict", page, outcome="accepted")
    assert accepted.location == f"/desk/letters/{letter.id}/slot"


def test_a_letter_says_where_it_stands_from_its_first_words_until_it_is_out(
    client: FlaskClient, cast: Cast, letter: Letter, at: Callable[..., None]
) -> None:
    edit = f"/desk/letters/{letter.id}/edit"
    session = cast.session
    cast.signed_in(client, cast.ada)

    def says(state: str) -> None:
        session.commit()
        page = client.get(edit).text
        assert '<h1 lang="en">Silence</h1>' in page
        for one in (page, client.get("/desk/letters").text):
            assert state in sub(r"\s+", " ", one)

    says("Draft, last saved on 23 November 2026")
    reviewing.ask(session, letter, by=cast.wanda, now=NOON)
    says("In review: Wanda asked on 23 November 2026")
    reviewing.settle(session, letter, "returned", "", by=cast.ada, now=NOON)
    says("Draft, returned by Ada on 23 November 2026")
    reviewing.ask(session, letter, by=cast.wanda, now=NOON + timedelta(hours=1))
    reviewing.settle(session, letter, "accepted", "", by=cast.ada, now=NOON + timedelta(days=1))
    says("Draft, accepted by Ada on 24 November 2026")
    publishing.schedule(session, letter, Slot(datetime(2026, 11, 27, 10), "UTC"), now=NOON)
    says("Goes out on Friday, 27 November 2026, 10:00 (UTC)")
    reviewing.ask(session, letter, by=cast.wanda, now=NOON + timedelta(days=2))
    says("In review: Wanda asked on 25 November 2026 · Goes out on Friday, 27 November 2026, 10:00 (UTC)")
    at(NOON + timedelta(days=7))
    says("Out since Friday, 27 November 2026, 10:00 (UTC)")


@pytest.fixture
def link(client: FlaskClient, cast: Cast, letter: Letter, at: object) -> str:
    page = f"/desk/letters/{letter.id}/review"
    cast.signed_in(client, cast.wanda)
    made = press(client, f"/desk/letters/{letter.id}/links", page, days="7")
    (address,) = findall(r'class="made" href="(/drafts/[^"]+)"', made.text)
    assert address not in client.get(page).text  # it is shown once
    return str(address)


def test_an_outsider_sees_the_draft_until_the_link_ends(
    client: FlaskClient, link: str, at: Callable[..., None]
) -> None:
    outsider = client.application.test_client()
    at(NOON + timedelta(days=7, seconds=-1))
    answer = outsider.get(link)
    assert answer.status_code == 200
    assert "Silence" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Referrer-Policy"] == "same-origin"  # no other site hears the address, which is the key
    assert "Set-Cookie" not in answer.headers
    at(NOON + timedelta(days=7))
    assert outsider.get(link).status_code == 404
    assert outsider.get("/drafts/guessed").status_code == 404


def test_a_link_that_was_ended_shows_nothing(client: FlaskClient, cast: Cast, letter: Letter, link: str) -> None:
    page = f"/desk/letters/{letter.id}/review"
    (end,) = findall(r"/desk/letters/\d+/links/\d+/end", client.get(page).text)
    other = cast.draft("Another letter")
    press(client, end.replace(f"/{letter.id}/", f"/{other.id}/", 1), page)
    assert client.get(link).status_code == 200
    press(client, end, page)
    assert client.get(link).status_code == 404


def test_what_an_outsider_sees_is_the_draft_of_now_and_then_the_letter(
    client: FlaskClient, cast: Cast, session: Session, letter: Letter, link: str, at: Callable[..., None]
) -> None:
    letter.title = "Another title"
    session.commit()
    assert "Another title" in client.get(link).text
    publishing.publish_now(session, letter, "UTC", now=NOON)
    session.commit()
    assert client.get(link).location == f"/letters/{letter.name}/"


def test_the_database_knows_no_link_and_forgets_those_that_ended(session: Session, letter: Letter, link: str) -> None:
    (row,) = draft_links.of_letter(session, letter, now=NOON)
    assert row.token_hash not in link
    draft_links.erase_expired(session, now=NOON + timedelta(days=7))
    assert draft_links.of_letter(session, letter, now=NOON) == []
