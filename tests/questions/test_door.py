import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.questions import door, inbox
from app.questions.models import Closing, Question

from ..cast import Cast
from ..conftest import NOON
from ..house_on_a_port import token

SENT = {"name": "Vera", "text": "Ilya! What now?", "consent": "y"}


def test_while_it_is_closed_no_question_comes_in(cast: Cast, session: Session) -> None:
    door.close(session, "Until *March*.", by=cast.ada, now=NOON)
    with pytest.raises(door.InboxClosed):
        inbox.send(session, name="Vera", text="And now?", now=NOON)
    door.open_again(session, now=NOON)
    assert inbox.send(session, name="Vera", text="And now?", now=NOON)


def test_it_is_closed_once_whoever_else_closes_it(cast: Cast, session: Session) -> None:
    door.close(session, "Until March.", by=cast.ada, now=NOON)
    with pytest.raises(door.AlreadyClosed):
        door.close(session, "Until April.", by=cast.ada, now=NOON)
    second = sa.insert(Closing).values(door=1, text_source="", text_html="", closed_at=NOON, by_id=cast.ada.id)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(second)
    closed = door.closing(session)
    assert closed is not None
    assert closed.text_source == "Until March."


def test_readers_see_the_text_at_once_and_keep_what_they_typed(client: FlaskClient, cast: Cast, at: object) -> None:
    assert 'name="text"' in client.get("/ask/").text
    cast.signed_in(client, cast.ada)
    form = client.get("/desk/questions/door").text
    client.post("/desk/questions/door", data={"text": "We read until March.", "csrf_token": token(form)})
    page = client.get("/ask/").text
    assert "We read until March." in page
    assert 'name="text"' not in page
    late = client.post("/ask/", data=SENT)
    assert late.status_code == 409
    assert "Ilya! What now?" in late.text
    assert "We read until March." in late.text
    assert cast.session.scalar(sa.select(sa.func.count()).select_from(Question)) == 0
    cast.session.rollback()
    form = client.get("/desk/questions/door").text
    client.post("/desk/questions/door/opening", data={"csrf_token": token(form)})
    assert 'name="text"' in client.get("/ask/").text
    assert client.post("/ask/", data=SENT).status_code == 303


def test_only_editors_hold_the_key(client: FlaskClient, cast: Cast) -> None:
    cast.signed_in(client, cast.wanda)
    assert client.get("/desk/questions/door").status_code == 403
