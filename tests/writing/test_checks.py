from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.letters.drafting import Draft
from app.writing import checks

from ..cast import Cast
from ..house_on_a_port import token

BASE = "https://column.example"


def kinds(missing: tuple[str, ...] = (), **fields: Any) -> list[tuple[str, str]]:
    draft = Draft(**({"title": "T", "asker": "V", "language": "en", "rubric_id": 1} | fields))
    found = checks.remarks(draft, base_url=BASE, is_missing=lambda path: path in missing)
    return [(one.kind, one.detail) for one in found]


@pytest.mark.parametrize(
    "text",
    [
        "Call +7 916 123-45-67", "8 (916) 123-45-67 is mine", "+49 30 1234567", "89161234567", "(212) 555-0123 x",
        "write to ivan.petrov@firm.example.", "> **Client:** my number is 8-916-123-45-67",
    ],
)  # fmt: skip
def test_a_telephone_number_or_a_mail_address_in_the_question_is_seen(text: str) -> None:
    assert [kind for kind, _ in kinds(question=text)] == ["contact"]


@pytest.mark.parametrize(
    "text",
    [
        "On 2026-11-27 at 10:00", "27.11.2026 was a Friday", "It costs 1 200 000 000 roubles", "1.200.000.000",
        "In 1998, 2004 and 2026", "Eleven @ twelve", "ISO 9001", "https://example.org/12345678901",
    ],
)  # fmt: skip
def test_what_only_looks_like_one_is_left_alone(text: str) -> None:
    assert kinds(question=text) == []


def test_an_address_in_the_answer_is_the_advisers_business() -> None:
    assert kinds(answer="Write to me@column.example.") == []


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("> Change it, please.", ["Change it, please."]),
        ("> **Client:** Change it.", []),
        ("> **Client:** One.\n>\n> Two.", []),
        ("> > **Boss:** no", []),
        ("> **A:** a\n>\n> > no name", ["no name"]),
        ("> ## Heading first\n", []),
        ("No quotation.", []),
    ],
)
def test_a_quotation_that_does_not_say_who_speaks_is_seen(text: str, seen: list[str]) -> None:
    assert [detail for kind, detail in kinds(question=text) if kind == "unnamed"] == seen


def test_a_link_that_leads_nowhere_within_the_site_is_seen_once_and_others_are_not_asked() -> None:
    answer = f"[a](/nowhere/) [b](/there/) [c]({BASE}/nowhere/?x=1#y) [d](https://other.example/nowhere/) [e](#f)"
    assert kinds(missing=("/nowhere/",), answer=answer) == [("broken_link", "/nowhere/")]


def test_a_letter_without_rubric_and_postscript_has_no_p_s() -> None:
    assert kinds(rubric_id=None) == [("no_postscript", "")]
    assert kinds(rubric_id=None, postscript="I answer on Fridays.") == []


def test_a_title_that_the_card_cannot_hold_is_seen() -> None:
    assert kinds(title="What shall I answer a client who is silent? " * 8) == [("long_title", "")]
    assert kinds(title="What shall I answer a client who is silent?") == []


def test_the_site_itself_is_asked_where_a_link_leads_and_letters_to_come_are_known(
    client: FlaskClient, cast: Cast, at: object
) -> None:
    letter, later = cast.letter(), cast.letter(days_ago=-3)
    draft = cast.letter(days_ago=-10)
    cast.signed_in(client, cast.wanda)
    page = client.get(f"/desk/letters/{draft.id}/edit").text
    answer = (
        f"[a](/letters/{letter.name}/) [b](/letters/{later.name}/) [c](/letters/1999-01-01/) [d](/ask/) [e](/nope/)"
    )
    fields = {"title": "T", "asker": "V", "language": "en", "answer": answer, "csrf_token": token(page)}
    said = client.post(f"/desk/letters/{draft.id}/look", data=fields).text
    assert "/letters/1999-01-01/" in said
    assert "/nope/" in said
    assert f"/letters/{later.name}/" not in said  # it is out before the letter that links to it
    assert f"/letters/{letter.name}/" not in said
    early = client.post("/desk/letters/look", data=fields).text
    assert f"/letters/{later.name}/" in early


def test_the_typographers_changes_are_shown_and_the_source_is_left_alone(
    app: Flask, client: FlaskClient, cast: Cast, at: object
) -> None:
    cast.signed_in(client, cast.wanda)
    page = client.get("/desk/letters/new").text
    fields = {"title": "T", "asker": "V", "language": "ru", "answer": 'Он сказал - "нет".', "csrf_token": token(page)}
    said = client.post("/desk/letters/look", data=fields).text
    assert "«нет»" in said.replace("<ins>", "").replace("</ins>", "").replace('<del>"</del>', "").replace(
        "<del>&#34;</del>", ""
    )
    assert "°" in said
    letter = cast.draft(answer=fields["answer"], language="ru")
    assert letter.answer_source == fields["answer"]


def test_a_picture_that_says_nothing_is_seen_and_one_of_another_site_and_one_that_is_gone() -> None:
    picture = f"/media/{'k2' * 13}/700x350.jpg"
    assert kinds(answer=f"![A plan]({picture})") == []
    assert kinds(answer=f"One\n\n![]({picture}) and ![ ]({picture})") == [("no_alt", picture)] * 2
    assert kinds(question=f"> **A:** ![*b*]({picture})") == []
    foreign = "https://example.org/x.png"
    assert kinds(answer=f"![A plan]({foreign})") == [("foreign", foreign)]
    assert kinds(postscript=f"![]({foreign})") == [("no_alt", foreign), ("foreign", foreign)]
    assert kinds((picture,), answer=f"![A plan]({picture})") == [("broken_link", picture)]
