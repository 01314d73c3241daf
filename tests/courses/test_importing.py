"""Addresses from elsewhere: who waits, who is asked, who is left out and why; and what no file can do."""

import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.courses import importing, listing, opening, tallies, waitlist
from app.courses.importing import Broken, NoAddresses, NoFile, NoTable, Report, SealIsBroken, TooLong, read, take
from app.courses.models import Course, Subscriber, Tally
from app.mail.models import Delivery

from ..cast import Cast
from ..conftest import NOON
from ..house_on_a_port import token

FILE = """\
email,name,consent
vera@example.org,Vera,"ticked the box at the fair, 2026-10-03"
Boris@Example.org,Boris,
nobody,N,yes
VERA@example.org,Vera again,yes
"""


def imported(session: Session, course: Course, text: str = FILE, now=NOON) -> Report:  # type: ignore[no-untyped-def]
    report = take(session, course, read(text.encode()), now=now)
    session.commit()
    session.expire_all()
    return report


def whys(report: Report) -> list[tuple[int, str]]:
    return [(one.row.line, one.why) for one in report.left_out]


def counted(session: Session, what: type) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(what)) or 0


def test_whose_consent_is_stated_waits_and_the_others_are_asked(cast: Cast, session: Session) -> None:
    course = cast.course()
    report = imported(session, course)
    assert (report.waiting, report.asked, whys(report)) == (1, 1, [(4, "no address"), (5, "twice")])
    vera, boris = session.scalars(sa.select(Subscriber).order_by(Subscriber.id))
    assert (vera.confirmed_at, vera.consent) == (NOON, "ticked the box at the fair, 2026-10-03")
    assert (boris.email, boris.email_key, boris.confirmed_at) == ("Boris@example.org", "boris@example.org", None)
    only = session.scalars(sa.select(Delivery)).one()
    assert (only.kind, only.subscriber_id) == ("confirmation", boris.id)


def test_the_same_file_again_brings_nobody_new(cast: Cast, session: Session) -> None:
    course = cast.course()
    imported(session, course)
    again = imported(session, course, now=NOON + timedelta(hours=5))
    assert (again.waiting, again.asked) == (0, 0)
    assert whys(again) == [(2, "waits"), (3, "waits"), (4, "no address"), (5, "twice")]
    assert (counted(session, Subscriber), counted(session, Delivery)) == (2, 1)
    cast.opened(course)
    opening.close(session, waitlist.open_one(session, course), now=NOON)  # type: ignore[arg-type]
    told = imported(session, course, now=NOON + timedelta(days=3))
    assert (told.waiting, told.asked, whys(told)[0]) == (0, 0, (2, "told"))
    assert counted(session, Subscriber) == 2


def test_who_left_bounced_or_complained_does_not_come_back_by_a_file(cast: Cast, session: Session) -> None:
    course, other = cast.course(), cast.course("law", "Law")
    waitlist.leave(session, cast.subscriber(course, "left@example.org"), now=NOON)
    for why in ("bounced", "complained"):
        cast.subscriber(other, f"{why}@example.org")
        waitlist.end_address(session, f"{why}@example.org", why, now=NOON)  # type: ignore[arg-type]
    cast.subscriber(other, "elsewhere@example.org")
    waitlist.leave(session, cast.subscriber(other, "gone@example.org"), now=NOON)
    rows = "".join(f"{name}@example.org;yes\n" for name in ("left", "bounced", "complained", "elsewhere", "gone"))
    report = imported(session, course, "email;consent\n" + rows)
    assert whys(report) == [(2, "left"), (3, "bounced"), (4, "complained")]
    assert report.waiting == 2, "who only left another course may wait for this one"


