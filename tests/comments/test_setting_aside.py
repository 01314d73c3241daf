"""Addresses and phrases whose comments wait at the end of the queue, marked."""

import pytest
from sqlalchemy.orm import Session

from app.comments import setting_aside, submission, waiting
from app.comments.models import Comment
from app.comments.setting_aside import ADDRESS, NoAddress, NoWord, SetAsideAlready, look_through, rules, set_aside

from ..cast import Cast
from ..conftest import NOON


def order(cast: Cast) -> list[tuple[int, str]]:
    return [(c.comment.id, c.comment.set_aside) for c in waiting.line(cast.session, cast.mo, now=NOON, limit=20)]


@pytest.mark.parametrize(
    ("phrase", "name", "text", "found"),
    [
        ("casino", "Boris", "The best CASINOS in town", True),
        ("казино", "Борис", "Лучшие казино города", True),
        ("жёлтая стена", "Борис", "Желтые стены всем!", True),
        ("жёлтая стена", "Борис", "Стена, и жёлтая", False),
        ("best buy", "Best Buy", "A thought.", True),
        ("art", "Boris", "A part of the heart", False),
        ("bit.ly", "Boris", "see https://bit.ly/3xyz", True),
        ("100% off", "Boris", "now 100 % off", True),
    ],
)
def test_a_phrase_is_found_in_name_and_text_by_its_words_in_any_form(
    cast: Cast, session: Session, phrase: str, name: str, text: str, found: bool
) -> None:
    set_aside(session, "phrase", phrase, by=cast.mo, now=NOON)
    comment = submission.submit(session, cast.letter(), name=name, text=text, now=NOON)
    assert comment.set_aside == (phrase if found else "")
    assert comment.standing == "pending"


def test_the_end_of_the_name_and_the_beginning_of_the_text_make_no_phrase(cast: Cast, session: Session) -> None:
    set_aside(session, "phrase", "Vera said", by=cast.mo, now=NOON)
    assert submission.submit(session, cast.letter(), name="Vera", text="said no", now=NOON).set_aside == ""


def test_an_address_is_known_however_it_is_spelt_and_is_not_written_twice(cast: Cast, session: Session) -> None:
    set_aside(session, "address", "Spam@Example.org", by=cast.mo, now=NOON)
    letter = cast.letter()
    one = submission.submit(session, letter, name="B", text="A thought.", email="spam@example.ORG", now=NOON)
    other = submission.submit(session, letter, name="B", text="spam@example.org said so", now=NOON)
    assert (one.set_aside, other.set_aside) == (ADDRESS, "")


def test_what_is_set_aside_waits_at_the_end_whatever_the_order(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    set_aside(session, "phrase", "casino", by=cast.mo, now=NOON)
    aside, good = cast.comment(letter, "A casino.", days_ago=5), cast.comment(letter, days_ago=1)
    for by in waiting.ORDERS:
        cases = waiting.line(session, cast.mo, now=NOON, order=by, limit=5)
        assert [case.comment.id for case in cases] == [good.id, aside.id]


def test_what_waits_already_is_looked_through_and_let_in_again(
    cast: Cast, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setting_aside, "AT_ONCE", 2)
    letter = cast.letter()
    comments = [cast.comment(letter, text) for text in ("One.", "A casino.", "Two.", "Casinos!", "Three.")]
    decided = cast.published(letter, "A casino, and a good thought.")
    rule = set_aside(session, "phrase", "casino", by=cast.mo, now=NOON)

    def look() -> None:
        last: int | None = 0
        while last is not None:
            last = look_through(session, last)
        session.commit()
        session.expire_all()

    look()
    assert [session.get_one(Comment, c.id, populate_existing=True).set_aside for c in comments] == [
        "", "casino", "", "casino", "",
    ]  # fmt: skip
    assert session.get_one(Comment, decided.id, populate_existing=True).set_aside == ""
    setting_aside.let_in(session, rule)
    look()
    assert order(cast) == [(c.id, "") for c in comments]


def test_what_has_no_word_or_is_there_already_is_refused(cast: Cast, session: Session) -> None:
    with pytest.raises(NoWord):
        set_aside(session, "phrase", "!!! ???", by=cast.mo, now=NOON)
    set_aside(session, "phrase", "Casinos", by=cast.mo, now=NOON)
    with pytest.raises(SetAsideAlready):
        set_aside(session, "phrase", "casino", by=cast.mo, now=NOON)


@pytest.mark.parametrize("words", ["notanaddress", "boris@", "boris boris@example.org", "!!!"])
def test_what_is_no_mail_address_is_refused_as_one(words: str, cast: Cast, session: Session) -> None:
    with pytest.raises(NoAddress):
        set_aside(session, "address", words, by=cast.mo, now=NOON)
    assert rules(session) == []
