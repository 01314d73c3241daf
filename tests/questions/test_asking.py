"""A question on its way in, and at the desk, as browsers without scripts see it."""

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app.questions import inbox
from app.questions.models import Contact, Question

from ..cast import Cast
from ..house_on_a_port import token

SENT = {"name": "Vera", "text": "Ilya! My client wants a third sofa for free.", "consent": "y"}


@pytest.fixture
def question(cast: Cast, at: object) -> Question:
    found = inbox.send(cast.session, name="Vera", text="Acme Ltd want it blue.", email="v@example.org", now=cast.now)
    cast.session.commit()
    return found


def number(cast: Cast) -> int:
    found = cast.session.scalar(sa.select(sa.func.count()).select_from(Question)) or 0
    cast.session.rollback()
    return found


def test_without_consent_nothing_is_sent_and_all_is_kept(client: FlaskClient, cast: Cast, at: object) -> None:
    answer = client.post("/ask/", data={**SENT, "consent": "", "email": "vera@example.org"})
    assert answer.status_code == 422
    for kept in ("Without this the question cannot be answered", "third sofa", "vera@example.org", 'value="Vera"'):
        assert kept in answer.text
    assert number(cast) == 0


def test_letters_that_answer_it_are_shown_before_it_is_sent(client: FlaskClient, cast: Cast, at: object) -> None:
    cast.letter("Charging for sofas", question="The client wants a third sofa.", answer="Charge.")
    cast.letter("A scheduled sofa", question="A third sofa sofa.", days_ago=-3)
    cast.letter("About cats", question="A cat sat on the keyboard.", answer="Cats do.")
    answer = client.post("/ask/", data={**SENT, "look": "1"})
    assert answer.status_code == 200
    assert "Charging for sofas" in answer.text
    assert "third sofa for free" in answer.text
    assert "About cats" not in answer.text
    assert "A scheduled sofa" not in answer.text
    assert number(cast) == 0
    nothing = client.post("/ask/", data={"text": "Zyzzyva?", "look": "1"})
    assert "No letter is like your question yet." in nothing.text
    assert client.post("/ask/", data={"look": "1"}).status_code == 200


def test_the_list_of_questions_never_says_an_address(client: FlaskClient, cast: Cast, question: Question) -> None:
    for person, shown in ((cast.wanda, False), (cast.ada, True)):
        cast.signed_in(client, person)
        assert "v@example.org" not in client.get("/desk/questions").text
        assert ("v@example.org" in client.get(f"/desk/questions/{question.id}").text) is shown


def test_what_was_left_out_of_the_question_is_shown(client: FlaskClient, cast: Cast, question: Question) -> None:
    letter = inbox.make_letter(cast.session, question, language="en", by=cast.wanda, now=cast.now)
    cast.session.commit()
    cast.signed_in(client, cast.wanda)
    address = f"/desk/questions/{question.id}"
    assert "the letter has the question word for word" in client.get(address).text
    letter.question_source = "The client want it blue."
    cast.session.commit()
    page = client.get(address).text
    assert "<del>Acme Ltd</del>" in page
    assert "<ins>The client</ins>" in page


def test_the_desk_moves_notes_and_merges(client: FlaskClient, cast: Cast, question: Question) -> None:
    other = inbox.send(cast.session, name="Boris", text="Acme Ltd want it blue!", now=cast.now)
    cast.session.commit()
    cast.signed_in(client, cast.wanda)
    address = f"/desk/questions/{question.id}"

    def press(what: str, **fields: str) -> str:
        answer = client.post(f"{address}/{what}", data={"csrf_token": token(client.get(address).text), **fields})
        assert answer.status_code in (303, 422), what
        return client.get(answer.location).text if answer.location else answer.text

    assert "on the shortlist" in press("shortlisting")
    assert "it was set aside" in press("aside")
    assert "· a new one" in press("return")
    assert "Whose Acme?" in press("notes", text="Whose Acme?")
    assert "Please fill this in." in press("notes", text=" ")
    assert "No question has this number." in press("merging", into="999")
    assert "cannot go with itself" in press("merging", into=str(question.id))
    assert "Please fill this in." in press("merging", into="")
    assert "Answered together with it" in press("merging", into=str(other.id))
    assert "answered with it:" in client.get(address).text
    assert "stands by itself again" in press("parting")


def test_each_empty_list_says_what_to_do(client: FlaskClient, cast: Cast, at: object) -> None:
    cast.signed_in(client, cast.wanda)
    said = {
        client.get(f"/desk/questions?standing={one}").text.split('class="empty">')[1][:60] for one in inbox.STANDINGS
    }
    assert len(said) == len(inbox.STANDINGS)
    assert "No question says this." in client.get("/desk/questions?q=zebra").text
    assert client.get("/desk/questions?standing=odd").status_code == 404


def test_the_address_goes_with_the_person_who_is_erased(cast: Cast, question: Question) -> None:
    from app.column.erasing import erase

    assert erase(cast.session, "V@example.org", secret_key="k", now=cast.now)["questions"] == 1
    assert cast.session.scalars(sa.select(Contact)).all() == []