@pytest.mark.parametrize("said", ["", "no", "No", "0", "FALSE", "-", "—", "нет", "n/a", "  "])
def test_no_consent_is_no_consent(said: str) -> None:
    assert [row.consent for row in read(f"email,consent\nv@example.org,{said}\n".encode())] == [""]


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
@pytest.mark.parametrize("between", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_tables_as_spreadsheets_write_them(coding: str, between: str, end: str) -> None:
    lines = [
        ("Почта", "Согласие", "Имя"),
        ("vera@example.org", "«да», на ярмарке", 'Вера "В"'),
        ("", "", ""),
        ("b@x.org",),
    ]
    text = end.join(between.join('"{}"'.format(cell.replace('"', '""')) for cell in cells) for cells in lines)
    rows = [(row.line, row.email, row.consent) for row in read(text.encode(coding))]
    assert rows == [(2, "vera@example.org", "«да», на ярмарке"), (4, "b@x.org", "")]


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (b"", NoFile),
        (b"\n\n", NoAddresses),
        (b"vera@example.org\n", NoAddresses),
        (b"name,phone\nVera,1\n", NoAddresses),
        (b"PK\x03\x04 a spreadsheet", NoTable),
        (b"email\nv@x.org\0\n", NoTable),
        (b"email\n\x98\xff\n", NoTable),
        (b"\xff\xfee", NoTable),
        (b'email,consent\n"v@x.org,yes\nb@x.org,yes\n', Broken),
        (b'email\n"v@x.org" or so\n', Broken),
        (b"email\n" + b"x" * 200_000, Broken),
        (b"email\n" + b"v@x.org\n" * 50_001, TooLong),
    ],
)
def test_what_is_no_table_is_refused_with_a_name(raw: bytes, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        read(raw)


def test_a_table_of_fifty_thousand_lines_is_read() -> None:
    assert len(read(b"email\n" + b"v@x.org\n" * 50_000)) == importing.MOST_ROWS


def test_a_day_has_so_many_confirmations_and_the_file_goes_on_tomorrow(
    cast: Cast, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "ASKED_A_DAY", tallies.Limit("import", 5, timedelta(days=1)))
    course = cast.course()
    file = "email\n" + "".join(f"r{n}@example.org\n" for n in range(12))
    found = [imported(session, course, file, NOON + timedelta(days=day)) for day in range(4)]
    assert [one.asked for one in found] == [5, 5, 2, 0]
    assert found[0].reasons == {"tomorrow": 7}
    other = cast.course("law", "Law")
    assert imported(session, other, file, NOON + timedelta(days=2)).asked == 3, "another course is no way around"


def test_a_file_is_no_way_to_fill_a_mailbox(cast: Cast, session: Session) -> None:
    rows = "".join(f"v.i.c.t.i.m+{n}@gmail.com\n" for n in range(30))
    report = imported(session, cast.course(), "email\n" + rows)
    assert (report.asked, report.reasons) == (tallies.A_DAY_TO_ONE_MAILBOX.most, {"enough": 26})
    assert counted(session, Delivery) == tallies.A_DAY_TO_ONE_MAILBOX.most


def test_a_proof_that_has_no_room_is_not_cut(cast: Cast, session: Session) -> None:
    report = imported(session, cast.course(), f"email,consent\nv@example.org,{'x' * 301}\nb@example.org,{'x' * 300}\n")
    assert (report.waiting, whys(report)) == (1, [(2, "no room")])


def test_nobody_comes_in_while_enrolment_is_open(cast: Cast, session: Session) -> None:
    course = cast.course()
    cast.opened(course)
    with pytest.raises(waitlist.EnrolmentIsOpen):
        imported(session, course)


def test_who_leaves_the_address_at_this_moment_is_there_once(cast: Cast, session: Session, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    course = cast.course()
    cast.subscriber(course, "vera@example.org", confirmed=False)
    monkeypatch.setattr(importing, "_known", lambda *_: {})
    report = imported(session, course, "email,consent\nvera@example.org,yes\nb@example.org,yes\n")
    assert (report.waiting, whys(report)) == (1, [(2, "waits")])


def test_what_was_taken_along_comes_in_elsewhere(cast: Cast, session: Session) -> None:
    course, other = cast.course(), cast.course("law", "Law")
    waits = ["vera@example.org", "=cmd@example.org", "+plus@example.org", "-o'hara@example.org", "вера@example.org"]
    for email in waits:
        cast.subscriber(course, email)
    cast.subscriber(course, "not.yet@example.org", confirmed=False)
    table = "".join(listing.table(session, course))
    assert "'=cmd@example.org" in table
    report = imported(session, other, table)
    assert (report.waiting, report.asked) == (5, 1)
    query = sa.select(Subscriber.email).where(Subscriber.course_id == other.id).order_by(Subscriber.id)
    assert session.scalars(query).all() == [*waits, "not.yet@example.org"]


def test_whom_the_table_itself_says_to_have_left_is_not_put_on_another_list(cast: Cast, session: Session) -> None:
    course = cast.course()
    cast.subscriber(course, "told@example.org")
    opening.close(session, cast.opened(course), now=NOON)
    waitlist.leave(session, cast.subscriber(course, "left@example.org"), now=NOON)
    cast.subscriber(course, "waits@example.org")
    table = "".join(listing.table(session, course))
    report = imported(session, cast.course("law", "Law"), table)
    assert (report.waiting, whys(report)) == (1, [(2, "told"), (3, "left")])


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("Unsubscribed", "left"), ("cleaned", "bounced"), ("СПАМ", "complained"), ("Отписан", "left"), ("told", "told"),
        ("waiting", None), ("subscribed", None), ("", None),
    ],
)  # fmt: skip
def test_states_of_other_programs_are_understood(cast: Cast, session: Session, state: str, why: str | None) -> None:
    table = f"Email,Consent,Status\nvera@example.org,at the fair,{state}\n"
    report = imported(session, cast.course(), table)
    assert (report.waiting, whys(report)) == ((0, [(2, why)]) if why else (1, []))


