"""Which mails that come back say that an address is wrong for good, and which say something else."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mail.reports import LARGEST, read

from .returned import bounce, complaint, free_text, from_a_person

LASTING = [
    ("", "smtp; 550 5.1.1 <vera@example.org>... User unknown"),
    ("5.1.1", "smtp; 550 5.1.1 <vera@example.org>... User unknown"),
    ("5.1.1", ""),
    ("5.1.2", "smtp; 550 Host unknown"),
    ("5.1.3", "smtp; 553 Bad recipient address syntax"),
    ("5.1.6", "smtp; 550 5.1.6 recipient no longer on server: vera@example.org"),
    ("5.1.10", "smtp; 556 5.1.10 Domain takes no mail (nullMX)"),
    ("5.4.4", "X-Postfix; Host or domain name not found. Name service error for name=example.org"),
    ("5.0.0", "smtp; 550 vera@example.org... No such user"),
    ("5.0.0", "smtp; 550 5.1.1 The account vera@example.org does not exist"),
    ("5.2.1", "smtp; 550 5.2.1 <vera@example.org>: user unknown"),
    ("5.3.2", "smtp; 521 5.3.2 <vera@example.org>: System takes no mail"),
    ("5.4.1", "smtp; 550 5.4.1 Recipient address rejected: Access denied. [X.prod]"),
]
PASSING = [
    ("5.2.2", "smtp; 552 5.2.2 <vera@example.org>: Mailbox full"),
    ("5.1.1", "smtp; 552 5.2.2 Over quota"),
    ("5.7.1", "smtp; 550 5.7.1 User unknown: vera@example.org"),
    ("5.7.26", "smtp; 550 5.7.26 Unauthenticated mail: DMARC policy"),
    ("5.1.3", "smtp; 553 http://dnsbl.example/query/bl?ip=192.0.2.1"),
    ("5.1.8", "smtp; 501 5.1.8 Sender address rejected"),
    ("5.1.0", "smtp; 550 5.1.0 <column@example.org> sender rejected"),
    ("5.0.0", "smtp; 554 Transaction failed"),
    ("5.0.0", "smtp; 550 : User unknown"),
    ("5.6.0", "smtp; 552 5.6.0 Headers too large"),
    ("4.2.2", "smtp; 452 4.2.2 Over quota"),
    ("4.1.1", "smtp; 450 4.1.1 <vera@example.org>: user unknown"),
    ("4.4.7", "smtp; 421 Delivery time expired"),
    ("", "smtp; 550 <vera@example.org>... User does not exist"),
]


@pytest.mark.parametrize(("status", "said"), LASTING)
def test_an_address_that_is_wrong_is_known(status: str, said: str) -> None:
    report = read(bounce(status, said))
    assert (report.kind, report.lasting) == ("failure", True)
    assert report.failures[0].recipient == "vera@example.org"


@pytest.mark.parametrize(("status", "said"), PASSING)
def test_what_happens_to_good_addresses_too_is_no_lasting_failure(status: str, said: str) -> None:
    report = read(bounce(status, said))
    assert (report.kind, report.lasting) == ("failure", False)


def test_who_refuses_after_the_text_may_mean_the_text() -> None:
    told = (
        "<vera@example.org>: host mx.example said: 550 Unknown user vera@example.org (in reply to end of DATA command)"
    )
    assert not read(bounce("5.0.0", "smtp; 550 Unknown user vera@example.org", told=told)).lasting
    told = told.replace("end of DATA", "RCPT TO")
    assert read(bounce("5.0.0", "smtp; 550 Unknown user vera@example.org", told=told)).lasting


@pytest.mark.parametrize("action", ["delayed", "relayed", "delivered", "expanded"])
def test_what_has_not_failed_says_nothing(action: str) -> None:
    assert read(bounce(action=action)).kind == "nothing"


def test_a_list_behind_the_address_of_which_one_is_dead_is_not_dead() -> None:
    second = (
        "\nFinal-Recipient: rfc822; other@example.org\nAction: failed\nStatus: 5.2.2\n\n--b0\nContent-Type: text/rfc"
    )
    report = read(bounce().replace(b"\n--b0\nContent-Type: text/rfc", second.encode(), 1))
    assert [failure.lasting for failure in report.failures] == [True, False]
    assert not report.lasting


@pytest.mark.parametrize(
    "text",
    [
        "<vera@example.org>:\nRemote host said: 550 5.1.1 <vera@example.org>... User unknown [RCPT_TO]\n",
        "<vera@example.org>:\nSorry, I couldn't find any host named example.org. (#5.1.2)\n",
        "SMTP error from remote mailer after RCPT TO:<vera@example.org>: 550 no such user here\n",
        "vera@example.org\n    The recipient name is not recognized\n",
        "<vera@example.org>:\nNo mx record found for domain=example.org\n",
    ],
)
def test_servers_that_write_no_report_are_understood(text: str) -> None:
    assert read(free_text(text)).lasting


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("<vera@example.org>:\nRemote host said: 552 5.2.2 Mailbox full\n", "failure"),
        ("<vera@example.org>:\nI wasn't able to establish an SMTP connection. (#4.4.1)\n", "failure"),
        ("Your mail to vera@example.org [User unknown]\n", "nothing"),
        ("reject reason: Mailbox full\ntarget mail address: vera@example.org\n", "nothing"),
        ("This message has not yet been delivered. Delay reason: 450 4.2.0 later\n", "nothing"),
        (
            "Hello.\n\n--- Below this line is a copy of the message.\n\n550 5.1.1 <vera@example.org> User unknown\n",
            "nothing",
        ),
    ],
)
def test_other_words_of_servers_are_passing_or_nothing(text: str, kind: str) -> None:
    report = read(free_text(text))
    assert (report.kind, report.lasting) == (kind, False)


@pytest.mark.parametrize(
    "mail",
    [
        from_a_person("550 5.1.1 <vera@example.org>: User unknown"),
        from_a_person("I am away until Monday. 550 5.1.1 user unknown", subject="Automatic reply: Enrolment is open"),
        from_a_person("I am away.", subject="Out of office", auto="auto-replied"),
        free_text("550 5.1.1 vera@example.org user unknown", subject="Auto: away", sender="vera@example.org"),
        free_text(
            "550 5.1.1 vera@example.org user unknown", subject="Out of the office", sender="postmaster@x.example"
        ),
        b"From: Vera <vera@example.org>\nSubject: Fwd: bounce\nContent-Type: message/rfc822\n\n" + bounce(),
        b"",
        b"\xff\xfe\x00",
    ],
)
def test_people_and_their_programs_say_nothing(mail: bytes) -> None:
    assert read(mail).kind == "nothing"


@pytest.mark.parametrize("kind", ["abuse", "Abuse", "opt-out", "fraud"])
def test_a_complaint_is_known(kind: str) -> None:
    assert read(complaint(kind)).kind == "complaint"


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "dmarc"])
def test_what_is_no_complaint_is_none(kind: str) -> None:
    assert read(complaint(kind)).kind == "nothing"


def test_a_report_that_is_written_in_a_text_is_read_there() -> None:
    text = "Technical report:\n\nAction: failed\nFinal-Recipient: rfc822; vera@example.org\nStatus: 5.1.1\n"
    assert read(free_text(text)).lasting


def test_the_returned_mail_is_in_its_text_also_encoded() -> None:
    returned = "Content-Transfer-Encoding: base64\n\n" + "UmV0dXJuLVBhdGg6IDxib3VuY2VzKzE3LWFhQGNvbHVtbi5leGFtcGxlPg=="
    mail = bounce().replace(b"Content-Type: text/rfc822-headers\n\n", b"Content-Type: text/rfc822-headers\n")
    head, _, tail = mail.partition(b"Content-Type: text/rfc822-headers\n")
    assert "bounces+17-aa@column.example" in read(head + b"Content-Type: text/plain\n" + returned.encode() + tail).text


@given(st.binary(max_size=400), st.sampled_from([bounce(), complaint(), free_text("550 5.1.1 x")]), st.integers(0, 400))
def test_no_mail_breaks_it(noise: bytes, mail: bytes, where: int) -> None:
    assert read(mail[:where] + noise + mail[where:]).kind in ("failure", "complaint", "nothing")


def test_a_very_large_or_deep_mail_is_read_in_bounds() -> None:
    assert read(bounce() + b"x" * 3 * LARGEST).lasting
    inside = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1200))
    assert read(inside).kind == "nothing"


@pytest.mark.parametrize(
    ("charset", "encoding"), [*product(["utf-8", "koi8-r", "no-such", ""], ["8bit", "base64", "x-none"])]
)
def test_any_charset_and_encoding_is_taken(charset: str, encoding: str) -> None:
    mail = free_text("550 5.1.1 <vera@example.org> после RCPT TO: user unknown")
    kinds = f'Content-Type: text/plain; charset="{charset}"\nContent-Transfer-Encoding: {encoding}\n'
    assert read(kinds.encode() + mail).kind in ("failure", "nothing")
