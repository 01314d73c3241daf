from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.letters.models import Letter
from app.questions import inbox, retention
from app.questions.inbox import AlreadyALetter, make_letter
from app.questions.models import Contact, Question

from ..cast import Cast
from ..conftest import NOON

TICK = timedelta(microseconds=1)
YEAR = timedelta(days=365)


def waiting(session: Session) -> list[Question]:
    return inbox.listed(session, "new")[0]


def ask(session: Session, text: str = "Ilya! What now?", *, email: str = "", name: str = "Vera") -> Question:
    question = inbox.send(session, name=name, text=text, email=email, now=NOON)
    session.commit()
    return question


def test_a_question_waits_with_its_html_made(session: Session) -> None:
    question = ask(session, "Ilya!\n\n> Change it.\n\n<b>What now?</b>")
    assert waiting(session) == [question]
    assert question.consented_at == NOON
    assert question.text_html == (
        "<p>Ilya!</p><blockquote><p>Change it.</p></blockquote><p>&lt;b&gt;What now?&lt;/b&gt;</p>"
    )


def test_the_same_question_sent_twice_is_one(session: Session) -> None:
    assert ask(session) is ask(session, "Ilya!  What now?\n")
    assert len(waiting(session)) == 1


def test_the_newest_question_comes_first(session: Session) -> None:
    first, second = ask(session, "One?"), ask(session, "Two?")
    assert waiting(session) == [second, first]


def test_a_letter_is_made_with_the_question_filled_in(cast: Cast, session: Session) -> None:
    rubric, question = cast.rubric(), ask(session)
    letter = make_letter(session, question, language="ru", by=cast.wanda, now=NOON)
    assert (letter.asker, letter.question_source, letter.language) == ("Vera", "Ilya! What now?", "ru")
    assert (letter.rubric_id, letter.written_by_id, letter.ready) == (rubric.id, cast.wanda.id, False)
    assert inbox.letter_of(session, question) == letter


def test_what_became_a_letter_waits_no_more(cast: Cast, session: Session) -> None:
    make_letter(session, ask(session), language="en", by=cast.wanda, now=NOON)
    assert waiting(session) == []
    assert inbox.numbers(session) == {"new": 0, "shortlisted": 0, "answered": 1, "aside": 0}


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


def test_shortlisted_set_aside_and_back(cast: Cast, session: Session) -> None:
    question = ask(session)
    assert standings(session, question) == ("new",)
    for _ in range(2):
        inbox.shortlist(session, question, by=cast.wanda, now=NOON)
        assert standings(session, question) == ("shortlisted",)
    inbox.set_aside(session, question, by=cast.ada, now=NOON)
    assert standings(session, question) == ("aside",)
    inbox.shortlist(session, question, by=cast.wanda, now=NOON)
    assert standings(session, question) == ("shortlisted",)
    inbox.back_to_new(session, question)
    assert standings(session, question) == ("new",)
    assert question.set_aside_by_id is None
    make_letter(session, question, language="en", by=cast.wanda, now=NOON)
    inbox.set_aside(session, question, by=cast.ada, now=NOON)
    assert standings(session, question) == ("answered",)


def standings(session: Session, question: Question) -> tuple[str, ...]:
    """In which lists a question is; it says the same of itself."""
    found = tuple(one for one in inbox.STANDINGS if question in inbox.listed(session, one)[0])
    assert inbox.numbers(session) == {one: int(one in found) for one in inbox.STANDINGS}
    assert (inbox.standing_of(session, question),) == found
    return found


def test_questions_are_found_by_any_form_of_their_words_however_they_stand(cast: Cast, session: Session) -> None:
    one = ask(session, "Клиенты не платят. Что делать?")
    other = ask(session, "Клиенту не нравится синий.", name="Пётр")
    inbox.set_aside(session, other, by=cast.ada, now=NOON)
    assert inbox.found(session, "клиентом") == ([other, one], False)
    assert inbox.found(session, "петру клиента") == ([other], False)
    assert inbox.found(session, "клиент зелёный") == ([], False)
    assert inbox.found(session, "100% _") == ([], False)


def test_a_long_list_comes_in_pages(session: Session) -> None:
    for number in range(inbox.PER_PAGE + 1):
        inbox.send(session, name="Vera", text=f"Question {number}?", now=NOON)
    first, more = inbox.listed(session, "new")
    last, end = inbox.listed(session, "new", page=2)
    assert (len(first), more, len(last), end) == (inbox.PER_PAGE, True, 1, False)


def test_a_note_is_read_in_its_order_and_goes_with_its_question(cast: Cast, session: Session) -> None:
    question = ask(session)
    for text in ("Whose client?", "Mine."):
        inbox.note(session, question, text, by=cast.wanda, now=NOON)
    assert [(note.by.name, note.text) for note in inbox.notes(session, question)] == [
        ("Wanda", "Whose client?"), ("Wanda", "Mine."),
    ]  # fmt: skip
    session.commit()
    assert retention.erase_expired(session, days=365, now=NOON + YEAR) == 1


def test_an_address_is_kept_apart_from_the_question(session: Session) -> None:
    question = ask(session, email="vera@example.org")
    assert "email" not in Question.__table__.c
    assert session.get_one(Contact, question.id).email == "vera@example.org"
    assert ask(session, email="other@example.org") == question
    assert session.get_one(Contact, question.id).email == "vera@example.org"
    without = ask(session, "And now?")
    assert session.get(Contact, without.id) is None
    assert ask(session, "And now?", email="vera@example.org") == without
    assert session.get_one(Contact, without.id).email == "vera@example.org"


def test_a_question_that_became_no_letter_is_deleted_after_its_time_and_not_before(session: Session) -> None:
    ask(session)
    assert retention.erase_expired(session, days=365, now=NOON + YEAR - TICK) == 0
    assert retention.erase_expired(session, days=365, now=NOON + YEAR) == 1
    assert session.scalars(sa.select(Question)).all() == []


def test_one_that_became_a_letter_stays_and_loses_its_address(cast: Cast, session: Session) -> None:
    question = ask(session, email="vera@example.org")
    letter = make_letter(session, question, language="en", by=cast.wanda, now=NOON)
    assert retention.erase_expired(session, days=365, now=NOON + YEAR) == 0
    session.commit()
    session.expire_all()
    assert (session.get(Contact, question.id), letter.question_id) == (None, question.id)


def test_a_person_is_erased_whichever_way_the_address_is_spelt(cast: Cast, session: Session) -> None:
    ask(session, "One?", email="Vera@Example.org")
    answered = ask(session, "Two?", email="vera@example.org")
    other = ask(session, "Three?", email="boris@example.org", name="Boris")
    letter = make_letter(session, answered, language="en", by=cast.wanda, now=NOON)
    assert retention.erase_by(session, " VERA@example.org") == 2
    session.commit()
    assert session.scalars(sa.select(Contact.question_id)).all() == [other.id]
    assert session.scalars(sa.select(Question.id).order_by(Question.id)).all() == [answered.id, other.id]
    assert (answered.name, answered.text_source, answered.text_html, answered.words) == ("", "", "", "")
    assert letter.question_source == "Two?"


def test_a_person_who_sent_no_address_is_not_found_by_an_empty_one(session: Session) -> None:
    ask(session)
    assert retention.erase_by(session, "") == 0
    assert len(waiting(session)) == 1
