import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.questions import inbox, merging
from app.questions.merging import AnsweredAlready, IntoItself, MergedMeanwhile, merge
from app.questions.models import Merging, Question

from ..cast import Cast
from ..conftest import NOON


def asked(session: Session, text: str, name: str = "Vera") -> Question:
    question = inbox.send(session, name=name, text=text, now=NOON)
    session.commit()
    return question


def waiting(session: Session) -> list[Question]:
    return inbox.listed(session, "new")[0]


def test_a_duplicate_goes_with_the_other_and_can_be_taken_apart(cast: Cast, session: Session) -> None:
    one, other = asked(session, "One?"), asked(session, "The same?")
    merge(session, other, one, by=cast.wanda, now=NOON)
    assert waiting(session) == [one]
    assert inbox.standing_of(session, other) is None
    assert (merging.goes_with(session, other), merging.merged_into(session, one)) == (one, [other])
    assert inbox.found(session, "same")[0] == [other]
    merging.take_apart(session, other)
    assert waiting(session) == [other, one]


def test_what_went_with_a_duplicate_goes_on_with_it(cast: Cast, session: Session) -> None:
    one, two, three = (asked(session, text) for text in ("One?", "Two?", "Three?"))
    merge(session, three, two, by=cast.wanda, now=NOON)
    merge(session, two, one, by=cast.wanda, now=NOON)
    assert merging.merged_into(session, one) == [two, three]
    assert merging.merged_into(session, two) == []


def test_one_with_a_letter_goes_with_no_other_but_others_go_with_it(cast: Cast, session: Session) -> None:
    one, other = asked(session, "One?"), asked(session, "Two?")
    inbox.make_letter(session, one, language="en", by=cast.wanda, now=NOON)
    with pytest.raises(AnsweredAlready):
        merge(session, one, other, by=cast.wanda, now=NOON)
    merge(session, other, one, by=cast.wanda, now=NOON)
    assert (waiting(session), inbox.listed(session, "answered")[0]) == ([], [one])


def test_no_question_goes_with_itself_not_even_in_the_database(cast: Cast, session: Session) -> None:
    one = asked(session, "One?")
    with pytest.raises(IntoItself):
        merge(session, one, one, by=cast.wanda, now=NOON)
    into_itself = sa.insert(Merging).values(question_id=one.id, into_id=one.id, by_id=cast.wanda.id, made_at=NOON)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(into_itself)


def test_two_editors_who_merge_both_ways_do_not_lose_both(cast: Cast, session: Session) -> None:
    one, other, ada = asked(session, "One?"), asked(session, "Two?"), cast.ada
    with Session(session.get_bind(), expire_on_commit=False) as theirs:
        a, b = theirs.get_one(Question, one.id), theirs.get_one(Question, other.id)
        theirs.commit()
        merge(session, one, other, by=cast.wanda, now=NOON)
        session.commit()
        with pytest.raises(MergedMeanwhile):
            merge(theirs, b, a, by=ada, now=NOON)
    assert waiting(session) == [other]


def test_when_the_other_is_gone_a_duplicate_waits_again(cast: Cast, session: Session) -> None:
    one, other = asked(session, "One?"), asked(session, "Two?")
    merge(session, other, one, by=cast.wanda, now=NOON)
    session.execute(sa.delete(Question).where(Question.id == one.id))
    session.commit()
    assert waiting(session) == [other]


def test_questions_that_say_much_the_same_are_offered(cast: Cast, session: Session) -> None:
    one = asked(session, "Клиент просит третий вариант мебели бесплатно. Как отказать?")
    same = asked(session, "Клиенты просят ещё варианты мебели бесплатно! Как отказывать?", name="Пётр")
    asked(session, "What do I say about the price?")
    aside = asked(session, "Клиент просит пятый вариант мебели бесплатно. Как отказать?")
    inbox.set_aside(session, aside, by=cast.ada, now=NOON)
    assert merging.alike(session, one) == [same]
    merge(session, same, one, by=cast.ada, now=NOON)
    assert merging.alike(session, one) == []


def test_the_list_says_how_many_notes_a_question_has_and_how_many_ask_the_same(
    cast: Cast, session: Session, client: FlaskClient, at: object
) -> None:
    one, other, third = (inbox.send(session, name=name, text=f"What now, {name}?", now=NOON) for name in "ABC")
    for text in ("First.", "Second."):
        inbox.note(session, one, text, by=cast.ada, now=NOON)
    merging.merge(session, other, one, by=cast.ada, now=NOON)
    session.commit()
    assert inbox.noted(session, [one, third]) == {one.id: 2}
    assert merging.asked_by_more(session, [one, third]) == {one.id: 1}
    session.rollback()
    page = cast.signed_in(client, cast.wanda).get("/desk/questions").text
    assert page.count("2 notes · 1 more asks the same") == page.count(" note") == 1
