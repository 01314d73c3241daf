"""What the two mails say, as they arrive."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes, message_from_string
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import parseaddr
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app import work
from app.column.models import Settings
from app.config import ROOT, Config
from app.courses import opening, waitlist
from app.courses.models import Subscriber
from app.mail import return_path
from app.mail.messages import PARTS
from app.mail.models import Delivery

from ..cast import Cast
from ..conftest import NOON
from .conftest import Server, words

VERA = "vera@example.org"
Deliver = Callable[..., int]


def parts(mail: EmailMessage) -> tuple[str, str]:
    """(plain text, HTML)"""
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content().replace("\r\n", "\n"), html.get_content()


@pytest.fixture
def confirmation(cast: Cast, server: Server, deliver: Deliver) -> EmailMessage:
    cast.subscriber(cast.course(name="Hard talks & <deals>"), VERA, confirmed=False)
    deliver()
    (mail,) = server.mails
    return mail


@pytest.fixture
def notice(cast: Cast, session: Session, server: Server, deliver: Deliver) -> EmailMessage:
    course = cast.course(name="Hard talks & <deals>")
    cast.subscriber(course, VERA)
    opening.open_enrolment(
        session, course, subject="Запись открыта, «сейчас»", text=".\n\n..Dots begin lines.\n\n.\n",
        link="https://courses.example/enrol?a=1&b=2", language="en", by=cast.ada, now=NOON,
    )  # fmt: skip
    session.commit()
    deliver()
    (mail,) = server.mails
    return mail


@pytest.fixture(params=["confirmation", "notice"])
def mail(database: str, request: pytest.FixtureRequest) -> EmailMessage:
    found: EmailMessage = request.getfixturevalue(request.param)
    return found


def test_the_confirmation_asks_who_it_was_and_leads_to_the_button(confirmation: EmailMessage, session: Session) -> None:
    token = session.scalar(sa.select(Subscriber.confirm_token))
    assert confirmation["Subject"] == "Confirm your address for “Hard talks & <deals>”"
    plain, html = parts(confirmation)
    assert f"http://localhost/waitlist/confirm/{token}\n" in plain
    assert f'href="http://localhost/waitlist/confirm/{token}"' in html
    assert "If it was not you, do nothing" in words(plain)


def test_the_notice_says_why_it_came_that_it_is_the_only_one_and_how_to_leave(
    notice: EmailMessage, session: Session
) -> None:
    token = session.scalar(sa.select(Subscriber.leave_token))
    plain, html = parts(notice)
    for text in (words(plain), words(html)):
        assert "This address waits at Dear Friday" in text
        assert "the one mail that was promised" in text
        assert f"http://localhost/waitlist/leave/{token}" in text
    assert "https://courses.example/enrol?a=1&b=2" in plain
    assert 'href="https://courses.example/enrol?a=1&amp;b=2"' in html


def test_only_a_notice_offers_to_leave_by_one_click(confirmation: EmailMessage) -> None:
    for header in ("List-Unsubscribe", "List-Unsubscribe-Post", "Precedence"):
        assert header not in confirmation


def test_a_notice_offers_to_leave_by_one_click(notice: EmailMessage, server: Server, session: Session) -> None:
    token = session.scalar(sa.select(Subscriber.leave_token))
    assert notice["List-Unsubscribe"] == f"<http://localhost/waitlist/leave/{token}>"
    assert notice["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"<http://localhost/waitlist/leave/{token}>".encode() in server.raw[0]


def test_a_long_leaving_address_is_not_broken_or_encoded(
    cast: Cast, session: Session, server: Server, deliver: Deliver, config: Config
) -> None:
    cast.subscriber(cast.course(), VERA)
    cast.opened(waitlist.by_leave_token(session, session.scalar(sa.select(Subscriber.leave_token)) or "").course)
    site = "https://" + ".".join(["a-rather-long-part"] * 8) + ".example"
    deliver(replace(config, base_url=site))
    token = session.scalar(sa.select(Subscriber.leave_token))
    assert f"<{site}/waitlist/leave/{token}>".encode() in server.raw[-1]


def test_letters_of_every_script_arrive(notice: EmailMessage) -> None:
    assert notice["Subject"] == "Запись открыта, «сейчас»"
    assert "Запись открыта, «сейчас»" in parts(notice)[1]


@pytest.mark.parametrize(
    "title", ["Дорогая пятница", 'Friday, "dear" <friday@example.org>', "Пятница" * 17, "Fri\u2028day"]
)
def test_the_columns_title_is_the_senders_name_whatever_stands_in_it(
    cast: Cast, session: Session, server: Server, deliver: Deliver, title: str
) -> None:
    session.execute(sa.update(Settings).values(title=title, mail_from="friday@example.org"))
    session.commit()
    cast.subscriber(cast.course(), VERA, confirmed=False)
    deliver()
    sender = message_from_bytes(server.raw[0])["From"]
    name, address = parseaddr(str(make_header(decode_header(sender))))
    assert (name.replace("\\", ""), address) == (title, "friday@example.org")


def test_lines_that_begin_with_a_dot_arrive_as_they_were(notice: EmailMessage) -> None:
    plain, _ = parts(notice)
    assert plain.startswith(".\n\n..Dots begin lines.\n\n.\n")


def test_a_mail_names_itself_its_day_its_language_and_that_no_person_sent_it(mail: EmailMessage) -> None:
    assert mail["To"].addresses[0].addr_spec == VERA
    assert mail["Date"].datetime == NOON
    assert mail["Content-Language"] == "en"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@localhost>")


class Reader(HTMLParser):
    """Notes a page's language, its styles, and what it loads."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.styles = ""
        self.language = ""
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        named = dict(attrs)
        if tag == "html":
            self.language = named.get("lang") or ""
        self.loads += [value or "" for name, value in attrs if name in ("src", "srcset", "background", "poster")]
        self.styles += named.get("style") or ""

    def handle_data(self, data: str) -> None:
        self.styles += data if self.tags[-1:] == ["style"] else ""


