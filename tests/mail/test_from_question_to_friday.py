"""A letter from /ask/ to its Friday, through three people who meet only by this column, with mails in a real server."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from flask.testing import FlaskClient

from app.letters.fridays import Slot

from ..cast import Cast
from ..house_on_a_port import token
from .conftest import Server
from .test_messages import parts

FRIDAY = Slot(datetime(2026, 11, 27, 10, 0), "Europe/Moscow")
VERA = "vera@example.org"
NINA = "nina@example.org"


def press(who: FlaskClient, address: str, page: str = "", **fields: str):  # type: ignore[no-untyped-def]
    answer = who.post(address, data={**fields, "csrf_token": token(who.get(page or address).text)})
    assert answer.status_code == 303, (address, answer.text)
    return answer.location


def link_in_the_last_mail(server: Server, path: str) -> str:
    found = re.search(rf"http://localhost({path}\S*)", parts(server.mails[-1])[0])
    assert found
    return found.group(1)


def test_a_question_becomes_a_letter_on_its_friday(
    client: FlaskClient, cast: Cast, server: Server, sweep: Callable[[], None], at: Callable[..., None]
) -> None:
    cast.rubric()
    reader, nina, ada = client, client.application.test_client(), client.application.test_client()
    question = {"name": "Vera", "text": "Ilya! Acme Ltd are silent.", "email": VERA, "consent": "y"}
    assert reader.post("/ask/", data=question).location == "/ask/thanks"

    # The editor invites a writer, who comes by the mail.
    cast.signed_in(ada, cast.ada)
    press(ada, "/desk/people", name="Nina", email=NINA, role="writer")
    sweep()
    press(nina, link_in_the_last_mail(server, "/desk/key/"), new="a sentence of hers", again="a sentence of hers")
    press(nina, "/desk/login", email=NINA, password="a sentence of hers")

    # The writer answers, leaves the firm's name out, and asks for other eyes.
    edit = press(nina, "/desk/questions/1/letter", "/desk/questions/1")
    form = nina.get(edit).text
    fields = {
        name: value
        for name, value in re.findall(r'<input[^>]*type="hidden"[^>]*name="(\w+)"[^>]*value="([^"]*)"', form)
        + re.findall(r'<input[^>]*name="(\w+)"[^>]*type="hidden"[^>]*value="([^"]*)"', form)
    }
    fields |= {
        "title": "Silence", "asker": "Vera", "language": "en", "question": "Ilya! My client is silent.",
        "answer": "Vera! **Write.**", "postscript": "", "course_note": "", "rubric_id": "1", "course_id": "",
        "adviser_id": "", "takes_comments": "y",
    }  # fmt: skip
    assert nina.post(edit, data=fields).status_code == 303
    assert "<del>Acme Ltd are</del>" in nina.get("/desk/questions/1").text
    review = re.sub("/edit.*", "/review", edit)
    press(nina, review)

    # The editor accepts it and gives it its Friday; the writer hears.
    assert "Silence" in ada.get("/desk/letters").text
    slot = press(ada, f"{review}/verdict", review, outcome="accepted", word="Lovely.")
    press(ada, slot, when="2026-11-27T10:00:00")
    assert "It goes out: Friday 27 November, 10:00 Moscow, in 3 days 19 hours." in ada.get("/desk/calendar").text
    sweep()
    assert (server.recipients, server.mails[-1]["Subject"]) == ([NINA, NINA], "Accepted: Silence")
    assert "Lovely." in parts(server.mails[-1])[0]

    # At its slot readers have it, and who asked is told, once.
    at(FRIDAY.moment - timedelta(seconds=1))
    sweep()
    assert reader.get("/letters/2026-11-27/").status_code == 404
    assert len(server.mails) == 2
    at(FRIDAY.moment)
    assert "My client is silent." in reader.get("/letters/2026-11-27/").text.replace("\u00a0", " ")
    for _ in range(2):
        sweep()
    assert server.recipients == [NINA, NINA, VERA]
    assert link_in_the_last_mail(server, "/letters/") == "/letters/2026-11-27/"
    assert "Acme" not in reader.get("/letters/2026-11-27/").text
