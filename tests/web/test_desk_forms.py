"""Every form of the desk: what is right is saved, what is wrong comes back with what was typed."""

import re

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app.accounts.models import Person
from app.column.forms import SettingsForm
from app.column.models import Settings
from app.courses.models import Course
from app.letters.models import Adviser, Letter, Rubric, Topic

from ..cast import Cast
from ..house_on_a_port import token

SETTINGS = {
    "title": "The Column", "tagline": "Letters.", "language": "ru", "target_percent": "25", "rules": "Be **brief**.",
    "mail_from": "friday@column.example", "pruned_days": "3", "declined_days": "4", "questions_days": "5",
    "unconfirmed_days": "6", "empty_days": "7", "pruning_after_days": "7", "mail_reply_to": "ada@column.example",
    "mails_per_second": "0.5", "history_days": "30",
}  # fmt: skip
FORMS: dict[str, tuple[str, dict[str, str], type, str]] = {
    # what: (address, fields, kind of row, the field to break)
    "letter": ("/desk/letters/new", {"title": "New", "asker": "Vera", "language": "en", "rubric_id": "",
               "course_id": "", "adviser_id": ""}, Letter, "title"),
    "course": ("/desk/courses/new", {"name_en": "Talks", "slug": "hard-talks"}, Course, "slug"),
    "person": ("/desk/people", {"name": "Nina", "email": "nina@example.org", "role": "writer",
               "password": "long enough a word"}, Person, "email"),
    "rubric": ("/desk/rubrics/new", {"title": "Money", "name": "money", "slug": "money", "weekday": "4",
               "time": "10:00", "zone": "Europe/London"}, Rubric, "zone"),
    "topic": ("/desk/topics/new", {"name": "Money", "slug": "money"}, Topic, "slug"),
    "adviser": ("/desk/advisers/new", {"name": "Ilya", "slug": "ilya", "about": "*He*."}, Adviser, "slug"),
}  # fmt: skip


@pytest.fixture
def ada(client: FlaskClient, cast: Cast, at: object) -> FlaskClient:
    return cast.signed_in(client, cast.ada)


def number(cast: Cast, kind: type) -> int:
    found = cast.session.scalar(sa.select(sa.func.count()).select_from(kind)) or 0
    cast.session.rollback()
    return found


def send(client: FlaskClient, address: str, fields: dict[str, str], page: str = ""):  # type: ignore[no-untyped-def]
    return client.post(address, data={**fields, "csrf_token": token(client.get(page or address).text)})


@pytest.mark.parametrize("what", FORMS)
def test_what_is_right_is_saved(what: str, ada: FlaskClient, cast: Cast) -> None:
    address, fields, kind, _ = FORMS[what]
    before = number(cast, kind)
    answer = send(ada, address, fields)
    assert answer.status_code == 303, answer.text
    assert ada.get(answer.location).status_code == 200
    assert number(cast, kind) == before + 1


@pytest.mark.parametrize("what", FORMS)
@pytest.mark.parametrize("typed", ["", "ж" * 400, "no\x00thing"])
def test_what_is_wrong_comes_back_with_what_was_typed(what: str, typed: str, ada: FlaskClient, cast: Cast) -> None:
    address, fields, kind, field = FORMS[what]
    before = number(cast, kind)
    answer = send(ada, address, {**fields, field: typed})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    for name, kept in fields.items():
        if name not in (field, "password") and kept:
            assert kept in answer.text, name
    assert number(cast, kind) == before


def test_an_address_that_is_taken_is_said_beside_it(ada: FlaskClient, cast: Cast) -> None:
    for what in ("course", "topic", "person"):
        address, fields, kind, _ = FORMS[what]
        assert send(ada, address, fields).status_code == 303
        again = send(ada, address, {**fields, "name": "Another"})
        assert again.status_code == 422, what
        assert 'class="error"' in again.text
        assert number(cast, kind) == (2 if kind is Person else 1)


def test_settings_are_saved_and_show_at_once(ada: FlaskClient, cast: Cast) -> None:
    ada.get("/")
    assert send(ada, "/desk/settings", SETTINGS).status_code == 303
    row = cast.session.get_one(Settings, 1, populate_existing=True)
    assert (row.target_percent, row.mail_from, row.pruned_days) == (25, "friday@column.example", 3)
    assert (row.mail_reply_to, row.mails_per_second) == ("ada@column.example", 0.5)
    assert "<strong>brief</strong>" in row.rules_html
    cast.session.rollback()
    assert '<html lang="ru">' in ada.get("/").text


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("target_percent", "101"),
        ("mail_from", "nowhere"),
        ("mail_reply_to", "nowhere"),
        ("mails_per_second", "-1"),
        ("mails_per_second", "nan"),
        ("language", "xx"),
    ],
)
def test_settings_that_cannot_be_are_refused(field: str, typed: str, ada: FlaskClient, cast: Cast) -> None:
    answer = send(ada, "/desk/settings", {**SETTINGS, field: typed})
    assert answer.status_code == 422
    assert cast.session.get_one(Settings, 1, populate_existing=True).title == "Dear Friday"


