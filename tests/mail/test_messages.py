"""What the two mails say, as they arrive."""

from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from html.parser import HTMLParser

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.column.models import Settings
from app.config import Config
from app.courses import opening, waitlist
from app.courses.models import Subscriber

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
        session, course, subject="Запись открыта, «сейчас»", text=".\n\n..Dots *begin* lines.\n\n.\n",
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
    assert confirmation["Subject"] == "Wait for the course Hard talks & <deals>?"
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
        assert "You left this address at Dear Friday" in text
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
    assert plain.startswith(".\n\n..Dots *begin* lines.\n\n.\n")


def test_a_mail_names_itself_its_day_its_language_and_that_no_person_sent_it(mail: EmailMessage) -> None:
    assert mail["To"].addresses[0].addr_spec == VERA
    assert mail["Date"].datetime == NOON
    assert mail["Content-Language"] == "en"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@localhost>")


class Reader(HTMLParser):
    """Notes a page's language, what it loads, and its links."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.language = ""
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        named = dict(attrs)
        if tag == "html":
            self.language = named.get("lang") or ""
        self.loads += [value or "" for name, value in attrs if name in ("src", "srcset", "background", "poster")]
        self.loads += ["url"] if "url(" in (named.get("style") or "") else []


def test_the_html_has_its_language_and_loads_nothing(mail: EmailMessage) -> None:
    reader = Reader()
    reader.feed(parts(mail)[1])
    assert reader.language == "en"
    assert reader.loads == []
    assert not {"img", "link", "script", "style", "iframe", "form"} & set(reader.tags)
    assert "title" in reader.tags


def test_what_an_editor_typed_is_text_in_html(mail: EmailMessage) -> None:
    plain, html = parts(mail)
    assert "Hard talks & <deals>" in words(plain)
    assert "Hard talks &amp; &lt;deals&gt;" in words(html)
    assert "<deals>" not in html
