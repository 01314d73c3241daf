"""People of the desk come in, and back in, by a mailed link; with real mails."""

import re
from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.accounts import mailed_keys, people, second_factor
from app.accounts.mailed_keys import KeyIsSpent
from app.accounts.models import MailedKey, Person

from ..cast import PASSWORD, Cast
from ..conftest import NOON
from ..house_on_a_port import token
from .conftest import Server
from .test_messages import parts

HOUR = timedelta(hours=1)
CHOSEN = "a sentence of my own"


def post(client: FlaskClient, address: str, page: str = "", **fields: str):  # type: ignore[no-untyped-def]
    return client.post(address, data={**fields, "csrf_token": token(client.get(page or address).text)})


def link(server: Server) -> str:
    plain, html = parts(server.mails[-1])
    (found,) = re.findall(r"http://localhost(/desk/key/\S+)", plain)
    assert html.count(found) == 2
    return str(found)


@pytest.fixture
def reset(client: FlaskClient, cast: Cast, server: Server, deliver: Callable[..., int]) -> str:
    """The link in the mail that Ada asked for."""
    assert cast.ada
    answer = post(client, "/desk/forgotten", email="ADA@example.org")
    assert "a mail with a link is on its way" in answer.text
    deliver()
    assert server.recipients == ["ada@example.org"]
    return link(server)


def test_an_invited_person_chooses_a_password_and_comes_in(
    client: FlaskClient, cast: Cast, server: Server, deliver: Callable[..., int]
) -> None:
    cast.signed_in(client, cast.ada)
    fields = {"name": "Nina", "email": "nina@example.org", "role": "writer"}
    assert post(client, "/desk/people", **fields).status_code == 303
    assert "invited, has not come yet" in client.get("/desk/people").text
    deliver()
    assert (server.recipients, server.mails[0]["Subject"]) == (
        ["nina@example.org"], "You are invited to the desk of Dear Friday",
    )  # fmt: skip
    nina, address = client.application.test_client(), link(server)
    assert nina.get(address).headers["Referrer-Policy"] == "same-origin"
    assert nina.get(address).headers["Cache-Control"] == "no-store"
    assert post(nina, address, new="short", again="short").status_code == 422
    assert post(nina, address, new=CHOSEN, again="another").status_code == 422
    assert post(nina, address, new=CHOSEN, again=CHOSEN).location == "/desk/login"
    assert post(nina, "/desk/login", email="nina@example.org", password=CHOSEN).status_code == 303
    assert nina.get("/desk/letters").status_code == 200
    assert "has not come yet" not in client.get("/desk/people").text


def test_who_was_invited_and_has_no_password_cannot_come_in(client: FlaskClient, cast: Cast, session: Session) -> None:
    people.invite(session, email="nina@example.org", name="Nina", role="editor", now=NOON)
    session.commit()
    for tried in ("", "the password of nobody at all", PASSWORD):
        answer = post(client, "/desk/login", email="nina@example.org", password=tried)
        assert answer.status_code == 422


def test_a_reset_works_once(client: FlaskClient, reset: str, cast: Cast) -> None:
    other = client.application.test_client()
    form = other.get(reset).text
    assert post(client, reset, new=CHOSEN, again=CHOSEN).status_code == 303
    late = other.post(reset, data={"csrf_token": token(form), "new": "something else", "again": "something else"})
    assert late.location == "/desk/forgotten"
    assert "has been used" in other.get("/desk/forgotten").text
    assert post(client, "/desk/login", email="ada@example.org", password=CHOSEN).status_code == 303


def test_a_reset_lives_an_hour(client: FlaskClient, reset: str, at: Callable[..., None]) -> None:
    at(NOON + HOUR - timedelta(seconds=1))
    assert client.get(reset).status_code == 200
    at(NOON + HOUR)
    assert client.get(reset).location == "/desk/forgotten"


def test_a_reset_signs_out_everywhere_and_spends_the_other_keys(
    client: FlaskClient, reset: str, cast: Cast, server: Server, deliver: Callable[..., int]
) -> None:
    thief = cast.signed_in(client.application.test_client(), cast.ada)
    post(client, "/desk/forgotten", email="ada@example.org")
    deliver()
    second = link(server)
    assert second != reset
    assert post(client, reset, new=CHOSEN, again=CHOSEN).status_code == 303
    assert thief.get("/desk/you").status_code == 303
    assert client.get(second).location == "/desk/forgotten"


