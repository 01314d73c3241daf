"""A WebSub hub hears of each letter once, and later if something was down."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app import work
from app.column.settings import settings
from app.config import BadSetting, Config, from_environment
from app.db import db, writing
from app.letters import announcing
from app.letters.models import Announcement, Letter, Topic

from ..cast import Cast
from ..conftest import NOON


class Hub(ThreadingHTTPServer):
    """A real hub on a port of this machine, which writes down what it hears."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Ear)
        self.heard: list[dict[str, list[str]]] = []
        self.answer = 204
        self.url = f"http://127.0.0.1:{self.server_port}/hub"
        self.deaf = threading.Event()


class Ear(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        hub: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
        if hub.answer == 0:  # it takes its time
            hub.deaf.wait(10)
            return
        hub.heard.append(parse_qs(body))
        self.send_response(hub.answer)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.deaf.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def config(app: Flask, hub: Hub) -> Config:
    return replace(app.extensions["config"], websub_hub=hub.url, base_url="https://column.example")


def sweep(app: Flask, config: Config) -> int:
    with app.test_request_context(), writing():
        return work.announce(app, config)


def test_a_letter_is_announced_once_however_often_the_sweep_comes(
    app: Flask, cast: Cast, hub: Hub, config: Config, at: Any
) -> None:
    topic = Topic(slug="money", name="Money")
    cast.session.add(topic)
    cast.session.flush()
    cast.letter(days_ago=1, rubric_id=cast.rubric().id, topic_ids=[topic.id])
    assert [sweep(app, config) for _ in range(3)] == [1, 0, 0]
    at(NOON + timedelta(days=30))
    assert sweep(app, config) == 0
    (heard,) = hub.heard
    site = "https://column.example"
    assert heard == {
        "hub.mode": ["publish"],
        "hub.url": [
            f"{site}{folder}feed.{kind}"
            for folder in ("/", "/rubrics/fridays/", "/topics/money/")
            for kind in ("xml", "json")
        ],
    }


def test_what_is_announced_can_be_fetched(
    app: Flask, client: FlaskClient, cast: Cast, hub: Hub, config: Config, at: Any
) -> None:
    cast.letter("News", days_ago=1, rubric_id=cast.rubric().id)
    sweep(app, config)
    for feed in hub.heard[0]["hub.url"]:
        assert "News" in client.get(feed.removeprefix("https://column.example")).text


def test_nothing_is_announced_before_its_slot_and_all_at_it(
    app: Flask, cast: Cast, hub: Hub, config: Config, at: Any
) -> None:
    slot = NOON + timedelta(days=4)
    cast.letter(days_ago=-4)
    cast.draft()
    at(slot - timedelta(seconds=1))
    assert sweep(app, config) == 0
    assert hub.heard == []
    at(slot)
    assert sweep(app, config) == 1


def test_a_letter_that_came_out_while_the_server_was_down_is_announced_later(
    app: Flask, cast: Cast, hub: Hub, config: Config, at: Any
) -> None:
    cast.letter(days_ago=-1)
    at(NOON + timedelta(days=3))
    assert sweep(app, config) == 1


def test_a_hub_that_is_set_for_an_old_column_hears_of_new_letters_only(
    app: Flask, cast: Cast, hub: Hub, config: Config, at: Any
) -> None:
    for days in (400, 100, 15, 2):
        cast.letter(days_ago=days)
    assert sweep(app, config) == 1


@pytest.mark.parametrize("answer", [500, 404, "refused"])
def test_a_hub_that_fails_is_told_later_with_longer_and_longer_pauses(
    answer: int | str, app: Flask, cast: Cast, hub: Hub, config: Config, at: Any, session: Session
) -> None:
    cast.letter(days_ago=1)
    broken = config
    if answer == "refused":
        broken = replace(config, websub_hub="http://127.0.0.1:1/")
    else:
        hub.answer = int(answer)
    assert sweep(app, broken) == 0
    pauses = []
    moment = NOON
    for _ in range(4):
        due = session.scalar(sa.select(Announcement.due_at).execution_options(populate_existing=True))
        session.rollback()
        assert due is not None
        pauses.append(round((due - moment).total_seconds() / 60))
        at(due - timedelta(seconds=1))
        before = len(hub.heard)
        assert sweep(app, broken) == 0
        assert len(hub.heard) == before
        at(moment := due)
        sweep(app, broken)
    assert pauses == [1, 2, 4, 8]
    hub.answer = 204
    at(NOON + timedelta(days=1))
    assert sweep(app, config) == 1
    assert sweep(app, config) == 0


def test_a_hub_that_is_gone_for_days_is_given_up(
    app: Flask, cast: Cast, hub: Hub, config: Config, at: Any, session: Session
) -> None:
    cast.letter(days_ago=1)
    hub.answer = 500
    for hours in range(0, 24 * 10, 13):
        at(NOON + timedelta(hours=hours))
        sweep(app, config)
    assert len(hub.heard) == announcing.MOST_TRIES
    row = session.scalars(sa.select(Announcement)).one()
    assert (row.due_at, row.made_at) == (None, None)


def test_a_worker_that_died_between_claim_and_record_is_made_good(
    app: Flask, cast: Cast, hub: Hub, config: Config, at: Any, session: Session
) -> None:
    cast.letter(days_ago=1)
    announcing.enlist(session, now=NOON)
    assert announcing.claim(session, now=NOON)
    session.commit()
    assert sweep(app, config) == 0  # the claim stands
    at(NOON + announcing.PATIENCE)
    assert sweep(app, config) == 1


def test_of_two_workers_that_look_at_once_one_announces(app: Flask, cast: Cast, at: Any) -> None:
    cast.letter(days_ago=1)
    with app.app_context():
        engine = db.engine
    with writing(), Session(engine) as first:
        announcing.enlist(first, now=NOON)
        first.commit()
    won = []
    ready = threading.Barrier(2)

    def look() -> None:
        ready.wait()
        with writing(), Session(engine) as mine:
            announcing.enlist(mine, now=NOON)
            won.append(announcing.claim(mine, now=NOON))
            mine.commit()

    workers = [threading.Thread(target=look) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(one is None for one in won) == [False, True]


def test_a_claim_that_another_worker_took_meanwhile_is_not_ours(
    app: Flask, cast: Cast, at: Any, session: Session
) -> None:
    cast.letter(days_ago=1)
    announcing.enlist(session, now=NOON)
    session.commit()
    with app.app_context():
        engine = db.engine
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    others: list[object] = []

    def other_is_first(connection, cursor, statement, parameters, context, many):  # type: ignore[no-untyped-def]
        if statement.startswith("UPDATE announcements") and not others:
            others.append(None)  # what follows comes here as well
            with Session(engine) as other:
                others.append(announcing.claim(other, now=NOON))
                other.commit()

    sa.event.listen(engine, "before_cursor_execute", other_is_first)
    try:
        ours = announcing.claim(session, now=NOON)
    finally:
        sa.event.remove(engine, "before_cursor_execute", other_is_first)
    assert others[1] is not None
    assert ours is None


def test_a_hub_that_does_not_answer_does_not_hold_the_worker(hub: Hub) -> None:
    hub.answer = 0
    with pytest.raises(announcing.HubFailed):
        announcing.tell(hub.url, ["https://column.example/feed.xml"], timeout=0.2)


def test_without_a_hub_nothing_is_written_and_nothing_said(app: Flask, cast: Cast, at: Any, session: Session) -> None:
    cast.letter(days_ago=1)
    assert sweep(app, app.extensions["config"]) == 0
    assert session.scalar(sa.select(sa.func.count()).select_from(Announcement)) == 0


def test_feeds_name_the_hub_when_there_is_one(
    app: Flask, client: FlaskClient, cast: Cast, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast.letter(days_ago=1)
    assert "hub" not in client.get("/feed.xml?none").text
    assert "Link" not in client.get("/feed.json?none").headers
    hub = "https://hub.example/?a=1&b=2"
    monkeypatch.setitem(app.extensions, "config", replace(app.extensions["config"], websub_hub=hub))
    for kind in ("xml", "json"):
        answer = client.get(f"/feed.{kind}?one")
        assert answer.headers["Link"] == f'<{hub}>; rel="hub", <http://localhost/feed.{kind}>; rel="self"'
    assert '<link rel="hub" href="https://hub.example/?a=1&amp;b=2"/>' in client.get("/feed.xml?one").text
    assert client.get("/feed.json?one").json["hubs"] == [{"type": "WebSub", "url": hub}]


def test_the_first_letter_that_is_out_gives_the_feeds_their_names_for_ever(
    app: Flask, cast: Cast, config: Config, at: Any, session: Session
) -> None:
    def kept() -> str | None:
        session.expire_all()
        host = settings(session).feeds_host
        session.rollback()
        return host

    quiet = replace(config, websub_hub="")
    sweep(app, quiet)
    assert kept() is None
    cast.letter(days_ago=1)
    sweep(app, app.extensions["config"])  # http://localhost is nobody's name
    assert kept() is None
    sweep(app, quiet)
    assert kept() == "column.example"
    sweep(app, replace(quiet, base_url="https://moved.example"))
    assert kept() == "column.example"


def test_a_letter_that_is_deleted_takes_its_announcement_along(cast: Cast, session: Session, at: Any) -> None:
    letter = cast.letter(days_ago=1)
    announcing.enlist(session, now=NOON)
    session.execute(sa.delete(Letter).where(Letter.id == letter.id))
    assert session.scalar(sa.select(sa.func.count()).select_from(Announcement)) == 0
    session.rollback()


@pytest.mark.parametrize(
    "hub", ["ftp://hub.example/", "hub.example", "https:///", 'https://a.example/">x', "https://[1"]
)
def test_a_hub_that_is_no_address_stops_the_start(hub: str, tmp_path: object) -> None:
    with pytest.raises(BadSetting, match="DEARFRIDAY_WEBSUB_HUB"):
        from_environment({"DEARFRIDAY_DATA": str(tmp_path), "DEARFRIDAY_WEBSUB_HUB": hub})