def test_the_table_says_of_each_what_became_of_it(
    cast: Cast, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "AT_ONCE", 2)
    course = cast.course()
    cast.subscriber(course, "told@example.org")
    opening.close(session, cast.opened(course), now=NOON)
    waitlist.leave(session, cast.subscriber(course, "left@example.org"), now=NOON)
    cast.subscriber(course, "erased@example.org")
    waitlist.erase_by(session, "erased@example.org", now=NOON)
    cast.subscriber(course, "dead@example.org")
    waitlist.end_address(session, "dead@example.org", "bounced", now=NOON)
    imported(session, course)
    rows = [line.split(",") for line in "".join(listing.table(session, course)).splitlines()]
    assert rows[0] == ["\ufeffemail", *listing.HEADINGS[1:]]
    assert [row[:2] for row in rows[1:]] == [
        ["told@example.org", "told"],
        ["left@example.org", "left"],
        ["dead@example.org", "bounced"],
        ["vera@example.org", "waiting"],
        ["Boris@example.org", "unconfirmed"],
    ]
    assert '"confirmed by mail for talks, 2026-11-22 12:00:00 UTC"' in ",".join(rows[1])
    assert ",".join(rows[4]).endswith('"ticked the box at the fair, 2026-10-03"')


def send(client: FlaskClient, raw: bytes, button: str = "take"):  # type: ignore[no-untyped-def]
    page = client.get("/desk/courses/1/import").text
    data = {"csrf_token": token(page), button: "1", "table": (io.BytesIO(raw), "list.csv")}
    return client.post("/desk/courses/1/import", data=data, content_type="multipart/form-data")


def press_import(client: FlaskClient, looked: str, course: int = 1):  # type: ignore[no-untyped-def]
    """Press the button under what a file would do."""
    (seal,) = re.findall(r'name="seal" value="([^"]+)"', looked)
    data = {"csrf_token": token(looked), "seal": seal, "take": "1"}
    return client.post(f"/desk/courses/{course}/import", data=data, content_type="multipart/form-data")


