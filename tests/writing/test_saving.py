from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.letters import drafting
from app.letters.drafting import Draft
from app.letters.models import Letter
from app.writing import history, saving
from app.writing.keeping import Window
from app.writing.models import Version
from app.writing.saving import Conflict, Saved, save

from ..cast import Cast
from ..conftest import NOON

LATER = NOON + timedelta(hours=1)


def text(session: Session, letter: Letter, **more: Any) -> Draft:
    return replace(drafting.draft_of(session, letter), **more)


def base_of(session: Session, letter: Letter) -> Window:
    """What a form that is opened now knows."""
    return Window(base_id=history.working(session, letter, NOON)[1])


def saves(cast: Cast, letter: Letter, window: Window, by: Any, now: Any = LATER, **more: Any) -> Saved | Conflict:
    done = save(cast.session, letter, text(cast.session, letter, **more), window, by=by, now=now)
    cast.session.commit()
    return done


def kinds(session: Session, letter: Letter) -> list[str]:
    return [version.kind for version in reversed(history.versions(session, letter))]


def test_the_first_save_keeps_how_the_letter_stood_before(cast: Cast, session: Session) -> None:
    letter = cast.draft(answer="As imported.")
    done = saves(cast, letter, base_of(session, letter), cast.wanda, answer="As saved.")
    assert isinstance(done, Saved)
    assert letter.answer_source == "As saved."
    before, after = reversed(history.versions(session, letter))
    assert (before.kind, history.draft(before).answer) == ("before", "As imported.")
    assert (after.kind, after.by_id, history.draft(after).answer) == ("saved", cast.wanda.id, "As saved.")


def test_two_editors_who_changed_one_part_are_in_conflict_and_both_texts_are_kept(cast: Cast, session: Session) -> None:
    letter = cast.draft(answer="Vera! Ask why.")
    ours = base_of(session, letter)
    saves(cast, letter, ours, cast.ada, answer="Vera! Ask why now.")
    done = saves(cast, letter, ours, cast.wanda, answer="Vera! Ask him why.")
    assert isinstance(done, Conflict)
    assert done.parts == {"answer"}
    assert letter.answer_source == "Vera! Ask why now."
    assert done.draft.answer == "Vera! Ask him why."
    said = [history.draft(version).answer for version in history.versions(session, letter)]
    assert {"Vera! Ask why now.", "Vera! Ask him why."} <= set(said)
    typed = history.of_person(session, letter, cast.wanda)
    assert typed is not None
    assert typed.content is not None
    assert history.unpacked(typed.content).answer == "Vera! Ask him why."


def test_after_a_conflict_a_second_save_stands_over_the_other_text(cast: Cast, session: Session) -> None:
    letter = cast.draft(answer="One.")
    ours = base_of(session, letter)
    saves(cast, letter, ours, cast.ada, answer="Two.")
    done = saves(cast, letter, ours, cast.wanda, answer="Three.")
    assert isinstance(done, Conflict)
    again = saves(cast, letter, Window(base_id=done.theirs.id), cast.wanda, answer="Two and three.")
    assert isinstance(again, Saved)
    assert letter.answer_source == "Two and three."
    assert kinds(session, letter) == ["before", "saved", "aside", "saved"]


def test_what_two_editors_changed_in_different_parts_is_put_together(cast: Cast, session: Session) -> None:
    letter = cast.draft("Title", answer="One.")
    ours = base_of(session, letter)
    form = text(session, letter)
    saves(cast, letter, ours, cast.ada, title="A better title")
    done = save(session, letter, replace(form, answer="A better answer."), ours, by=cast.wanda, now=LATER)
    assert isinstance(done, Saved)
    assert (letter.title, letter.answer_source) == ("A better title", "A better answer.")
    assert [version.by_id for version in done.with_others] == [cast.ada.id]


def test_the_white_space_that_a_form_takes_off_is_no_change(cast: Cast, session: Session) -> None:
    letter = cast.draft("Title", answer="One. \n\nTwo.\n")  # as an import may bring it
    ours = base_of(session, letter)
    form = replace(text(session, letter), answer="One.\n\nTwo.", title="Wanda’s title")
    saves(cast, letter, ours, cast.ada, answer="One.\n\nThree.")
    done = save(session, letter, form, ours, by=cast.wanda, now=LATER)
    assert isinstance(done, Saved)
    assert (letter.title, letter.answer_source) == ("Wanda’s title", "One.\n\nThree.")


def test_two_editors_who_say_the_same_are_in_no_conflict(cast: Cast, session: Session) -> None:
    letter = cast.draft(answer="One.")
    ours = base_of(session, letter)
    saves(cast, letter, ours, cast.ada, answer="Two.")
    assert isinstance(saves(cast, letter, ours, cast.wanda, answer="Two."), Saved)


def test_nobody_is_in_conflict_with_oneself_and_the_earlier_text_stays_in_the_history(
    cast: Cast, session: Session
) -> None:
    letter = cast.draft("Title", answer="One.")
    ours = base_of(session, letter)
    form = text(session, letter)
    saves(cast, letter, ours, cast.wanda, answer="From the desk.", title="New title")
    done = save(session, letter, replace(form, answer="From the phone."), ours, by=cast.wanda, now=LATER)
    assert isinstance(done, Saved)
    assert (letter.answer_source, letter.title) == ("From the phone.", "New title")
    assert "From the desk." in [history.draft(version).answer for version in history.versions(session, letter)]


