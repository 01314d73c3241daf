import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.comments import pruning, retention
from app.comments.models import Comment, Pruning
from app.comments.pruning import AlreadyPruned, NotPublished, prune

from ..cast import Cast
from ..conftest import NOON


def test_a_pruned_comment_keeps_who_and_when(cast: Cast, session: Session) -> None:
    comment = cast.published(cast.letter())
    pruned = prune(session, comment, by=cast.mo, now=NOON)
    assert comment.standing == "pruned"
    assert (pruned.by_id, pruned.pruned_at) == (cast.mo.id, NOON)


@pytest.mark.parametrize("other", ["comment", "declined"])
def test_only_a_published_comment_is_pruned(cast: Cast, session: Session, other: str) -> None:
    comment = getattr(cast, other)(cast.letter())
    before = comment.standing
    with pytest.raises(NotPublished):
        prune(session, comment, by=cast.mo, now=NOON)
    assert comment.standing == before


def test_a_second_pruning_is_refused_and_the_first_stands(cast: Cast, session: Session) -> None:
    comment = cast.pruned(cast.letter())
    with pytest.raises(AlreadyPruned):
        prune(session, comment, by=cast.ada, now=NOON)
    session.commit()
    assert session.scalars(sa.select(Pruning.by_id)).all() == [cast.mo.id]


def test_of_two_sessions_that_both_loaded_the_comment_one_prunes(cast: Cast, session: Session) -> None:
    comment, ada = cast.published(cast.letter()), cast.ada
    with Session(session.get_bind(), expire_on_commit=False) as other:
        theirs = other.get_one(Comment, comment.id)
        other.commit()  # their read is over; what they loaded is what they act on
        prune(session, comment, by=cast.mo, now=NOON)
        session.commit()
        with pytest.raises(AlreadyPruned):
            prune(other, theirs, by=ada, now=NOON)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE prunings SET by_id = (SELECT max(id) FROM people)",
        "DELETE FROM prunings",
        "UPDATE comments SET standing = 'published'",
        "INSERT INTO prunings (comment_id, verdict, by_id, pruned_at) "
        "SELECT comment_id, verdict, by_id, pruned_at FROM prunings",
    ],
)
def test_the_database_refuses_to_take_a_pruning_back(cast: Cast, session: Session, attack: str) -> None:
    cast.pruned(cast.letter())
    with pytest.raises(IntegrityError):
        session.execute(sa.text(attack))
    session.rollback()
    assert session.scalars(sa.select(Comment.standing)).all() == ["pruned"]


@pytest.mark.parametrize("verdict", ["published", "declined"])
def test_the_database_refuses_to_prune_a_declined_comment(cast: Cast, session: Session, verdict: str) -> None:
    comment = cast.declined(cast.letter())
    statement = sa.text("INSERT INTO prunings (comment_id, verdict, by_id, pruned_at) VALUES (:c, :v, :b, :p)")
    with pytest.raises(IntegrityError):
        session.execute(statement, {"c": comment.id, "v": verdict, "b": cast.mo.id, "p": "2026-11-23 12:00:00+00:00"})


def test_the_shears_go_through_what_readers_see(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    late, early = cast.published(letter, days_ago=1), cast.published(letter, days_ago=2)
    cast.comment(letter), cast.declined(letter), cast.pruned(letter)
    cast.published(letter, email="boris@example.org")
    retention.erase_by(session, "boris@example.org", now=NOON)
    assert pruning.candidates(session, letter.id) == [early, late]
    assert pruning.letters(session, limit=9) == [(letter, 2)]


def test_letters_with_the_most_comments_come_first(cast: Cast, session: Session) -> None:
    few, many = cast.letter(), cast.letter()
    cast.letter()
    cast.published(few), cast.published(many), cast.published(many)
    assert pruning.letters(session, limit=9) == [(many, 2), (few, 1)]
    assert pruning.letters(session, limit=1) == [(many, 2)]