def test_the_html_has_its_language_and_loads_nothing(mail: EmailMessage) -> None:
    reader = Reader()
    reader.feed(parts(mail)[1])
    assert reader.language == "en"
    assert reader.loads == []
    assert not re.search("url|@import|src", reader.styles)
    assert not {"img", "link", "script", "iframe", "form"} & set(reader.tags)
    assert "title" in reader.tags


def test_what_an_editor_typed_is_text_in_html(mail: EmailMessage) -> None:
    plain, html = parts(mail)
    assert "Hard talks & <deals>" in words(plain)
    assert "Hard talks &amp; &lt;deals&gt;" in words(html)
    assert "<deals>" not in html


LONG = """\
Come. *Now*, or **never**; ~~maybe~~ see [the page](https://courses.example/p?a=1&b=2).

> It was good.

1. first
2. second

From here on every line is a long one, %s and it ends.

Привет, «мир»! naïve 🙂
""" % ("word " * 300)


@pytest.fixture
def long_notice(cast: Cast, session: Session, server: Server, deliver: Deliver) -> EmailMessage:
    course = cast.course(name="Hard talks & <deals>")
    cast.subscriber(course, VERA)
    opening.open_enrolment(
        session, course, subject="Запись", text=LONG, link="https://courses.example/enrol", language="en",
        by=cast.ada, now=NOON,
    )  # fmt: skip
    session.commit()
    deliver()
    (mail,) = server.mails
    return mail