def test_what_i_changed_back_and_forth_between_anothers_saves_is_no_conflict_with_myself(
    cast: Cast, session: Session
) -> None:
    letter = cast.draft("Title", answer="One.")
    ours = base_of(session, letter)
    form = text(session, letter)
    saves(cast, letter, base_of(session, letter), cast.wanda, answer="Two.")
    saves(cast, letter, base_of(session, letter), cast.ada, title="Ada’s title")
    done = save(session, letter, replace(form, answer="Three."), ours, by=cast.wanda, now=LATER)
    assert isinstance(done, Saved)
    assert (letter.title, letter.answer_source) == ("Ada’s title", "Three.")


def test_setting_the_friday_in_another_window_makes_no_conflict(cast: Cast, session: Session) -> None:
    from app.letters import publishing
    from app.letters.fridays import Slot

    letter = cast.draft()
    ours = base_of(session, letter)
    slot = Slot((NOON + timedelta(days=4)).replace(tzinfo=None), "UTC")
    publishing.schedule(session, letter, slot, now=NOON)
    session.commit()
    assert isinstance(saves(cast, letter, ours, cast.wanda, answer="New."), Saved)
    assert letter.ready


def test_a_change_that_came_past_the_history_is_kept_and_shown_as_anothers(cast: Cast, session: Session) -> None:
    letter = cast.draft(answer="One.")
    saves(cast, letter, base_of(session, letter), cast.wanda, answer="Two.")
    ours = base_of(session, letter)
    imported = text(session, letter, answer="Imported once more.")
    drafting.save(session, letter, imported, version=letter.version, now=LATER)
    session.commit()
    done = saves(cast, letter, ours, cast.wanda, answer="Three.")
    assert isinstance(done, Conflict)
    assert kinds(session, letter) == ["before", "saved", "before", "aside"]


def test_what_is_saved_of_a_letter_that_is_out_waits(cast: Cast, session: Session) -> None:
    letter = cast.letter(answer="As readers have it.")
    done = saves(cast, letter, base_of(session, letter), cast.wanda, now=NOON, answer="As it should be.")
    assert isinstance(done, Saved)
    assert done.waits
    assert letter.answer_source == "As readers have it."
    change = history.change(session, letter, NOON)
    assert change is not None
    assert history.draft(change).answer == "As it should be."
    assert history.working(session, letter, NOON)[0].answer == "As it should be."


def test_a_version_comes_back_as_a_new_one_and_destroys_none(cast: Cast, session: Session) -> None:
    letter = cast.draft(answer="One.")
    saves(cast, letter, base_of(session, letter), cast.wanda, answer="Two.")
    first = history.by_number(session, letter, 1)
    assert first is not None
    done = saving.restore(session, letter, first, by=cast.ada, now=LATER)
    assert letter.answer_source == "One."
    assert (done.version.kind, done.version.restored_from, done.version.number) == ("restored", 1, 3)
    assert [history.draft(v).answer for v in history.versions(session, letter)] == ["One.", "Two.", "One."]


def test_bringing_back_a_version_puts_aside_what_its_editor_had_typed(cast: Cast, session: Session) -> None:
    from app.writing import keeping

    letter = cast.draft(answer="One.")
    saves(cast, letter, base_of(session, letter), cast.wanda, answer="Two.")
    typing = text(session, letter, answer="Half a thou")
    keeping.keep(session, letter, typing, Window("w", 1), by=cast.wanda, now=LATER)
    first = history.by_number(session, letter, 1)
    assert first is not None
    saving.restore(session, letter, first, by=cast.wanda, now=LATER)
    assert "Half a thou" in [history.draft(version).answer for version in history.versions(session, letter)]


def test_of_two_sessions_that_save_at_once_both_texts_are_kept(cast: Cast, session: Session) -> None:
    letter = cast.draft(answer="One.")
    ours, mine, theirs = base_of(session, letter), cast.ada, cast.wanda
    with Session(session.get_bind(), expire_on_commit=False) as other:
        their_letter = other.get_one(Letter, letter.id)
        other.commit()  # their read is over; what they loaded is what they act on
        saves(cast, letter, ours, mine, answer="Mine.")
        draft = replace(drafting.draft_of(other, their_letter), answer="Theirs.")
        done = save(other, their_letter, draft, ours, by=other.merge(theirs), now=LATER)
        other.commit()
    assert isinstance(done, Conflict)
    assert session.scalar(sa.select(Letter.answer_source)) == "Mine."
    assert "Theirs." in [history.draft(version).answer for version in history.versions(session, letter)]


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE versions SET content = '{}'",
        "UPDATE versions SET html = 'x'",
        "UPDATE versions SET by_id = NULL",
        "UPDATE versions SET saved_at = '2020-01-01 00:00:00'",
        "UPDATE versions SET number = number + 10",
        "UPDATE versions SET kind = 'aside'",
        "UPDATE versions SET put_at = NULL WHERE put_at IS NOT NULL",
        "UPDATE versions SET content = 'x', html = '', erased_at = '2027-01-01 00:00:00'",
        "DELETE FROM versions",
    ],
)
def test_the_database_refuses_to_change_or_delete_a_version(cast: Cast, session: Session, attack: str) -> None:
    letter = cast.draft()
    saves(cast, letter, base_of(session, letter), cast.wanda, answer="Two.")
    with pytest.raises(sa.exc.IntegrityError):
        session.execute(sa.text(attack))
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).select_from(Version)) == 2
