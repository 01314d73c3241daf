"""Every form of the readers' site, fed with what no form wants."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.comments.models import Comment
from app.courses.models import Subscriber
from app.questions.models import Question

from ..cast import Cast
from ..house_on_a_port import token

FORMS: dict[str, tuple[str, dict[str, str], type]] = {
    "comment": ("/letters/2026-11-20/comments", {"name": "Boris", "text": "A new thought."}, Comment),
    "question": ("/ask/", {"name": "Vera", "text": "Ilya! What now?", "consent": "y"}, Question),
    "waitlist": ("/courses/talks/waitlist", {"email": "vera@example.org"}, Subscriber),
}
TEXTS = [(form, field) for form, (_, fields, _) in FORMS.items() for field in fields if field != "consent"]


@pytest.fixture
def number(cast: Cast, session: Session, at: object) -> Callable[[type], int]:
    """How many rows of a kind there are, with a letter and a course on the stage."""
    cast.letter(days_ago=3)
    cast.course()

    def count(kind: type) -> int:
        found = session.scalar(sa.select(sa.func.count()).select_from(kind)) or 0
        session.rollback()
        return found

    return count


@pytest.mark.parametrize("form", FORMS)
def test_a_good_one_is_kept_and_answered_with_303(
    form: str, client: FlaskClient, number: Callable[[type], int]
) -> None:
    address, fields, kind = FORMS[form]
    answer = client.post(address, data=fields)
    assert answer.status_code == 303
    assert client.get(answer.location).status_code == 200
    assert number(kind) == 1


@pytest.mark.parametrize("form", FORMS)
def test_sent_twice_it_is_one(form: str, client: FlaskClient, number: Callable[[type], int]) -> None:
    address, fields, kind = FORMS[form]
    assert [client.post(address, data=fields).status_code for _ in range(2)] == [303, 303]
    assert number(kind) == 1


@pytest.mark.parametrize(("form", "field"), TEXTS)
@pytest.mark.parametrize(
    ("typed", "status", "says"),
    [
        ("", 422, "Please fill this in."),
        (" \t\n\u00a0\u200b ", 422, "Please fill this in."),
        ("a" * 30_000, 422, "Too long: at most"),
        ("be\x00fore", 400, "cannot be kept"),
        ("be\x1bfore", 400, "cannot be kept"),
        ("be\x7ffore", 400, "cannot be kept"),
    ],
    ids=["empty", "invisible", "too-long", "nul", "escape", "delete"],
)
def test_what_is_wrong_is_said_beside_the_field_and_what_was_typed_is_kept(
    form: str, field: str, typed: str, status: int, says: str, client: FlaskClient, number: Callable[[type], int]
) -> None:
    address, fields, kind = FORMS[form]
    answer = client.post(address, data={**fields, field: typed})
    assert answer.status_code == status
    assert says in answer.text
    assert 'aria-invalid="true"' in answer.text
    for other, kept in fields.items():
        if other != field:
            assert kept in answer.text
    if typed.startswith("be"):
        assert "be\ufffdfore" in answer.text
    assert number(kind) == 0


@pytest.mark.parametrize(("form", "field"), TEXTS)
def test_broken_utf_8_is_said_beside_the_field(
    form: str, field: str, client: FlaskClient, number: Callable[[type], int]
) -> None:
    address, fields, kind = FORMS[form]
    others = "".join(f"&{name}={value}".replace(" ", "+") for name, value in fields.items() if name != field)
    for body in (f"{field}=ab%ff%fecd{others}".encode(), f"{field}=ab".encode() + b"\xff\xfecd" + others.encode()):
        answer = client.post(address, data=body, content_type="application/x-www-form-urlencoded")
        assert answer.status_code == 400
        assert "cannot be kept" in answer.text
        assert "ab\ufffd\ufffdcd" in answer.text
    assert number(kind) == 0


@pytest.mark.parametrize("form", FORMS)
def test_five_megabytes_are_refused_before_they_are_parsed(
    form: str, client: FlaskClient, number: Callable[[type], int]
) -> None:
    address, fields, kind = FORMS[form]
    answer = client.post(address, data={**fields, "text": "a" * 5_000_000})
    assert answer.status_code == 413
    assert "That is too much at once" in answer.text
    assert number(kind) == 0


@pytest.mark.parametrize("form", FORMS)
def test_a_post_from_another_site_is_refused(form: str, client: FlaskClient, number: Callable[[type], int]) -> None:
    address, fields, kind = FORMS[form]
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    ):
        assert client.post(address, data=fields, headers=headers).status_code == 403, headers
    assert number(kind) == 0
    ours = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert client.post(address, data=fields, headers=ours).status_code == 303


def test_markup_in_a_comment_is_shown_as_it_was_typed(client: FlaskClient, number: object, cast: Cast) -> None:
    typed = "<script>alert(1)</script><img src=x onerror=alert(1)> & co"
    client.post("/letters/2026-11-20/comments", data={"name": "<b>Boris</b>", "text": typed})
    comment = cast.session.scalars(sa.select(Comment)).one()
    assert comment.text_source == typed
    assert "<script" not in comment.text_html
    assert "<img" not in comment.text_html
    assert "&lt;script&gt;" in comment.text_html


def test_the_form_that_comes_back_escapes_what_was_typed(client: FlaskClient, number: object) -> None:
    answer = client.post("/letters/2026-11-20/comments", data={"name": '"><script>1</script>', "text": ""})
    assert answer.status_code == 422
    assert "<script>1" not in answer.text


@pytest.mark.parametrize(
    "address",
    ["/nothing", "/letters/2026-11-21/", "/letters/9999/", "/letters/%ff/", "/topics/none/", "/courses/none/",
     "/rubrics/none/", "/letters/2026-11-20/nothing", "/waitlist/confirm/none", "/waitlist/leave/none", "/%00"],
)  # fmt: skip
def test_an_unknown_page_is_404_in_the_sites_own_look(address: str, client: FlaskClient, number: object) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert "Dear Friday" in answer.text
    assert "All letters" in answer.text


@pytest.mark.parametrize("address", ["/desk/nowhere", "/desk/letters/99"])
def test_what_is_not_at_the_desk_is_said_in_its_words(
    address: str, client: FlaskClient, cast: Cast, number: object, at: object
) -> None:
    answer = cast.signed_in(client, cast.ada).get(address)
    assert answer.status_code == 404
    assert "What was here may be gone, or the address has a mistake in it." in answer.text
    assert 'href="/desk/"' in answer.text


NUMBERS = ("9999999999", "9" * 20, "9" * 5000)
"""What no column of PostgreSQL holds, nor one of SQLite, nor Python's int() without being told."""
NUMBERED = (
    "/sitemap-{}.xml", "/letters/{}/", "/desk/courses/{}", "/desk/courses/{}/notice", "/desk/courses/openings/{}",
    "/desk/queue/letters/{}", "/desk/letters/{}/edit", "/desk/questions/{}", "/desk/comments/{}/history",
)  # fmt: skip
ASKED = (
    "/desk/pruning?letter={}", "/desk/pruning?page={}", "/desk/questions?page={}", "/desk/queue?since={}",
    "/desk/queue/pulse?since={}&shown={}", "/desk/queue?after=0_-{}_2026-11-23T12:00Z_1", "/letters/?page={}",
    "/desk/letters/1/comparison?new={}", "/desk/memory?after=2026-11-23T12:00Z_{}",
    "/desk/calendar/place?at=2026-11-27T10:00&rubric={}",
)  # fmt: skip


