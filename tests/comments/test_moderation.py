from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.comments import moderation, retention, waiting
from app.comments.models import Comment, Decision
from app.comments.moderation import AlreadyDecided, NotWhatYouSaw, decide

from ..cast import Cast
from ..conftest import NOON, Stage

PAGE = 4096 + 24
"""Bytes of a page in SQLite's log, with its head (https://sqlite.org/fileformat2.html#walformat)."""
MOST_PAGES = 16
"""Each is written and waited for: another index of a table that a decision touches costs every decision one more."""


def test_a_new_comment_is_pending(cast: Cast) -> None:
    comment = cast.comment(cast.letter())
    assert comment.standing == "pending"
    assert [case.comment.id for case in waiting.line(cast.session, cast.mo, now=NOON, limit=10)] == [comment.id]


def test_a_published_comment_leaves_the_queue(cast: Cast, session: Session) -> None:
    comment = cast.comment(cast.letter())
    decision = decide(session, comment, "published", by=cast.mo, now=NOON)
    session.commit()
    assert comment.standing == "published"
    assert (decision.by_id, decision.decided_at) == (cast.mo.id, NOON)
    assert waiting.line(session, cast.mo, now=NOON, limit=10) == []


def test_a_decision_changes_few_pages_of_sqlite(cast: Cast, session: Session, stage: Stage) -> None:
    if not stage.sqlite:
        pytest.skip("PostgreSQL writes rows to its log, and not pages")
    letter = cast.letter()
    cast.published(letter)  # the rows of the day's and the letter's sums are there
    comment, log = cast.comment(letter), stage.folder / "column.sqlite-wal"
    before = log.stat().st_size
    decide(session, comment, "published", by=cast.mo, now=NOON - timedelta(days=1))
    session.commit()
    assert 0 < (log.stat().st_size - before) / PAGE <= MOST_PAGES


def test_a_second_decision_is_refused_and_shows_the_first(cast: Cast, session: Session) -> None:
    comment = cast.comment(cast.letter())
    first = decide(session, comment, "declined", by=cast.mo, now=NOON)
    session.commit()
    with pytest.raises(AlreadyDecided) as refusal:
        decide(session, comment, "published", by=cast.ada, now=NOON + timedelta(minutes=1))
    assert refusal.value.decision.verdict == first.verdict == "declined"
    assert refusal.value.decision.by_id == cast.mo.id
    session.commit()
    assert session.get_one(Comment, comment.id, populate_existing=True).standing == "declined"


def test_a_decision_on_what_was_not_shown_is_refused(cast: Cast, session: Session) -> None:
    comment = cast.comment(cast.letter())
    with pytest.raises(NotWhatYouSaw):
        decide(session, comment, "published", by=cast.mo, now=NOON, seen="0" * 64)
    assert comment.standing == "pending"


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE decisions SET verdict = 'published'",
        "UPDATE decisions SET by_id = NULL",
        "DELETE FROM decisions",
        "UPDATE comments SET standing = 'published'",
        "UPDATE comments SET standing = 'pending'",
        "UPDATE comments SET text_html = '<p>Something else.</p>'",
        "UPDATE comments SET name = 'Somebody else'",
        "DELETE FROM comments",
        "INSERT INTO decisions (comment_id, verdict, decided_at, seen) "
        "SELECT id, 'published', submitted_at, '' FROM comments",
        "INSERT OR REPLACE INTO decisions (comment_id, verdict, decided_at, seen) "
        "SELECT id, 'published', submitted_at, '' FROM comments",
        "INSERT INTO decisions (comment_id, verdict, decided_at, seen) SELECT id, 'published', submitted_at, '' "
        "FROM comments ON CONFLICT (comment_id) DO UPDATE SET verdict = 'published'",
        "TRUNCATE decisions CASCADE",
    ],
)
def test_the_database_refuses_to_change_a_decision(cast: Cast, session: Session, attack: str) -> None:
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    if attack.startswith("TRUNCATE" if on_sqlite else "INSERT OR REPLACE"):
        pytest.skip("this database has no such statement")
    comment = cast.declined(cast.letter(), "Thanks!")
    with pytest.raises(IntegrityError):
        session.execute(
            sa.text(
                attack.replace("SELECT id,", "SELECT id,").replace("FROM comments ON", "FROM comments WHERE true ON")
            )
        )
    session.rollback()
    assert session.scalars(sa.select(Decision.verdict)).all() == ["declined"]
    kept = session.get_one(Comment, comment.id, populate_existing=True)
    assert (kept.standing, kept.text_html) == ("declined", "<p>Thanks!</p>")


def test_of_two_sessions_that_both_loaded_the_comment_one_decides(cast: Cast, session: Session) -> None:
    comment = cast.comment(cast.letter())
    mo, ada = cast.mo, cast.ada
    with Session(session.get_bind(), expire_on_commit=False) as other:
        theirs = other.get_one(Comment, comment.id)
        other.commit()  # their read is over; what they loaded is what they act on
        decide(session, comment, "published", by=mo, now=NOON)
        session.commit()
        with pytest.raises(AlreadyDecided) as refusal:
            decide(other, theirs, "declined", by=ada, now=NOON)
        assert refusal.value.decision.by_id == mo.id


def test_who_decides_on_what_was_erased_after_its_decision_is_told_of_the_decision(
    cast: Cast, session: Session
) -> None:
    comment = cast.declined(cast.letter())
    seen = moderation.seen_of(comment)
    retention.erase_expired(session, pruned_days=0, declined_days=0, now=NOON)
    session.commit()
    with pytest.raises(AlreadyDecided):
        decide(session, comment, "declined", by=cast.mo, now=NOON, seen=seen)
