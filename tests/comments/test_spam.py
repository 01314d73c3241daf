"""Likely spam: learned from this desk's own decisions, said with its reasons, and off until there are enough."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.comments import moderation, retention, spam
from app.comments.beside import beside
from app.comments.models import Comment, SpamSign
from app.letters.models import Letter

from ..cast import Cast
from ..conftest import NOON

THOUGHTS = "sketch contract deadline silence budget studio meeting promise drawing invoice".split()


@pytest.fixture
def desk(cast: Cast, session: Session, monkeypatch: pytest.MonkeyPatch) -> Letter:
    """A desk that published ten thoughts, declined ten others and twenty invitations to a casino."""
    monkeypatch.setattr(spam, "ENOUGH", 40)
    monkeypatch.setattr(spam, "ENOUGH_OF_EACH", 10)
    letter = cast.letter()
    for n, thought in enumerate(THOUGHTS):
        cast.published(letter, f"My {thought} had an example of {THOUGHTS[n - 1]}.")
        cast.declined(letter, f"Every {thought} is worth one {THOUGHTS[n - 2]}.")
        for time in ("today", "tomorrow"):
            cast.declined(letter, f"Roulette and jackpots {time}, bonus {thought}: https://casino.example/{n}")
    return letter


def opinion(cast: Cast, comment: Comment) -> spam.Opinion:
    return beside(cast.session, [comment])[comment.id].spam


def test_what_the_desk_declines_again_and_again_looks_like_spam_and_it_says_why(cast: Cast, desk: Letter) -> None:
    assert spam.learn(cast.session) == 40
    found = opinion(cast, cast.comment(desk, "A jackpot for your studio, bonus: https://casino.example/new"))
    assert found.likely
    reasons = {(one.kind, one.what): (one.declined, one.decided) for one in found.reasons}
    assert reasons["link", "casino.example"] == (20, 20)
    assert reasons["word", "jackpot"] == (20, 20)


def test_an_honest_comment_does_not(cast: Cast, desk: Letter) -> None:
    spam.learn(cast.session)
    for text in ("A contract is a promise with a deadline, in my studio.", "Roulette was my grandfather’s example."):
        found = opinion(cast, cast.comment(desk, text))
        assert (found.is_on, found.likely, found.reasons) == (True, False, ())


def test_it_is_off_until_there_are_enough_decisions_of_each_kind(
    cast: Cast, desk: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "A jackpot for your studio, bonus: https://casino.example/new"
    comment = cast.comment(desk, text)
    assert not opinion(cast, comment).is_on  # it has not learned anything
    spam.learn(cast.session)
    assert opinion(cast, comment).is_on
    monkeypatch.setattr(spam, "ENOUGH", 41)
    found = opinion(cast, comment)
    assert (found.learned_from, found.is_on, found.likely, found.reasons) == (40, False, False, ())
    monkeypatch.setattr(spam, "ENOUGH", 40)
    monkeypatch.setattr(spam, "ENOUGH_OF_EACH", 11)
    assert not opinion(cast, comment).is_on


def test_it_is_off_until_two_hundred() -> None:
    assert spam.ENOUGH == 200


def test_it_learns_from_this_desk_alone(cast: Cast, session: Session) -> None:
    comment = cast.comment(cast.letter())
    moderation.decide(session, comment, "published", by=None, now=NOON)
    assert spam.learn(session) == 0


def test_rare_signs_are_not_kept_and_what_was_erased_is_forgotten(cast: Cast, desk: Letter, session: Session) -> None:
    for _ in range(3):
        cast.declined(cast.letter(), "Zweistein")
    cast.declined(desk, "Yggdrasil")
    spam.learn(session)
    assert session.get(SpamSign, "word:zweistein")
    assert session.get(SpamSign, "word:yggdrasil") is None
    retention.erase_expired(session, pruned_days=0, declined_days=0, now=NOON + timedelta(days=1))
    spam.learn(session)
    session.expire_all()
    assert session.get(SpamSign, "word:zweistein") is None
    assert session.scalars(sa.select(SpamSign.declined).where(SpamSign.sign == "")).all() == [0]


def test_learning_again_what_is_known_writes_nothing(cast: Cast, desk: Letter, session: Session) -> None:
    spam.learn(session)
    session.commit()
    said: list[str] = []
    sa.event.listen(session.get_bind(), "before_cursor_execute", lambda *args: said.append(args[2]))
    spam.learn(session)
    assert [one for one in said if not one.startswith("SELECT")] == []