class Body(HTMLParser):
    """The words and the links of a mail's HTML."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.in_body = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.in_body |= tag == "body"
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        if self.in_body:
            self.words += re.findall(r"\w+", data)


def test_text_and_html_say_the_same_and_lead_to_the_same_pages(long_notice: EmailMessage) -> None:
    plain, html = parts(long_notice)
    body = Body(html)
    in_text = Counter(re.findall(r"\w+", re.sub(r"https?://\S+", "", plain)))
    in_text -= Counter(re.findall(r"\w+", "1. 2."))  # HTML counts its lists itself
    in_html = Counter(re.findall(r"\w+", re.sub(r"https?://\S+", "", " ".join(body.words))))
    subject = Counter(re.findall(r"\w+", str(long_notice["Subject"])))
    assert in_html - subject == in_text - subject
    for link in body.links:
        assert link in plain


def test_its_links_are_those_that_were_written_and_ours(long_notice: EmailMessage) -> None:
    hosts = {urlsplit(link).hostname for link in Body(parts(long_notice)[1]).links}
    assert hosts == {"courses.example", "localhost"}
    assert "https://courses.example/p?a=1&b=2" in Body(parts(long_notice)[1]).links


def test_every_mail_is_of_seven_bits_and_short_lines(long_notice: EmailMessage, server: Server) -> None:
    (raw,) = server.raw
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    body = raw.split(b"\r\n\r\n", 1)[1]
    assert max(len(line) for line in body.split(b"\r\n")) <= 78
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert not re.search(rb"(?m)^From ", body)
    assert "From here on every line" in parts(long_notice)[0]
    assert "Привет, «мир»! naïve 🙂" in parts(long_notice)[0]


def test_no_personal_mark_is_left_and_each_has_its_own_link(
    cast: Cast, session: Session, server: Server, deliver: Deliver
) -> None:
    course = cast.course()
    tokens = {one.email: one.leave_token for one in (cast.subscriber(course, f"r{n}@example.org") for n in range(4))}
    cast.opened(course)
    deliver()
    for mail in server.mails:
        for part in parts(mail):
            assert re.findall(r"/waitlist/leave/([\w-]+)", part) == [tokens[str(mail["To"])]]
            assert "personal" not in part


def test_answers_go_where_an_editor_said(cast: Cast, session: Session, server: Server, deliver: Deliver) -> None:
    session.execute(sa.update(Settings).values(mail_from="list@column.example", mail_reply_to="ada@column.example"))
    session.commit()
    cast.subscriber(cast.course(), VERA, confirmed=False)
    deliver()
    (mail,) = server.mails
    assert mail["From"].addresses[0].addr_spec == "list@column.example"
    assert mail["Reply-To"].addresses[0].addr_spec == "ada@column.example"
    assert mail["Sender"] is None  # one author, who is the sender (RFC 5322, 3.6.2)


def test_it_comes_back_to_an_address_that_says_which_delivery_it_was(
    cast: Cast, session: Session, server: Server, deliver: Deliver, config: Config
) -> None:
    cast.subscriber(cast.course(), VERA, confirmed=False)
    deliver(replace(config, return_address="bounces@column.example"))
    (sender,) = server.senders
    (claim,) = return_path.claims(sender, address="bounces@column.example")
    assert claim.delivery_id == session.scalar(sa.select(Delivery.id))
    assert return_path.is_genuine(claim, VERA, secret=config.secret_key)
    assert server.mails[0]["From"].addresses[0].addr_spec == "column@example.org"


@pytest.mark.parametrize(
    ("address", "arrives"),
    [("vera@почта.example", "vera@xn--80a1acny.example"), ("o'brien+x@example.org", "o'brien+x@example.org")],
)
def test_an_address_is_written_as_servers_take_it(
    cast: Cast, session: Session, server: Server, deliver: Deliver, address: str, arrives: str
) -> None:
    subscriber = cast.subscriber(cast.course(), VERA, confirmed=False)
    subscriber.email = address
    session.commit()
    deliver()
    assert server.recipients == [arrives]


@pytest.mark.parametrize("pipelining", [False, True])
def test_a_server_that_knows_every_script_gets_the_address_in_its_own(
    pipelining: bool, cast: Cast, session: Session, server: Server, deliver: Deliver
) -> None:
    server.smtputf8, server.pipelining = True, pipelining
    course = cast.course()
    first, second = (cast.subscriber(course, f"r{n}@example.org", confirmed=False) for n in range(2))
    first.email, second.email = "вера@почта.example", "boris@example.org"
    session.commit()
    assert deliver() == 2
    assert server.recipients == ["вера@xn--80a1acny.example", "boris@example.org"]
    to_vera = message_from_string(server.raw[0].decode(), policy=SMTPUTF8)
    assert to_vera["To"].addresses[0].addr_spec == "вера@xn--80a1acny.example"
    head, _, body = server.raw[0].partition(b"\r\n\r\n")
    assert body.isascii()
    assert [line for line in head.split(b"\r\n") if not line.isascii()] == ["To: вера@xn--80a1acny.example".encode()]
    assert server.raw[1].isascii()


def test_a_server_that_knows_only_ascii_is_not_asked_to_take_another_address(
    cast: Cast, session: Session, server: Server, deliver: Deliver
) -> None:
    subscriber = cast.subscriber(cast.course(), VERA, confirmed=False)
    subscriber.email = "вера@example.org"
    session.commit()
    assert deliver() == 0
    assert server.senders == []
    failed = session.scalars(sa.select(Delivery)).one()
    assert (failed.state, "SMTPUTF8" in failed.reply, "вера" in failed.reply) == ("failed", True, False)


def test_what_a_server_says_of_an_address_is_kept_without_the_address(
    cast: Cast, session: Session, server: Server, deliver: Deliver
) -> None:
    cast.subscriber(cast.course(), VERA, confirmed=False)
    server.mischief.append(("RCPT", f"550 <{VERA}> is unknown"))
    deliver()
    assert session.scalar(sa.select(Delivery.reply)) == "550 <…> is unknown"


def test_every_kind_of_mail_has_its_words(app: Flask) -> None:
    for kind in work.MAILS:
        for part in PARTS:
            assert (ROOT / "templates/mail" / ("notice" if kind == "trial" else kind) / part).exists(), kind


def test_every_mail_looks_like_the_columns_others() -> None:
    for page in (ROOT / "templates/mail").glob("*/html.html"):
        assert page.read_text().startswith('{% extends "layouts/mail.html" %}'), page
