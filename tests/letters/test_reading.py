from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from app.letters import reading
from app.letters.models import Adviser, Topic

from ..cast import Cast
from ..conftest import NOON


def topic(cast: Cast, name: str) -> Topic:
    found = Topic(slug=name.lower(), name=name)
    cast.session.add(found)
    cast.session.commit()
    return found


def test_the_newest_come_first_and_the_coming_not_at_all(cast: Cast, session: Session) -> None:
    older, newer = cast.letter(days_ago=9), cast.letter(days_ago=2)
    cast.letter(days_ago=-1)
    cast.draft()
    assert reading.newest(session, NOON) == [newer, older]
    assert reading.newest(session, NOON, limit=1) == [newer]


def test_a_letter_is_found_by_its_name_only_when_it_is_out(cast: Cast, session: Session) -> None:
    letter = cast.letter(days_ago=-1)
    assert reading.by_name(session, "2026-11-24", NOON) is None
    assert reading.by_name(session, "2026-11-24", NOON + timedelta(days=1)) == letter
    assert reading.by_name(session, "2026-11-2", NOON + timedelta(days=1)) is None


def test_years_count_the_letters_that_are_out(cast: Cast, session: Session) -> None:
    for days_ago in (3, 4, 400, -1, -60):
        cast.letter(days_ago=days_ago)
    assert reading.years(session, NOON) == [(2026, 2), (2025, 1)]
    assert reading.years(session, NOON + timedelta(days=90)) == [(2027, 1), (2026, 3), (2025, 1)]


def test_a_years_letters_are_those_named_so(cast: Cast, session: Session) -> None:
    one, _, other = cast.letter(days_ago=3), cast.letter(days_ago=400), cast.letter(days_ago=30)
    assert reading.in_year(session, 2026, NOON) == [one, other]
    assert reading.in_year(session, 2024, NOON) == []


def test_topics_count_only_letters_that_are_out(cast: Cast, session: Session) -> None:
    law, money = topic(cast, "Law"), topic(cast, "Money")
    topic(cast, "Nothing")
    cast.letter(topic_ids=[law.id])
    cast.letter(topic_ids=[law.id, money.id])
    cast.letter(days_ago=-1, topic_ids=[money.id])
    cast.draft(topic_ids=[money.id])
    assert reading.topics(session, NOON) == [(law, 2), (money, 1)]


def test_a_topic_that_only_a_coming_letter_has_is_not_named(cast: Cast, session: Session) -> None:
    cast.letter(days_ago=-1, topic_ids=[topic(cast, "Secret").id])
    assert reading.topics(session, NOON) == []


def test_letters_of_a_topic_and_of_a_rubric_come_newest_first(cast: Cast, session: Session) -> None:
    law, rubric = topic(cast, "Law"), cast.rubric()
    more = {"topic_ids": [law.id], "rubric_id": rubric.id}
    older, newer = cast.letter(days_ago=8, **more), cast.letter(days_ago=1, **more)
    cast.letter(days_ago=-6, **more)
    cast.letter(days_ago=3)
    for letters in (reading.on_topic(law, NOON), reading.in_rubric(rubric, NOON)):
        assert reading.paged(session, letters, 1) == ([newer, older], False)


def test_a_long_list_comes_in_pages(cast: Cast, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    rubric = cast.rubric()
    letters = [cast.letter(days_ago=days, rubric_id=rubric.id) for days in (1, 2, 3, 4, 5)]
    monkeypatch.setattr(reading, "PER_PAGE", 2)
    pages = [reading.paged(session, reading.in_rubric(rubric, NOON), page) for page in (1, 2, 3, 4)]
    assert pages == [(letters[:2], True), (letters[2:4], True), (letters[4:], False), ([], False)]


def test_an_advisers_letters_and_number_are_of_those_that_are_out(cast: Cast, session: Session) -> None:
    ilya, vera = (Adviser(slug=name.lower(), name=name) for name in ("Ilya", "Vera"))
    session.add_all([ilya, vera])
    session.commit()
    letter = cast.letter(adviser_id=ilya.id)
    cast.letter(days_ago=-1, adviser_id=ilya.id)
    cast.letter(days_ago=-1, adviser_id=vera.id)
    assert reading.paged(session, reading.by_adviser(ilya, NOON), 1) == ([letter], False)
    assert reading.advisers(session, NOON) == [(ilya, 1)]


def test_neighbours_are_the_letters_just_before_and_after(cast: Cast, session: Session) -> None:
    first, second, third = (cast.letter(days_ago=days) for days in (9, 5, 2))
    cast.letter(days_ago=-1)
    assert reading.neighbours(session, first, NOON) == (None, second)
    assert reading.neighbours(session, second, NOON) == (first, third)
    assert reading.neighbours(session, third, NOON) == (second, None)


def test_letters_of_the_same_moment_are_still_one_chain(cast: Cast, session: Session) -> None:
    chain = [cast.letter(days_ago=2) for _ in range(3)]
    assert reading.neighbours(session, chain[1], NOON) == (chain[0], chain[2])
    assert reading.neighbours(session, chain[0], NOON) == (None, chain[1])


def test_related_are_the_editors_own_then_those_most_like_it(cast: Cast, session: Session) -> None:
    chosen = cast.letter("Ants", days_ago=300, question="", answer="Nothing of the kind.")
    much = cast.letter("Bees", days_ago=99, question="", answer="A prepayment calms a nervous contractor.")
    little = cast.letter("Cats", days_ago=1, question="", answer="The contractor is late.")
    cast.letter("Dogs", days_ago=-1, question="", answer="A nervous contractor asks for a prepayment.")
    cast.letter("Eels", days_ago=2, question="", answer="Boil the water first.")
    letter = cast.letter(
        question="", answer="Why does the nervous contractor want a prepayment?", related_ids=[chosen.id]
    )
    assert reading.related(session, letter, NOON) == [chosen, much, little]
    assert reading.related(session, letter, NOON, limit=2) == [chosen, much]


def test_a_related_letter_that_is_not_out_yet_is_not_named(cast: Cast, session: Session) -> None:
    coming = cast.letter(days_ago=-1)
    letter = cast.letter(related_ids=[coming.id])
    assert reading.related(session, letter, NOON) == []
    assert reading.related(session, letter, NOON + timedelta(days=1)) == [coming]


def test_a_letter_chosen_and_alike_is_named_once(cast: Cast, session: Session) -> None:
    other = cast.letter(answer="A prepayment.")
    letter = cast.letter(answer="No prepayment.", related_ids=[other.id])
    assert reading.related(session, letter, NOON) == [other]


def test_the_printed_day_is_the_wall_time_of_the_slot(cast: Cast) -> None:
    assert reading.local_day(cast.letter(days_ago=3)) == datetime(2026, 11, 20, 12, 0)