def test_an_editor_looks_first_and_then_imports_without_choosing_the_file_again(
    client: FlaskClient, cast: Cast, session: Session, at: object
) -> None:
    cast.course()
    cast.signed_in(client, cast.ada)
    looked = send(client, FILE.encode(), "look")
    assert looked.status_code == 200
    assert "Nothing has been done yet" in looked.text
    assert (counted(session, Subscriber), counted(session, Delivery), counted(session, Tally)) == (0, 0, 0)
    session.rollback()
    done = press_import(client, looked.text)
    assert done.status_code == 200
    assert "seal" not in done.text
    assert "Imported" in done.text
    assert "is no mail address" in done.text
    assert (counted(session, Subscriber), counted(session, Delivery)) == (2, 1)
    session.rollback()
    table = client.post("/desk/courses/1/waitlist.csv", data={"csrf_token": token(client.get("/desk/courses/1").text)})
    assert "vera@example.org,waiting" in table.text
    assert table.headers["Content-Disposition"] == 'attachment; filename="talks-2026-11-23-waitlist.csv"'


def test_a_file_that_was_looked_at_is_imported_for_an_hour_for_its_course_and_as_it_was(
    client: FlaskClient, cast: Cast, session: Session, at: Callable[..., None]
) -> None:
    cast.course()
    cast.course("law", "Law")
    cast.signed_in(client, cast.ada)
    looked = send(client, FILE.encode(), "look").text
    changed = looked.replace('name="seal" value="', 'name="seal" value="x')
    at(NOON + timedelta(hours=1))
    refused = [press_import(client, changed), press_import(client, looked, course=2)]
    at(NOON + timedelta(hours=1, seconds=1))
    refused.append(press_import(client, looked))
    for answer in refused:
        assert answer.status_code == 422
        assert "Choose it once more" in answer.text
    assert counted(session, Subscriber) == 0
    session.rollback()
    at(NOON + timedelta(hours=1))
    assert "Imported" in press_import(client, looked).text


def test_what_a_page_carries_is_what_the_file_said_and_has_its_bounds(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    course, rows = cast.course(), read(FILE.encode())
    seal = importing.sealed(rows, course, secret="s", now=NOON)
    assert importing.unsealed(seal, course, secret="s", now=NOON) == rows
    with pytest.raises(SealIsBroken):
        importing.unsealed(seal, course, secret="another", now=NOON)
    monkeypatch.setattr(importing, "LONGEST_SEALED", len(seal) - 1)
    with pytest.raises(TooLong):
        importing.sealed(rows, course, secret="s", now=NOON)


@pytest.mark.parametrize("button", ["look", "take"])
@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "Choose a file that is not empty"),
        (b"PK\x03\x04", "This file is no CSV table"),
        (b"name\nVera\n", "one of them must be “email”"),
        (b'email\nv@x.org\n"b@x.org\n', "quotation marks do not match"),
    ],
)
def test_a_bad_file_changes_nothing_and_is_told_why(
    raw: bytes, sentence: str, button: str, client: FlaskClient, cast: Cast, session: Session, at: object
) -> None:
    cast.course()
    cast.signed_in(client, cast.ada)
    answer = send(client, raw, button)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert (counted(session, Subscriber), counted(session, Delivery)) == (0, 0)


def test_what_stands_in_a_file_is_text_on_the_page(client: FlaskClient, cast: Cast, at: object) -> None:
    cast.course()
    cast.signed_in(client, cast.ada)
    answer = send(client, b"email\n<script>alert(1)</script>@x\n" + b"n" * 5000 + b"\n")
    assert "&lt;script&gt;" in answer.text
    assert "<script>alert" not in answer.text
    assert "n" * 100 not in answer.text


@pytest.mark.parametrize("role", ["writer", "moderator"])
def test_only_editors_bring_addresses_or_take_them_along(role: str, client: FlaskClient, cast: Cast) -> None:
    cast.course()
    cast.signed_in(client, {"writer": cast.wanda, "moderator": cast.mo}[role])
    for page in ("/desk/courses/1/import", "/desk/courses/1"):
        assert client.get(page).status_code == 403
    mine = {"csrf_token": token(client.get("/desk/you").text)}
    assert client.post("/desk/courses/1/waitlist.csv", data=mine).status_code == 403
