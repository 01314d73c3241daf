from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.comments import moderation, retention, submission
from app.comments.models import Comment, Decision, Pruning

from ..cast import Cast
from ..conftest import NOON

TICK = timedelta(microseconds=1)
MONTH, QUARTER = timedelta(days=30), timedelta(days=90)


def expire(session: Session, now) -> int:  # type: ignore[no-untyped-def]
    return retention.erase_expired(session, pruned_days=30, declined_days=90, now=now)


def test_a_pruned_text_leaves_the_database_after_its_time_and_not_before(cast: Cast, session: Session) -> None:
    comment = cast.pruned(cast.letter(), "Secret.", email="b@example.org")
    assert expire(session, NOON + MONTH - TICK) == 0
    assert comment.text_source == "Secret."
    assert expire(session, NOON + MONTH) == 1
    session.commit()
    row = session.execute(sa.text("SELECT * FROM comments")).mappings().one()
    assert [row[name] for name in ("name", "email", "text_source", "text_html")] == [""] * 4
    assert "Secret" not in str(row)


def test_a_declined_text_leaves_the_database_after_its_time_and_not_before(cast: Cast, session: Session) -> None:
    comment = cast.declined(cast.letter())
    assert expire(session, NOON + QUARTER - TICK) == 0
    assert expire(session, NOON + QUARTER) == 1
    assert comment.erased_at == NOON + QUARTER


def test_what_is_erased_is_erased_once(cast: Cast, session: Session) -> None:
    cast.declined(cast.letter())
    assert [expire(session, NOON + QUARTER) for _ in range(2)] == [1, 0]


def test_pending_and_published_comments_have_no_such_end(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    cast.comment(letter), cast.published(letter)
    assert expire(session, NOON + 100 * QUARTER) == 0


def test_decision_and_pruning_stay_when_the_text_is_gone(cast: Cast, session: Session) -> None:
    cast.pruned(cast.letter())
    expire(session, NOON + MONTH)
    session.commit()
    assert session.scalars(sa.select(Decision.verdict)).all() == ["published"]
    assert session.scalars(sa.select(Pruning.by_id)).all() == [cast.mo.id]


def test_the_address_is_dropped_a_day_after_the_decision(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    decided, waits = cast.declined(letter, email="b@example.org"), cast.comment(letter, email="b@example.org")
    day = timedelta(days=1)
    assert retention.forget_decided_addresses(session, now=NOON + day - TICK) == 0
    assert retention.forget_decided_addresses(session, now=NOON + day) == 1
    session.expire_all()
    assert (decided.email, waits.email) == ("", "b@example.org")


def test_a_person_is_erased_wherever_the_address_stands(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    cast.comment(letter, email="Boris@Example.org")
    kept = [cast.published(letter, email="boris@example.org"), cast.declined(letter, email=" boris@example.org")]
    others = cast.comment(letter, email="vera@example.org")
    assert retention.erase_by(session, "BORIS@example.org", now=NOON) == 3
    session.commit()
    assert {c.text_source for c in kept} == {""}
    assert session.scalars(sa.select(Comment).where(Comment.text_source != "")).all() == [others]


def test_what_nobody_decided_on_leaves_no_row(cast: Cast, session: Session) -> None:
    cast.comment(cast.letter(), email="b@example.org")
    retention.erase_by(session, "b@example.org", now=NOON)
    session.commit()
    assert session.scalars(sa.select(Comment)).all() == []


def test_a_comment_decided_while_its_person_is_erased_keeps_its_row(cast: Cast, session: Session) -> None:
    comment, mo = cast.comment(cast.letter(), email="b@example.org"), cast.mo
    with Session(session.get_bind(), expire_on_commit=False) as other:
        theirs = other.get_one(Comment, comment.id)
        other.commit()  # they hold it as a pending one
        moderation.decide(session, comment, "published", by=mo, now=NOON)
        session.commit()
        assert retention.erase_by(other, "b@example.org", now=NOON) == 1
        other.commit()
        assert (theirs.standing, theirs.text_source) == ("published", "")


def test_erased_words_may_be_sent_again_and_are_a_new_comment(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    comment = cast.declined(letter, "A thought.")
    expire(session, NOON + QUARTER)
    again = submission.submit(session, letter, name="Boris", text="A thought.", now=NOON + QUARTER)
    assert again.id != comment.id


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE comments SET erased_at = submitted_at, name = '', email = '', text_source = '', text_html = 'X'",
        "UPDATE comments SET text_source = '', text_html = '', name = '', email = ''",
        "UPDATE comments SET public_id = 'c1'",
        "UPDATE comments SET submitted_at = NULL",
    ],
)
def test_the_database_refuses_half_an_erasure(cast: Cast, session: Session, attack: str) -> None:
    cast.published(cast.letter())
    with pytest.raises(sa.exc.IntegrityError):
        session.execute(sa.text(attack))
