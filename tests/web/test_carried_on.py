"""Without scripts a form that comes when its session has ended loses nothing of what was typed."""

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.accounts import sign_ins
from app.letters.models import Letter

from ..cast import PASSWORD, Cast
from ..house_on_a_port import token

TYPED = 'All of it, "quoted" <b>&amp;</b>\n\n> in\tthree\nlines, во всех буквах. ' + "Long. " * 2000


def typed(cast: Cast) -> dict[str, str]:
    topics = {"title": "Shall I wait?", "asker": "Vera", "language": "en", "answer": TYPED, "takes_comments": "y"}
    return {**topics, "rubric_id": "", "adviser_id": "", "course_id": ""}


def carried(page: str) -> dict[str, str]:
    """What the page's form would send."""
    form = re.search(r"<form.*?</form>", page, re.DOTALL)
    assert form
    return {name: unescape(value) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', form[0])}


@pytest.mark.parametrize("how", ["the cookie is gone", "the sign-in was ended elsewhere", "the token is another"])
def test_what_was_typed_comes_back_and_is_saved_after_signing_in(
    how: str, client: FlaskClient, cast: Cast, at: object
) -> None:
    letter = cast.draft()
    cast.signed_in(client, cast.wanda)
    address = f"/desk/letters/{letter.id}/edit"
    fields = typed(cast) | {"csrf_token": token(client.get(address).text)}
    if how == "the cookie is gone":
        client.delete_cookie("desk", path="/desk")
    elif how == "the sign-in was ended elsewhere":
        for row in sign_ins.of_person(cast.session, cast.wanda, now=cast.now):
            cast.session.delete(row)
        cast.session.commit()
    else:
        fields["csrf_token"] = "another"
    answer = client.post(address, data=fields)
    assert answer.status_code == (401 if how == "the sign-in was ended elsewhere" else 403)
    assert answer.headers["Cache-Control"] == "no-store"
    assert (
        unescape(answer.text).replace("\r\n", "\n").count(TYPED.replace("\r\n", "\n")) == 2
    )  # to be sent, and to be seen
    again = carried(answer.text)
    assert {name: value for name, value in again.items() if name != "csrf_token"} == typed(cast)
    if how != "the token is another":
        login = client.get("/desk/login").text
        sent = {"email": "wanda@example.org", "password": PASSWORD, "csrf_token": token(login)}
        assert client.post("/desk/login", data=sent).status_code == 303
    else:
        assert "older than your sign-in" in answer.text
    assert client.post(address, data=again).status_code == 303
    cast.session.refresh(letter)
    assert letter.answer_source.split() == TYPED.split()


def test_pressed_before_signing_in_it_comes_back_again(client: FlaskClient, cast: Cast, at: object) -> None:
    answer = client.post("/desk/letters/new", data=typed(cast))
    for _ in range(2):
        answer = client.post("/desk/letters/new", data=carried(answer.text))
        assert answer.status_code == 401
        assert "you are signed out" in answer.text.lower()
    assert carried(answer.text)["answer"] == TYPED


def test_nothing_is_done_by_itself_and_no_password_is_given_back(
    client: FlaskClient, cast: Cast, app: Flask, at: object
) -> None:
    cast.signed_in(client, cast.ada)
    assert client.post("/desk/letters/new", data=typed(cast)).status_code == 403
    assert cast.session.query(Letter).count() == 0
    cast.session.rollback()
    for address, fields in (
        ("/desk/login", {"email": "ada@example.org", "password": PASSWORD}),
        ("/desk/password", {"password": PASSWORD, "new_password": "another long one"}),
    ):
        answer = client.post(address, data=fields)
        assert PASSWORD not in answer.text, address
    foreign = client.post("/desk/letters/new", data=typed(cast), headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert "All of it" not in foreign.text


def test_a_script_is_answered_with_the_status_alone(client: FlaskClient, cast: Cast, at: object) -> None:
    answer = client.post("/desk/letters/typed", data=typed(cast), headers={"Accept": "application/json"})
    assert answer.status_code in (401, 403)
    assert "All of it" not in answer.text
