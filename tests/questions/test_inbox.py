from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.letters.models import Letter
from app.questions import inbox
from app.questions.inbox import AlreadyALetter, make_letter
from app.questions.models import Question

from ..cast import Cast
from ..conftest import NOON

TICK = timedelta(microseconds=1)
YEAR = timedelta(days=365)


def ask(session: Session, text: str = "Ilya! What now?", *, email: str = "", name: str = "Vera") -> Question:
    question = inbox.send(session, name=name, text=text, email=email, now=NOON)
    session.commit()
    return question


def test_a_question_waits_with_its_html_made(session: Session) -> None:
    question = ask(session, "Ilya!\n\n> Change it.\n\n<b>What now?</b>")
    assert inbox.waiting(session) == [question]
    assert inbox.waiting_number(session) == 1
    assert question.text_html == (
        "<p>Ilya!</p><blockquote><p>Change it.</p></blockquote><p>&lt;b&gt;What now?&lt;/b&gt;</p>"
    )


def test_the_same_question_sent_twice_is_one(session: Session) -> None:
    assert ask(session) is ask(session, "Ilya!  What now?\n")
    assert inbox.waiting_number(session) == 1


def test_the_newest_question_comes_first(session: Session) -> None:
    first, second = ask(session, "One?"), ask(session, "Two?")
    assert inbox.waiting(session) == [second, first]


def test_a_letter_is_made_with_the_question_filled_in(cast: Cast, session: Session) -> None:
    rubric, question = cast.rubric(), ask(session)
    letter = make_letter(session, question, language="ru", by=cast.wanda, now=NOON)
    assert (letter.asker, letter.question_source, letter.language) == ("Vera", "Ilya! What now?", "ru")
    assert (letter.rubric_id, letter.written_by_id, letter.ready) == (rubric.id, cast.wanda.id, False)
    assert inbox.letter_of(session, question) == letter


def test_what_became_a_letter_waits_no_more(cast: Cast, session: Session) -> None:
    make_letter(session, ask(session), language="en", by=cast.wanda, now=NOON)
    assert inbox.waiting(session) == []
    assert inbox.waiting_number(session) == 0


def test_a_question_becomes_one_letter_at_most(cast: Cast, session: Session) -> None:
    question = ask(session)
    make_letter(session, question, language="en", by=cast.wanda, now=NOON)
    with pytest.raises(AlreadyALetter):
        make_letter(session, question, language="en", by=cast.ada, now=NOON)
    session.commit()
    assert session.scalar(sa.select(sa.func.count()).select_from(Letter)) == 1


def test_of_two_sessions_that_both_loaded_the_question_one_makes_the_letter(cast: Cast, session: Session) -> None:
    question, ada = ask(session), cast.ada
    with Session(session.get_bind(), expire_on_commit=False) as other:
        theirs = other.get_one(Question, question.id)
        other.commit()
        make_letter(session, question, language="en", by=cast.wanda, now=NOON)
        session.commit()
        with pytest.raises(AlreadyALetter):
            make_letter(other, theirs, language="en", by=ada, now=NOON)


def test_set_aside_and_taken_back(cast: Cast, session: Session) -> None:
    question = ask(session)
    inbox.set_aside(session, question, by=cast.ada, now=NOON)
    assert (inbox.waiting(session), inbox.set_aside_ones(session)) == ([], [question])
    inbox.take_back(session, question)
    assert (inbox.waiting(session), inbox.set_aside_ones(session)) == ([question], [])
    assert question.set_aside_by_id is None


def test_a_question_that_became_no_letter_is_deleted_after_its_time_and_not_before(session: Session) -> None:
    ask(session)
    assert inbox.erase_expired(session, days=365, now=NOON + YEAR - TICK) == 0
    assert inbox.erase_expired(session, days=365, now=NOON + YEAR) == 1
    assert session.scalars(sa.select(Question)).all() == []


def test_one_that_became_a_letter_stays_and_loses_its_address(cast: Cast, session: Session) -> None:
    question = ask(session, email="vera@example.org")
    letter = make_letter(session, question, language="en", by=cast.wanda, now=NOON)
    assert inbox.erase_expired(session, days=365, now=NOON + YEAR) == 0
    session.commit()
    session.expire_all()
    assert (question.email, letter.question_id) == ("", question.id)


def test_a_person_is_erased_whichever_way_the_address_is_spelt(cast: Cast, session: Session) -> None:
    ask(session, "One?", email="Vera@Example.org")
    answered = ask(session, "Two?", email="vera@example.org")
    other = ask(session, "Three?", email="boris@example.org", name="Boris")
    letter = make_letter(session, answered, language="en", by=cast.wanda, now=NOON)
    assert inbox.erase_by(session, " VERA@example.org") == 2
    session.commit()
    assert session.scalars(sa.select(Question.email).order_by(Question.id)).all() == ["", other.email]
    assert (answered.name, answered.text_source, answered.text_html) == ("", "", "")
    assert letter.question_source == "Two?"


def test_a_person_who_sent_no_address_is_not_found_by_an_empty_one(session: Session) -> None:
    ask(session)
    assert inbox.erase_by(session, "") == 0
    assert inbox.waiting_number(session) == 1
