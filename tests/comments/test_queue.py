"""The queue's page and what its script asks for."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.column.settings import settings
from app.comments import moderation, postponing, setting_aside
from app.comments.models import Comment, DecidedDay, Decision, Postponement
from app.comments.queue import how_many_wait
from app.comments.waiting import ORDERS
from app.db import db, writing

from ..cast import Cast
from ..house_on_a_port import token

JSON = {"Accept": "application/json"}


@pytest.fixture
def mo(client: FlaskClient, cast: Cast, at: object) -> FlaskClient:
    return cast.signed_in(client, cast.mo)


def cards(page: str) -> list[int]:
    return [int(one) for one in re.findall(r'<article class="card" id="comment-(\d+)"', page)]


def send(client: FlaskClient, comment: Comment, verdict: str, **more: Any):  # type: ignore[no-untyped-def]
    data = {
        "verdict": verdict,
        "seen": moderation.seen_of(comment),
        "csrf_token": token(client.get("/desk/queue").text),
    }
    return client.post(f"/desk/comments/{comment.id}/decision", data=data, **more)


def test_each_comment_has_its_own_form_and_its_letter_beside_it(mo: FlaskClient, cast: Cast) -> None:
    one, other = cast.letter("Why?"), cast.letter("How?")
    cast.published(one, "What is there already.")
    waiting = [cast.comment(one, days_ago=2), cast.comment(other, days_ago=1)]
    page = mo.get("/desk/queue").text
    assert cards(page) == [comment.id for comment in waiting]
    for comment in waiting:
        assert f'action="/desk/comments/{comment.id}/decision"' in page
        assert page.count(f'id="letter-{comment.letter_id}"') == 1
    assert "What is there already." in page
    assert page.count("My client") == 2  # each question, at hand


def test_the_orders_the_pile_and_the_next_page_are_addresses(mo: FlaskClient, cast: Cast) -> None:
    letter = cast.letter()
    sent = [cast.comment(letter, days_ago=30 - n) for n in range(25)]
    postponing.postpone(cast.session, sent[3], "maybe", by=cast.mo, now=cast.now)
    cast.session.commit()
    first = mo.get("/desk/queue").text
    more = re.search(r'href="(/desk/queue\?after=[^"]+)"', first)
    assert more
    rest = cards(mo.get(more.group(1).replace("&amp;", "&")).text)
    assert cards(first) + rest == [comment.id for comment in sent if comment is not sent[3]]
    newest = mo.get("/desk/queue?order=newest").text
    assert cards(newest)[:2] == [sent[24].id, sent[23].id]
    assert "order=newest" in (re.search(r'data-more="([^"]+)"', newest) or [""])[0]
    assert cards(mo.get("/desk/queue?pile=maybe").text) == [sent[3].id]
    like = mo.get("/desk/queue?order=likeness").text
    more = re.search(r'<p class="onward only-plain"><a href="([^"]+)"', like)
    assert more
    rest = cards(mo.get(more.group(1).replace("&amp;", "&")).text)
    assert sorted(cards(like) + rest) == sorted(comment.id for comment in sent if comment is not sent[3])
    assert "25 comments wait." in first
    assert mo.get("/desk/queue?after=nowhere").status_code == 400


def test_large_numbers_are_written_as_the_language_writes_them(mo: FlaskClient, cast: Cast) -> None:
    cast.session.add(DecidedDay(day=cast.now.date(), by_id=cast.mo.id, published=1000, declined=4000))
    cast.session.commit()
    page = mo.get("/desk/queue").text
    assert "20% of 5,000 comments decided in the last 90 days were published" in page
    with mo.application.test_request_context("/desk/queue"):
        assert how_many_wait(1234) == "1,234 comments wait."
        assert how_many_wait(20_000) == "More than 10,000 comments wait."


def test_an_order_that_there_is_not_is_the_usual_one(mo: FlaskClient, cast: Cast) -> None:
    comment = cast.comment(cast.letter())
    answer = mo.get("/desk/queue?order=name")
    assert (answer.status_code, answer.location) == (303, "/desk/queue")
    assert cards(mo.get("/desk/queue?order=name", follow_redirects=True).text) == [comment.id]


def test_the_same_verdict_again_is_done_and_another_one_meets_what_stands(mo: FlaskClient, cast: Cast) -> None:
    comment = cast.comment(cast.letter())
    assert send(mo, comment, "published").status_code == 303
    assert send(mo, comment, "published").status_code == 303
    other = send(mo, comment, "declined")
    assert other.status_code == 409
    for part in ("It was published.", "Mo", "23 November 2026"):
        assert part in other.text
    assert cast.session.scalars(sa.select(Decision.verdict)).all() == ["published"]


def test_a_script_is_told_what_stands_and_by_whom(mo: FlaskClient, cast: Cast) -> None:
    comment, theirs = cast.comment(cast.letter()), cast.comment(cast.letter())
    done = send(mo, comment, "declined", headers=JSON)
    assert (done.status_code, done.json["verdict"], done.json["mine"]) == (200, "declined", True)
    assert send(mo, comment, "declined", headers=JSON).status_code == 200
    moderation.decide(cast.session, theirs, "published", by=cast.ada, now=cast.now)
    cast.session.commit()
    lost = send(mo, theirs, "declined", headers=JSON)
    assert lost.status_code == 409
    assert lost.json == {
        "verdict": "published", "by": "Ada", "mine": False, "at": "12:00", "name": "Boris",
    }  # fmt: skip


def test_what_the_editor_did_not_see_is_not_decided(mo: FlaskClient, cast: Cast) -> None:
    comment = cast.comment(cast.letter())
    address = f"/desk/comments/{comment.id}/decision"
    data = {"verdict": "published", "csrf_token": token(mo.get("/desk/queue").text)}
    for seen in ("", "0" * 64):
        answer = mo.post(address, data=data | {"seen": seen}, headers=JSON)
        assert answer.status_code == 422
        assert "not the one you were shown" in answer.json["refused"]
    assert mo.post(address, data=data | {"verdict": "maybe"}).status_code == 400
    assert mo.post("/desk/comments/4711/decision", data=data).status_code == 404
    assert cast.session.scalars(sa.select(Decision)).all() == []


def test_skipping_and_the_pile_work_with_a_form_and_with_a_script(mo: FlaskClient, cast: Cast) -> None:
    comment = cast.comment(cast.letter())
    address = f"/desk/comments/{comment.id}/postponement"
    data = {"csrf_token": token(mo.get("/desk/queue").text)}
    assert mo.post(address, data=data | {"to": "skipped"}).status_code == 303
    assert mo.post(address, data=data | {"to": "maybe"}, headers=JSON).json == {"maybe": 1}
    assert cast.session.scalars(sa.select(Postponement.pile)).all() == ["maybe"]
    cast.session.rollback()
    assert mo.post(address, data=data | {"to": "none", "order": "newest"}).location == "/desk/queue?order=newest"
    assert mo.post(address, data=data | {"to": "bin"}).status_code == 400
    assert cast.session.scalars(sa.select(Postponement)).all() == []


def test_the_pulse_says_what_others_did_and_what_came_in(mo: FlaskClient, cast: Cast) -> None:
    letter = cast.letter()
    one, gone, other = (cast.comment(letter) for _ in range(3))
    shown = f"{one.id},{other.id},{gone.id},x,,{'9' * 30}"
    moderation.decide(cast.session, other, "declined", by=cast.ada, now=cast.now)
    cast.session.delete(gone)
    cast.session.commit()
    cast.comment(letter)
    ada = cast.signed_in(cast_client(mo), cast.ada)
    ada.post("/desk/queue/presence", data={"comment": one.id, "csrf_token": token(ada.get("/desk/queue").text)})
    told = mo.get(f"/desk/queue/pulse?since={other.id}&shown={shown}").json
    assert told["left"] == "2 comments wait."
    assert told["new"] == 1
    assert told["readers"] == {str(one.id): "Ada"}
    assert told["gone"] == [gone.id]
    assert {key: told["decided"][str(other.id)][key] for key in ("verdict", "by")} == {
        "verdict": "declined",
        "by": "Ada",
    }
    page = mo.get("/desk/queue").text
    assert "Ada is reading this comment too." in page


def cast_client(client: FlaskClient) -> FlaskClient:
    return client.application.test_client()


def test_names_are_hidden_until_the_decision_if_the_desk_wants_it(mo: FlaskClient, cast: Cast) -> None:
    settings(cast.session).hide_names = True
    letter = cast.letter()
    comment = cast.comment(letter, name="Ira Vernadskaya", email="ira@example.org")
    for address in ("/desk/queue", f"/desk/queue/letters/{letter.id}"):
        page = mo.get(address).text
        assert "The name is hidden until the decision." in page
        assert "Vernadskaya" not in page
        assert "ira@example.org" not in page
    assert send(mo, comment, "declined", headers=JSON).json["name"] == "Ira Vernadskaya"
    assert "Ira Vernadskaya" in mo.get("/desk/comments").text


def test_nothing_beside_a_comment_tells_whose_it_is_while_names_are_hidden(mo: FlaskClient, cast: Cast) -> None:
    letter, other = cast.letter("Here"), cast.letter("Elsewhere")
    text = "The keeper of a lighthouse asked me for a logo, and paid with smoked herring."
    cast.declined(other, text, name="Ira Vernadskaya")
    cast.published(other, text, name="Somebody Else")
    cast.published(letter, f"{text} Twice.", name="Ira Vernadskaya")  # her name as readers see it
    cast.published(letter, "> Ask why.\n\nNobody pays with herring.", name="Pavel")
    mine = cast.comment(letter, text, name="Ira Vernadskaya", email="ira@example.org", sender="x" * 64)
    newcomer = cast.comment(letter, "Contracts of one page are read.", name="Newcomer")
    setting_aside.set_aside(cast.session, "phrase", "Newcomer", by=cast.mo, now=cast.now)  # found in a name
    setting_aside.look_through(cast.session)
    cast.session.commit()
    addresses = ("/desk/queue", f"/desk/queue/letters/{letter.id}")
    for address in addresses:
        page = mo.get(address).text
        assert "Set aside: “Newcomer”." in page
        assert "The same text from the same name" in page
        assert "Nearly the same text from the same name" in page
        assert "First comment under this name" in page
    settings(cast.session).hide_names = True
    cast.session.commit()
    for address in addresses:
        page = mo.get(address).text
        assert "Set aside." in page
        assert "The same text as another comment" in page
        assert "Nearly the same text as another comment" in page
        for tell in ("the same name", "another name", "under this name", "Newcomer", "ira@example.org", "Somebody",
                     f'href="/letters/{other.name}/"', f"/desk/comments/{mine.id}/history"):  # fmt: skip
            assert tell not in page
        # Published comments keep their names, whoever wrote them, and nothing sets one of them apart.
        assert page.count('<bdi class="remark-name">Ira Vernadskaya</bdi>') == 1
        assert page.count('<bdi class="remark-name">Pavel</bdi>') == 1
    sure = {f"verdict-{one.id}": "declined" for one in (mine, newcomer)} | {
        f"seen-{one.id}": moderation.seen_of(one) for one in (mine, newcomer)
    }
    page = mo.post(addresses[1], data=sure | {"csrf_token": token(mo.get(addresses[1]).text)}).text
    assert "decline 2" in page
    assert not any(tell in page for tell in ("Vernadskaya", "Newcomer"))


def test_what_is_set_aside_is_marked_and_can_be_let_in(mo: FlaskClient, cast: Cast) -> None:
    comment = cast.comment(cast.letter(), "A casino.")
    address = "/desk/queue/set-aside"
    page = token(mo.get(address).text)
    assert mo.post(address, data={"csrf_token": page, "kind": "phrase", "words": "Casinos"}).status_code == 303
    cast.session.refresh(comment)
    assert comment.set_aside == "Casinos"
    cast.session.rollback()
    assert "Set aside: “Casinos”." in mo.get("/desk/queue").text
    for words in ("casino", "", "..."):
        answer = mo.post(address, data={"csrf_token": page, "kind": "phrase", "words": words})
        assert answer.status_code == 422
    for words in ("notanaddress", "boris@", "@example.org"):
        answer = mo.post(address, data={"csrf_token": page, "kind": "address", "words": words})
        assert (answer.status_code, f'value="{words}"' in answer.text) == (422, True)
        assert "This is not a mail address." in answer.text
    rule_id = setting_aside.rules(cast.session)[0].id
    cast.session.rollback()
    assert mo.post(f"{address}/{rule_id}/removal", data={"csrf_token": page}).status_code == 303
    cast.session.refresh(comment)
    assert comment.set_aside == ""


def test_comments_of_one_letter_are_closed_and_opened(mo: FlaskClient, cast: Cast) -> None:
    letter = cast.letter()
    comment = cast.comment(letter)
    address, page = f"/desk/queue/letters/{letter.id}/door", f"/letters/{letter.name}/"
    data = {"csrf_token": token(mo.get("/desk/queue").text)}
    assert 'id="add"' in mo.get(page).text
    assert mo.post(address, data=data | {"door": "closed"}).status_code == 303
    assert "takes no more comments" in mo.get(page).text
    assert mo.post(f"{page}comments", data={"name": "B", "text": "Late."}).status_code == 403
    assert send(mo, comment, "published").status_code == 303  # what waits is decided as ever
    mo.post(address, data=data | {"door": "open"})
    assert 'id="add"' in mo.get(page).text


@pytest.mark.parametrize("order", ORDERS)
def test_the_page_asks_the_database_eight_times_at_most(mo: FlaskClient, app: Flask, cast: Cast, order: str) -> None:
    for n in range(30):
        letter = cast.letter()
        cast.published(letter)
        cast.comment(letter, "A casino." if n % 3 else "", days_ago=n / 10)
    setting_aside.set_aside(cast.session, "phrase", "casino", by=cast.mo, now=cast.now)
    setting_aside.look_through(cast.session)
    postponing.postpone(cast.session, cast.comment(letter), "skipped", by=cast.mo, now=cast.now)
    cast.session.commit()
    with asking(app) as asked:
        page = mo.get(f"/desk/queue?order={order}").text
    assert len(cards(page)) == 20
    assert 0 < len(asked) <= 8, "\n".join(statement for statement, _ in asked)


@pytest.mark.parametrize(("verdict", "at_most"), [("published", 4), ("declined", 3)])
def test_a_decision_asks_the_database_who_it_is_what_it_is_about_and_takes_it(
    mo: FlaskClient, app: Flask, cast: Cast, verdict: str, at_most: int
) -> None:
    comment = cast.comment(cast.letter())
    data = {"verdict": verdict, "seen": moderation.seen_of(comment), "csrf_token": token(mo.get("/desk/queue").text)}
    with asking(app) as asked:
        assert mo.post(f"/desk/comments/{comment.id}/decision", data=data, headers=JSON).status_code == 200
    assert len(asked) <= at_most, "\n".join(statement for statement, _ in asked)  # one is the index of search
    assert not any("text_source" in statement for statement, _ in asked)  # the whole comment takes longer than the rest


@contextmanager
def asking(app: Flask) -> Iterator[list[tuple[str, Any]]]:
    """What is asked of the database meanwhile: (statement, its values)."""
    asked: list[tuple[str, Any]] = []

    def listen(connection: Any, cursor: Any, statement: str, values: Any, *rest: Any) -> None:
        asked.append((statement, values))

    with app.app_context():
        engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", listen)
    try:
        yield asked
    finally:
        sa.event.remove(engine, "before_cursor_execute", listen)


def test_no_page_of_the_desk_reads_all_comments_to_find_those_that_wait(
    mo: FlaskClient, app: Flask, cast: Cast
) -> None:
    if not app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        pytest.skip("the plans of PostgreSQL are of its statistics: bench/desk.py measures them")
    letter = cast.letter()
    for n in range(9):
        cast.declined(letter) if n % 3 else cast.comment(letter)
    pages = [*(f"/desk/queue?order={order}" for order in ORDERS), "/desk/queue?pile=maybe", "/desk/queue/letters",
             f"/desk/queue/letters/{letter.id}", "/desk/figures", "/desk/queue/pulse?since=1&shown=1,2"]  # fmt: skip
    with asking(app) as asked:
        assert {mo.get(page).status_code for page in pages} == {200}
    own = re.compile("SCAN comments USING (COVERING )?INDEX ix_comments_(line|line_by_letter|set_aside)$")
    with app.app_context(), db.engine.connect() as connection:
        plans = [
            row[3]
            for statement, values in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    assert [plan for plan in plans if plan.startswith("SCAN comments") and not own.match(plan)] == []
    assert any(own.match(plan) for plan in plans)


def test_what_waits_is_counted_in_its_own_index_also_when_nearly_all_waits(app: Flask, cast: Cast) -> None:
    if not app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        pytest.skip("the plans of PostgreSQL are of its statistics: bench/desk.py measures them")
    for letter in (cast.letter(), cast.letter(), cast.letter()):
        for _ in range(40):
            cast.comment(letter)
    cast.session.commit()
    with app.app_context():
        with writing(), db.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
        db.engine.dispose()
        with asking(app) as asked:
            assert moderation.pending_number(db.session()) == 120
        db.session.rollback()
        with db.engine.connect() as connection:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[0][0]}", asked[0][1])]
    assert next(one for one in plan if "comments" in one) == "SCAN comments USING INDEX ix_comments_line"
