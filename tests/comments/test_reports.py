"""Readers' reports: quiet, limited, without an account, and of no effect by themselves."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.comments import pruning, reports
from app.comments.models import Comment, Report
from app.comments.reports import Reported, report, reporter_of
from app.letters.models import Letter
from app.web import limiter

from ..cast import Cast
from ..conftest import NOON


def kept(session: Session) -> int:
    found = session.scalar(sa.select(sa.func.count()).select_from(Report)) or 0
    session.rollback()
    return found


def address(letter: Letter, comment: Comment) -> str:
    return f"/letters/{letter.name}/comments/{comment.public_id}/report"


def test_a_reader_reports_and_nothing_changes(client: FlaskClient, cast: Cast, at: object) -> None:
    letter = cast.letter()
    comment = cast.published(letter)
    before = client.get(f"/letters/{letter.name}/").text
    assert f'action="{address(letter, comment)}"' in before
    answer = client.post(address(letter, comment), data={"reason": "spent"})
    assert (answer.status_code, answer.location) == (303, f"/letters/{letter.name}/reported")
    assert "Set-Cookie" not in answer.headers
    assert "the editors will see it" in client.get(answer.location).text
    assert client.get(f"/letters/{letter.name}/").text == before
    assert reports.numbers(cast.session) == {comment.id: Reported(spent=1, harmful=0)}


def test_the_same_reader_is_heard_once_and_answered_the_same(client: FlaskClient, cast: Cast, at: object) -> None:
    letter = cast.letter()
    comment, other = cast.published(letter), cast.published(letter)
    here, there = address(letter, comment), address(letter, other)
    answers = {client.post(here, data={"reason": reason}).location for reason in ("spent", "harmful")}
    assert len(answers) == 1
    assert kept(cast.session) == 1
    client.post(there, data={"reason": "harmful"})
    client.post(here, data={"reason": "harmful"}, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert reports.numbers(cast.session, letter_id=letter.id) == {comment.id: Reported(1, 1), other.id: Reported(0, 1)}


@pytest.mark.parametrize("fate", ["comment", "declined", "pruned"])
def test_what_readers_may_not_see_cannot_be_reported(client: FlaskClient, cast: Cast, at: object, fate: str) -> None:
    letter = cast.letter()
    comment = getattr(cast, fate)(letter)
    assert client.post(address(letter, comment), data={"reason": "spent"}).status_code == 404
    other = cast.letter()
    published = cast.published(letter)
    assert client.post(address(other, published), data={"reason": "spent"}).status_code == 404
    assert kept(cast.session) == 0


def test_a_report_without_a_reason_is_none(client: FlaskClient, cast: Cast, at: object) -> None:
    letter = cast.letter()
    comment = cast.published(letter)
    for data in ({}, {"reason": "boring"}):
        assert client.post(address(letter, comment), data=data).status_code == 400
    foreign = {"Origin": "https://evil.example"}
    assert client.post(address(letter, comment), data={"reason": "spent"}, headers=foreign).status_code == 403
    assert kept(cast.session) == 0


def test_reports_are_limited(app: Flask, client: FlaskClient, cast: Cast, at: object) -> None:
    letter = cast.letter()
    comments = [cast.published(letter) for _ in range(22)]
    limiter.enabled = True
    stranger = {"REMOTE_ADDR": "192.0.2.9"}
    try:
        answers = [
            client.post(address(letter, one), data={"reason": "spent"}, environ_base=stranger).status_code
            for one in comments
        ]
    finally:
        limiter.enabled = False
        with app.app_context():
            limiter.reset()
    assert answers == [303] * 20 + [429] * 2
    assert kept(cast.session) == 20


def test_who_reported_is_not_told_and_is_forgotten(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    one, other = cast.published(letter), cast.published(letter)
    reporter = reporter_of("192.0.2.7", one, "a secret")
    assert "192" not in reporter
    assert reporter != reporter_of("192.0.2.7", other, "a secret")
    assert reporter != reporter_of("192.0.2.7", one, "another secret")
    assert report(session, one, "spent", reporter=reporter, now=NOON)
    assert not report(session, one, "harmful", reporter=reporter, now=NOON)
    reports.forget(session, now=NOON + reports.KNOWN_FOR - timedelta(seconds=1))
    assert session.scalars(sa.select(Report.reporter)).all() == [reporter]
    reports.forget(session, now=NOON + reports.KNOWN_FOR)
    assert session.scalars(sa.select(Report.reporter)).all() == [None]
    assert reports.numbers(session) == {one.id: Reported(1, 0)}


def test_reports_end_with_their_comment(cast: Cast, session: Session) -> None:
    comment = cast.published(cast.letter())
    report(session, comment, "spent", reporter="r", now=NOON)
    pruning.prune(session, comment, by=cast.mo, now=NOON)
    assert reports.numbers(session) == {}
    reports.forget(session, now=NOON)
    session.commit()
    assert kept(session) == 0


def test_the_database_knows_two_reasons_and_one_report_a_reader(cast: Cast, session: Session) -> None:
    comment = cast.published(cast.letter())
    report(session, comment, "spent", reporter="r", now=NOON)
    session.commit()
    for reason, reporter in (("boring", "s"), ("harmful", "r")):
        row = {"comment_id": comment.id, "reason": reason, "reporter": reporter, "reported_at": NOON}
        with pytest.raises(IntegrityError):
            session.execute(sa.insert(Report).values(**row))
        session.rollback()
