"""What the worker does by itself every night."""

from datetime import timedelta

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import work
from app.column import erasing_keys
from app.column.models import ErasureKey
from app.comments.models import Comment
from app.courses import waitlist
from app.courses.models import Subscriber
from app.db import writing
from app.questions import inbox
from app.questions.models import Question

from ..cast import Cast
from ..conftest import NOON


def test_at_night_what_has_had_its_time_is_forgotten_and_nothing_else(
    cast: Cast, session: Session, app: Flask, at: object
) -> None:
    letter, course = cast.letter(), cast.course()
    long_ago = NOON - timedelta(days=1000)
    inbox.send(session, name="Vera", text="What now?", now=long_ago)
    inbox.send(session, name="Vera", text="And now?", now=NOON)
    waitlist.ask(session, course, "never@example.org", now=long_ago)
    cast.subscriber(course, "waits@example.org")
    cast.published(letter, "Stays.", email="boris@example.org", days_ago=2)
    gone = cast.pruned(letter, "Goes.")
    erasing_keys.ask(session, "asked@example.org", secret_key="a secret", now=NOON)
    session.commit()
    at(NOON + timedelta(days=30))  # type: ignore[operator]
    with app.test_request_context(), writing():
        work.forget(app, app.extensions["config"])
    session.expire_all()
    assert [question.text_source for question in session.scalars(sa.select(Question))] == ["And now?"]
    assert [subscriber.email for subscriber in session.scalars(sa.select(Subscriber))] == ["waits@example.org"]
    rows = session.execute(sa.select(Comment.text_source, Comment.email).order_by(Comment.id)).all()
    assert rows == [("Stays.", ""), ("", "")]
    assert gone.erased_at is not None
    assert session.scalars(sa.select(ErasureKey)).all() == []
