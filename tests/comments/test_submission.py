import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.comments import moderation
from app.comments.models import Comment
from app.comments.submission import CommentsClosed, new_public_id, submit
from app.text.likeness import fingerprint

from ..cast import Cast
from ..conftest import NOON


def number(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Comment)) or 0


def test_a_comment_is_kept_as_it_was_sent_with_its_html_beside_it(cast: Cast, session: Session) -> None:
    comment = submit(session, cast.letter(), name="Boris", text="> Why?\n\nBecause.", email="b@example.org", now=NOON)
    assert (comment.name, comment.text_source, comment.submitted_at) == ("Boris", "> Why?\n\nBecause.", NOON)
    assert comment.text_html == "<blockquote><p>Why?</p></blockquote><p>Because.</p>"


def test_the_same_comment_sent_twice_is_one(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    first = submit(session, letter, name="Boris", text="A thought.", now=NOON)
    second = submit(session, letter, name=" Boris", text="A  thought.\n", now=NOON)
    assert first is second
    assert number(session) == 1


def test_sent_twice_from_two_sessions_it_is_one(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    with Session(session.get_bind(), expire_on_commit=False) as other:
        other.merge(letter, load=False)
        first = submit(session, letter, name="Boris", text="A thought.", now=NOON)
        session.commit()
        assert submit(other, letter, name="Boris", text="A thought.", now=NOON).id == first.id


def test_the_same_words_of_another_reader_or_under_another_letter_are_another_comment(
    cast: Cast, session: Session
) -> None:
    letter, other = cast.letter(), cast.letter()
    for where, name in ((letter, "Boris"), (letter, "Vera"), (other, "Boris")):
        submit(session, where, name=name, text="Thanks!", now=NOON)
    assert number(session) == 3


@pytest.mark.parametrize("fate", ["declined", "pruned", "published"])
def test_sent_once_more_after_its_decision_it_stays_decided(cast: Cast, session: Session, fate: str) -> None:
    letter = cast.letter()
    comment = getattr(cast, fate)(letter, "A thought.")
    assert submit(session, letter, name="Boris", text="A thought.", now=NOON) is comment
    assert moderation.pending_number(session) == 0


def test_a_letter_that_is_closed_takes_no_comment(cast: Cast, session: Session) -> None:
    with pytest.raises(CommentsClosed):
        submit(session, cast.letter(takes_comments=False), name="Boris", text="A thought.", now=NOON)
    assert number(session) == 0


def test_a_public_name_tells_nothing_of_order_or_number() -> None:
    names = [new_public_id() for _ in range(1000)]
    assert len(set(names)) == 1000
    assert names != sorted(names)
    assert {len(name) for name in names} == {15}


def test_name_and_text_are_told_apart_in_the_fingerprint() -> None:
    assert fingerprint("Boris", "Vera said no") != fingerprint("Boris Vera", "said no")