def test_a_letter_gets_its_friday_and_loses_it(ada: FlaskClient, cast: Cast) -> None:
    letter = cast.draft(rubric_id=cast.rubric().id)
    address, edit = (f"/desk/letters/{letter.id}/{page}" for page in ("slot", "edit"))
    withholding = f"/desk/letters/{letter.id}/withholding"
    page = ada.get(address).text
    assert "Friday, 27 November 2026, 10:00, Moscow" in page
    assert send(ada, address, {"when": "2026-11-27T10:00:00"}).status_code == 303
    cast.session.refresh(letter)
    assert (letter.name, str(letter.publish_at)) == ("2026-11-27", "2026-11-27 07:00:00+00:00")
    cast.session.rollback()
    assert "Goes out on Friday, 27 November 2026, 10:00" in ada.get(edit).text
    assert send(ada, withholding, {}, page=edit).status_code == 303
    cast.session.refresh(letter)
    assert (letter.ready, letter.name) == (False, None)


def test_a_moment_that_has_passed_is_refused(ada: FlaskClient, cast: Cast) -> None:
    letter = cast.draft(rubric_id=cast.rubric().id)
    answer = send(ada, f"/desk/letters/{letter.id}/slot", {"when": "other", "date": "2020-01-03", "time": "10:00"})
    assert answer.status_code == 422
    assert "That moment has passed" in answer.text
    empty = send(ada, f"/desk/letters/{letter.id}/slot", {"when": "other"})
    assert empty.status_code == 422
    assert "Say the date and the hour." in empty.text


def test_two_who_changed_one_part_see_both_texts_and_neither_is_lost(app: Flask, ada: FlaskClient, cast: Cast) -> None:
    letter = cast.draft("First", asker="Vera")
    address = f"/desk/letters/{letter.id}/edit"
    fields = FORMS["letter"][1]
    wanda = cast.signed_in(app.test_client(), cast.wanda)
    base = {"base": re.search(r'name="base"[^>]*value="(\d*)"', wanda.get(address).text)[1]}  # type: ignore[index]
    assert send(ada, address, {**fields, "title": "First of Ada", **base}).status_code == 303
    answer = send(wanda, address, {**fields, "title": "First of Wanda", **base})
    assert answer.status_code == 409
    assert "Ada saved the same parts" in answer.text
    assert "<del>Ada</del><ins>Wanda</ins>" in answer.text
    assert 'value="First of Wanda"' in answer.text
    cast.session.refresh(letter)
    assert letter.title == "First of Ada"
    cast.session.rollback()
    base = {"base": re.search(r'name="base"[^>]*value="(\d+)"', answer.text)[1]}  # type: ignore[index]
    assert send(wanda, address, {**fields, "title": "First of both", **base}).status_code == 303
    history = wanda.get(f"/desk/letters/{letter.id}/history").text
    assert "aside, never the letter’s text" in history
    cast.session.refresh(letter)
    assert letter.title == "First of both"


def test_the_preview_of_unsaved_text_saves_nothing(ada: FlaskClient, cast: Cast) -> None:
    letter = cast.draft("First")
    fields = {
        **FORMS["letter"][1],
        "title": "Second",
        "answer": "**New**",
        "preview": "1",
    }
    answer = send(ada, f"/desk/letters/{letter.id}/edit", fields)
    assert answer.status_code == 200
    assert "<strong>New</strong>" in answer.text
    assert "readers do not see this" in answer.text
    cast.session.refresh(letter)
    assert letter.title == "First"


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_setting_says_its_meaning(language: str, ada: FlaskClient, cast: Cast) -> None:
    row = cast.session.get_one(Settings, 1)
    row.language, row.picture = language, f"/media/{'a' * 26}/64x64.png"
    cast.session.commit()
    page = ada.get("/desk/settings").text
    names = {name for name, field in vars(SettingsForm).items() if hasattr(field, "field_class")}
    assert len(names) > 15
    for name in names:
        described = re.search(rf'<(?:input|select|textarea)[^>]*name="{name}"[^>]*>', page)[0]  # type: ignore[index]
        hint = re.search(r'aria-describedby="([\w-]+)"', described)
        assert hint, name
        meaning = re.search(rf'<p class="hint" id="{hint[1]}">\s*(\S.*?)\s*</p>', page)
        assert meaning, name
        assert len(meaning[1].split()) >= 3, name
        assert bool(re.search("[а-я]", meaning[1])) is (language == "ru"), name
