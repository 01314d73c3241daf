"""What comments say is kept as words, and goes with their texts."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.comments import likeness, retention
from app.comments.models import Comment, Gist, Sketch

from ..cast import Cast
from ..conftest import NOON

TEXT = "The client paid for the sketches of a lighthouse, and nobody asked for a receipt."


def rows(session: Session) -> tuple[int, int]:
    found = (session.scalar(sa.select(sa.func.count()).select_from(kind)) or 0 for kind in (Sketch, Gist))
    return next(found), next(found)


def test_every_comment_that_comes_in_is_sketched(cast: Cast, session: Session) -> None:
    comment = cast.comment(cast.letter(), "> What now?\n\nКлиенту — договор. https://example.org/a", name="Бopиc")
    sketch = session.get_one(Sketch, comment.id)
    assert (sketch.words, sketch.quotes, sketch.name_key) == ("клиент договор", "what now", "борис")


@pytest.mark.parametrize("how", ["declined", "pruned", "pending"])
def test_the_words_of_an_erased_text_go_with_it(cast: Cast, session: Session, how: str) -> None:
    make = cast.comment if how == "pending" else getattr(cast, how)
    make(cast.letter(), TEXT, email="b@example.org")
    assert rows(session) == (1, 4)
    if how == "pending":
        retention.erase_by(session, "b@example.org", now=NOON)
    else:
        retention.erase_expired(session, pruned_days=1, declined_days=1, now=NOON + timedelta(days=1))
    session.commit()
    assert rows(session) == (0, 0)


def test_what_came_in_past_the_rules_is_sketched_by_reindex(cast: Cast, session: Session) -> None:
    comments = [cast.comment(cast.letter(), TEXT), cast.published(cast.letter(), TEXT)]
    erased = cast.comment(cast.letter(), TEXT, email="b@example.org")
    before = [session.get_one(Sketch, comment.id).words for comment in comments]
    retention.erase_by(session, "b@example.org", now=NOON)
    session.execute(sa.delete(Sketch))
    session.commit()
    assert rows(session) == (0, 0)
    assert list(likeness.rebuild(session)) == ["sketch", "sketch"]
    assert list(likeness.rebuild(session)) == []
    session.expire_all()
    assert [session.get_one(Sketch, comment.id).words for comment in comments] == before
    assert rows(session)[1] == 8
    assert session.get(Sketch, erased.id) is None


def test_a_database_that_loses_a_comment_loses_its_words(cast: Cast, session: Session) -> None:
    cast.comment(cast.letter(), TEXT)
    session.execute(sa.delete(Comment))
    assert rows(session) == (0, 0)
