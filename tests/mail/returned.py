"""Mails that came back, written as servers write them."""

from email.message import EmailMessage

NOTICE = """\
Return-Path: <{path}>
From: Dear Friday <column@example.org>
To: <vera@example.org>
Subject: Enrolment is open
Message-ID: <notice.1.20261123120000000000@localhost>
"""


def bounce(
    status: str = "5.1.1",
    said: str = "smtp; 550 5.1.1 <vera@example.org>: Recipient address rejected: User unknown",
    *,
    action: str = "failed",
    to: str = "bounces@column.example",
    returned: str = NOTICE,
    told: str = "Your message could not be delivered.",
    recipient: str = "vera@example.org",
) -> bytes:
    """A report of RFC 3464. `to` and `returned` may have the return path."""
    diagnostic = f"Diagnostic-Code: {said}\n" if said else ""
    status_line = f"Status: {status}\n" if status else ""
    return f"""\
Return-Path: <>
From: MAILER-DAEMON@mail.example (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b0"

--b0
Content-Type: text/plain; charset=utf-8

{told}

--b0
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example

Final-Recipient: rfc822; {recipient}
Action: {action}
{status_line}{diagnostic}
--b0
Content-Type: text/rfc822-headers

{returned}
--b0--
""".encode()


def free_text(text: str, *, sender: str = "MAILER-DAEMON@mail.example", subject: str = "failure notice") -> bytes:
    """A mail of a server that writes no report."""
    return f"Return-Path: <>\nFrom: {sender}\nTo: bounces@column.example\nSubject: {subject}\n\n{text}".encode()


def complaint(kind: str = "abuse", *, returned: str = NOTICE) -> bytes:
    """A feedback report of RFC 5965."""
    return f"""\
From: <feedback@mail.example>
To: bounces@column.example
Subject: A complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b1"

--b1
Content-Type: text/plain

This is a complaint about a mail.

--b1
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Loop/1.0
Version: 1

--b1
Content-Type: message/rfc822

{returned}
The text.
--b1--
""".encode()


def from_a_person(text: str, *, subject: str = "Re: Enrolment is open", auto: str = "") -> bytes:
    """A mail that somebody wrote, or somebody's program in their place."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Vera <vera@example.org>", "bounces@column.example", subject
    if auto:
        mail["Auto-Submitted"] = auto
    mail.set_content(text)
    return bytes(mail)
