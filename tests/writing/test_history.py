import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.letters import drafting
from app.letters.models import Letter
from app.writing import history
from app.writing.keeping import Window
from app.writing.saving import save

from ..cast import Cast
from ..conftest import NOON


def saved(cast: Cast, letter: Letter, answer: str, by: str = "wanda", minutes: float = 0) -> None:
    session = cast.session
    window = Window(base_id=history.working(session, letter, NOON)[1])
    draft = replace(drafting.draft_of(session, letter), answer=answer)
    save(session, letter, draft, window, by=getattr(cast, by), now=NOON + timedelta(minutes=minutes))
    session.commit()


def shape(session: Session, letter: Letter) -> list[list[str]]:
    sittings = history.sittings(history.versions(session, letter))
    return [[history.draft(version).answer for version in sitting.versions] for sitting in sittings]


def test_what_one_person_saved_without_a_long_pause_is_one_session(cast: Cast, session: Session) -> None:
    letter = cast.draft(answer="0")
    for answer, minutes in (("1", 1), ("2", 20), ("3", 40), ("4", 71)):
        saved(cast, letter, answer, minutes=minutes)
    assert shape(session, letter) == [["4"], ["3", "2", "1"], ["0"]]


def test_another_person_begins_another_session(cast: Cast, session: Session) -> None:
    letter = cast.draft(answer="0")
    for answer, by in (("1", "wanda"), ("2", "ada"), ("3", "wanda")):
        saved(cast, letter, answer, by)
    assert shape(session, letter) == [["3"], ["2"], ["1"], ["0"]]


def test_a_named_version_stands_by_itself(cast: Cast, session: Session) -> None:
    letter = cast.draft(answer="0")
    for answer in ("1", "2", "3"):
        saved(cast, letter, answer)
    second = history.by_number(session, letter, 3)
    assert second is not None
    history.name(session, second, "As Ada likes it")
    assert shape(session, letter) == [["3"], ["2"], ["1"], ["0"]]


def test_two_versions_are_compared_field_by_field(cast: Cast, session: Session) -> None:
    letter = cast.draft("Title", answer="Ask why.")
    saved(cast, letter, "Ask why now.")
    old, new = (history.draft(version) for version in reversed(history.versions(session, letter)))
    assert [name for name, _ in history.compared(old, new)] == ["answer"]
    ((_, pieces),) = history.compared(old, new)
    assert [tuple(piece) for piece in pieces] == [("same", "Ask why"), ("new", " now"), ("same", ".")]


def test_what_is_far_from_every_change_is_folded_on_the_page(client: FlaskClient, cast: Cast, at: object) -> None:
    paragraphs = [f"Paragraph {n}." for n in range(15)]
    letter = cast.draft("Title", answer="\n\n".join(paragraphs))
    saved(cast, letter, "\n\n".join([*paragraphs[:-1], "Another end."]))
    page = cast.signed_in(client, cast.ada).get(f"/desk/letters/{letter.id}/comparison").text
    seen, folded, rest = re.split("<summary>.*?</summary>|</details>", page)
    assert "… 13 paragraphs unchanged" in page
    assert re.findall(r"Paragraph \d+\.", seen) == []
    assert re.findall(r"Paragraph (\d+)\.", folded) == [str(n) for n in range(13)]
    assert "Paragraph 13.\n\n<del>Paragraph 14.</del><ins>Another end.</ins>" in rest


def test_old_texts_of_letters_that_are_out_are_erased_but_the_newest_and_the_named(
    cast: Cast, session: Session
) -> None:
    letter, young = cast.draft(answer="0"), cast.draft(answer="young")
    for answer in ("1", "2", "3"):
        saved(cast, letter, answer)
    saved(cast, young, "still a draft")
    named = history.by_number(session, letter, 2)
    assert named is not None
    history.name(session, named, "For the book")
    from app.letters import publishing

    publishing.publish_now(session, letter, "UTC", now=NOON)
    long_after = NOON + timedelta(days=731)
    assert history.forget(session, days=730, now=NOON + timedelta(days=729)) == 0
    assert history.forget(session, days=730, now=long_after) == 2
    assert history.forget(session, days=730, now=long_after) == 0
    session.commit()
    session.expire_all()
    assert [v.erased_at is not None for v in history.versions(session, letter)] == [False, True, False, True]
    first = history.by_number(session, letter, 1)
    assert first is not None
    assert (first.content, first.html) == ("", "")
    with pytest.raises(history.Erased):
        history.draft(first)
    assert all(v.erased_at is None for v in history.versions(session, young))


def test_a_draft_kept_before_a_field_was_there_and_with_one_that_is_gone_is_read(cast: Cast) -> None:
    assert history.unpacked('{"title": "T", "asker": "A", "language": "en", "gone": 1}').title == "T"
    assert history.unpacked("{}").takes_comments is True


def test_a_letter_that_nobody_saved_has_no_history(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    assert history.versions(session, letter) == []
    assert history.working(session, letter, datetime(2027, 1, 1, tzinfo=NOON.tzinfo))[1] == 0


def test_the_page_of_two_versions_names_the_fields_that_are_no_texts(
    cast: Cast, client: FlaskClient, at: object
) -> None:
    letter, rubric = cast.draft(), cast.rubric()
    for more in ({}, {"rubric_id": rubric.id, "takes_comments": False, "title": "Another"}):
        draft = replace(drafting.draft_of(cast.session, letter), **more)
        save(cast.session, letter, draft, Window(), by=cast.ada, now=NOON)
    cast.session.commit()
    page = cast.signed_in(client, cast.ada).get(f"/desk/letters/{letter.id}/comparison").text
    assert "Changed as well: Rubric, Takes comments." in page
    assert "<ins>Another</ins>" in page
