from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.letters import drafting, reading
from app.letters.drafting import ChangedMeanwhile, Draft, save
from app.letters.models import Letter, Topic
from app.text import letter as letter_text

from ..cast import Cast
from ..conftest import NOON

LATER = NOON + timedelta(hours=1)


def draft(**more: Any) -> Draft:
    values: dict[str, Any] = {"title": "Title", "asker": "Vera", "language": "en", "question": "Ilya!", "answer": "No."}
    return Draft(**(values | more))


def topic(cast: Cast, name: str) -> Topic:
    found = Topic(slug=name.lower(), name=name)
    cast.session.add(found)
    cast.session.commit()
    return found


@pytest.mark.parametrize("part", drafting.PARTS)
def test_every_part_becomes_html_when_it_is_saved(cast: Cast, session: Session, part: str) -> None:
    letter = cast.draft()
    save(session, letter, draft(**{part: "*Why?*"}), version=letter.version, now=LATER)
    assert getattr(letter, f"{part}_source") == "*Why?*"
    assert getattr(letter, f"{part}_html") == "<p><em>Why?</em></p>\n"


def test_the_html_is_made_once_and_never_on_reading(
    cast: Cast, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = cast.letter()
    kept = letter.answer_html
    monkeypatch.setattr(letter_text, "render", lambda *_: pytest.fail("rendered on reading"))
    session.expire_all()
    found = reading.by_name(session, "2026-11-20", NOON)
    assert found is not None
    assert found.answer_html == kept


def test_a_save_counts_the_version_on(cast: Cast, session: Session) -> None:
    letter = cast.draft()
    before = letter.version
    save(session, letter, draft(), version=before, now=LATER)
    assert (letter.version, letter.updated_at) == (before + 1, LATER)


def test_a_form_filled_before_anothers_save_is_refused_and_changes_nothing(cast: Cast, session: Session) -> None:
    letter = cast.draft()
    old = letter.version
    save(session, letter, draft(answer="The first."), version=old, now=LATER)
    with pytest.raises(ChangedMeanwhile):
        save(session, letter, draft(answer="The second."), version=old, now=LATER)
    session.commit()
    assert session.get_one(Letter, letter.id, populate_existing=True).answer_source == "The first."


def test_of_two_sessions_that_both_loaded_the_letter_one_saves(cast: Cast, session: Session) -> None:
    letter = cast.draft()
    version = letter.version
    with Session(session.get_bind(), expire_on_commit=False) as other:
        theirs = other.get_one(Letter, letter.id)
        other.commit()  # their read is over; what they loaded is what they act on
        save(session, letter, draft(answer="Mine."), version=version, now=LATER)
        session.commit()
        with pytest.raises(ChangedMeanwhile):
            save(other, theirs, draft(answer="Theirs."), version=version, now=LATER)
        other.commit()
    assert session.scalar(sa.select(Letter.answer_source)) == "Mine."


def test_a_refused_form_is_given_the_version_that_stands(cast: Cast, session: Session) -> None:
    letter = cast.draft()
    version = letter.version
    with Session(session.get_bind(), expire_on_commit=False) as other:
        theirs = other.get_one(Letter, letter.id)
        other.commit()
        save(session, letter, draft(), version=version, now=LATER)
        session.commit()
        with pytest.raises(ChangedMeanwhile):
            save(other, theirs, draft(), version=version, now=LATER)
        assert theirs.version == version + 1


def test_only_the_related_letters_are_saved_too(cast: Cast, session: Session) -> None:
    letter, one, two = cast.letter(), cast.letter(), cast.letter()
    save(session, letter, draft(related_ids=[two.id, one.id]), version=letter.version, now=LATER)
    assert reading.related(session, letter, NOON) == [two, one]
    save(session, letter, draft(related_ids=[one.id, two.id]), version=letter.version, now=LATER)
    assert reading.related(session, letter, NOON) == [one, two]


def test_no_letter_is_related_to_itself_or_twice_to_another(cast: Cast, session: Session) -> None:
    letter, one = cast.letter(), cast.letter()
    save(session, letter, draft(related_ids=[one.id, letter.id, one.id]), version=letter.version, now=LATER)
    assert reading.related(session, letter, NOON) == [one]


def test_topics_are_those_of_the_form(cast: Cast, session: Session) -> None:
    letter = cast.draft(topic_ids=[topic(cast, "Money").id])
    law, trust = topic(cast, "Law"), topic(cast, "Trust")
    save(session, letter, draft(topic_ids=[trust.id, law.id]), version=letter.version, now=LATER)
    session.commit()
    session.expire_all()
    assert [t.name for t in letter.topics] == ["Law", "Trust"]


def test_a_preview_writes_nothing(cast: Cast, session: Session) -> None:
    letter = cast.draft()
    with session.no_autoflush:
        drafting.fill(session, letter, draft(answer="Unsaved."), now=LATER)
        assert letter.answer_html == "<p>Unsaved.</p>\n"
    session.rollback()
    assert letter.answer_source == "Vera! Ask *why*."


def test_the_desk_sees_drafts_scheduled_and_out_apart(cast: Cast, session: Session) -> None:
    out, older = cast.letter(days_ago=1), cast.letter(days_ago=2)
    later, soon = cast.letter(days_ago=-9), cast.letter(days_ago=-2)
    a_draft = cast.draft()
    assert drafting.overview(session, now=NOON) == {
        "drafts": [a_draft],
        "scheduled": [soon, later],
        "out": [out, older],
    }