def test_nobody_learns_who_is_at_the_desk(
    client: FlaskClient, cast: Cast, session: Session, server: Server, deliver: Callable[..., int]
) -> None:
    left = cast.person("Left", "writer")
    people.end_access(session, left, now=NOON)
    session.commit()
    assert cast.ada
    pages = {
        re.sub(r'value="[^"]*"', "", post(client, "/desk/forgotten", email=email).text)
        for email in ("ada@example.org", "left@example.org", "nobody@example.org")
    }
    assert len(pages) == 1
    deliver()
    assert server.recipients == ["ada@example.org"]


def test_the_database_knows_no_link(client: FlaskClient, reset: str, session: Session) -> None:
    key = session.scalars(sa.select(MailedKey)).one()
    assert key.token_hash is not None
    assert key.token_hash not in reset
    session.rollback()
    assert client.get(f"/desk/key/{key.token_hash}").location == "/desk/forgotten"


def test_of_two_who_use_a_key_at_once_one_does(cast: Cast, session: Session) -> None:
    key = mailed_keys.reset(session, cast.ada, now=NOON)
    word = mailed_keys.token(session, key)
    session.commit()
    with Session(session.get_bind()) as other:
        assert mailed_keys.holder(other, word, now=NOON).name == "Ada"
        other.commit()
        mailed_keys.use(session, word, CHOSEN, now=NOON)
        session.commit()
        with pytest.raises(KeyIsSpent):
            mailed_keys.use(other, word, "something else", now=NOON)


def test_the_second_factor_from_its_picture_to_the_door(
    client: FlaskClient, cast: Cast, at: Callable[..., None]
) -> None:
    cast.signed_in(client, cast.ada)
    page = "/desk/you/second-factor"
    assert client.get(f"{page}.svg").status_code == 303
    post(client, page)
    picture = client.get(f"{page}.svg")
    assert picture.mimetype == "image/svg+xml"
    assert picture.headers["Cache-Control"] == "no-store"
    assert "style=" not in picture.text
    cast.session.expire_all()
    secret = cast.ada.totp_secret
    assert post(client, f"{page}/confirmation", page=page, code="123").status_code == 422
    now_shown = pyotp.TOTP(secret).at(int(NOON.timestamp()))
    done = post(client, f"{page}/confirmation", page=page, code=now_shown)
    codes = re.findall(r"<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", done.text)
    assert len(codes) == 10
    assert client.get(f"{page}.svg").status_code == 303  # nobody copies the key later

    other = client.application.test_client()
    assert post(other, "/desk/login", email="ada@example.org", password=PASSWORD).location == "/desk/login/code"
    assert other.get("/desk/you").location.startswith("/desk/login?")  # half way is not in
    assert post(other, "/desk/login/code", code="000000").status_code == 422
    assert post(other, "/desk/login/code", code=codes[0]).location == "/desk/"
    assert "9 codes on paper are left" in other.get("/desk/you").text

    third = client.application.test_client()
    post(third, "/desk/login", email="ada@example.org", password=PASSWORD)
    at(NOON + timedelta(minutes=11))
    assert third.get("/desk/login/code").location == "/desk/login"

    assert post(other, f"{page}/end", old="wrong").status_code == 422
    assert post(other, f"{page}/end", old=PASSWORD).status_code == 303
    assert post(third, "/desk/login", email="ada@example.org", password=PASSWORD).location == "/desk/"


def test_a_browser_is_signed_out_from_another_one(client: FlaskClient, cast: Cast, at: object) -> None:
    cast.signed_in(client, cast.ada)
    other = cast.signed_in(client.application.test_client(), cast.ada)
    page = client.get("/desk/you").text
    (address,) = re.findall(r'action="(/desk/you/sign-ins/\d+/end)"', page)
    assert other.get("/desk/you").status_code == 200
    assert client.post(address, data={"csrf_token": token(page)}).status_code == 303
    assert other.get("/desk/you").status_code == 303
    assert client.get("/desk/you").status_code == 200


def test_an_editor_helps_who_lost_phone_and_paper(
    client: FlaskClient, cast: Cast, session: Session, at: object
) -> None:
    mo = cast.mo
    second_factor.prepare(session, mo)
    second_factor.confirm(session, mo, pyotp.TOTP(mo.totp_secret).at(int(NOON.timestamp())), now=NOON)
    session.commit()
    cast.signed_in(client, cast.ada)
    answer = post(client, f"/desk/people/{mo.id}/second-factor", page="/desk/people")
    assert answer.status_code == 303
    assert not session.get_one(Person, mo.id, populate_existing=True).has_second_factor