@pytest.mark.parametrize("number_", NUMBERS, ids=len)
def test_a_number_that_no_row_can_have_is_no_row(
    number_: str, client: FlaskClient, cast: Cast, number: object, at: object
) -> None:
    cast.signed_in(client, cast.ada)
    for address in NUMBERED:
        assert client.get(address.format(number_)).status_code == 404, address
        assert client.get(address.format(number_), headers={"Accept": "application/json"}).status_code == 404, address
    for address in ASKED:
        assert client.get(address.replace("{}", number_)).status_code in (200, 400, 404), address
    for address in ("/desk/comments/{}/decision", "/desk/queue/letters/{}", "/desk/people/{}/role"):
        sent = {"csrf_token": token(client.get("/desk/courses").text)}
        answer = client.post(address.format(number_), data=sent)
        assert answer.status_code in (404, 405), address  # 405 where the address of a GET looks the same


@pytest.mark.parametrize("number_", NUMBERS, ids=len)
def test_a_number_too_large_in_a_form_is_as_if_it_were_not_there(
    number_: str, client: FlaskClient, cast: Cast, number: object, at: object
) -> None:
    comment = cast.comment(cast.letter(days_ago=2))
    cast.signed_in(client, cast.ada)
    sent = {"csrf_token": token(client.get("/desk/courses").text)}
    presence = client.post("/desk/queue/presence", data=sent | {"comment": number_})
    assert presence.status_code == 204
    act = {f"verdict-{comment.id}": "none", "since": number_}
    assert client.post(f"/desk/queue/letters/{comment.letter_id}", data=sent | act).status_code == 200
    typed = sent | {"title": "T", "language": "en", "base": number_, "seq": number_, "count": number_}
    assert client.post("/desk/letters/1/typed", data=typed).status_code < 500


def test_an_error_shows_an_apology_and_logs_the_traceback(
    client: FlaskClient, number: object, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*args: object, **more: object) -> None:
        raise RuntimeError("the roof is on fire")

    monkeypatch.setattr("app.letters.reading.newest", fails)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.text
    assert "roof" not in answer.text
    assert "RuntimeError: the roof is on fire" in caplog.text


def test_a_comment_on_a_letter_that_is_not_out_is_404(client: FlaskClient, cast: Cast, at: object) -> None:
    letter = cast.letter(days_ago=-4)
    assert client.post(f"/letters/{letter.name}/comments", data={"name": "B", "text": "T"}).status_code == 404


def test_a_letter_that_takes_no_comments_says_so_and_keeps_what_was_typed(
    client: FlaskClient, cast: Cast, at: object
) -> None:
    letter = cast.letter(takes_comments=False)
    answer = client.post(f"/letters/{letter.name}/comments", data={"name": "B", "text": "My long thought."})
    assert answer.status_code == 403
    assert "takes no more comments" in answer.text
    assert "My long thought." in answer.text
