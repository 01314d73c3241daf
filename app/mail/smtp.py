"""The two ways a mail leaves: a real SMTP connection, or a file in the data folder.

Both tell three fates apart: refused for now (safe to try again), refused for good, and unknown, when the connection
broke after the whole mail was handed over and before the server's answer (promise 6's only window).
"""

import re
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

TIMEOUT = 60.0
"""Seconds for each answer of the server."""


class MailFailed(Exception):
    """The mail was not accepted; the message is the server's reply."""


class RefusedForNow(MailFailed):
    """A 4xx reply: the mail has not left and may be tried again."""


class ServerAway(MailFailed):
    """No connection, or none any more: no mail leaves now, and this one has not left."""


class RefusedForGood(MailFailed):
    """A 5xx reply: this mail to this address will never be accepted."""


class FateUnknown(MailFailed):
    """The connection broke between the mail's last byte and the reply: it may have been accepted."""


@dataclass(frozen=True)
class Envelope:
    """One mail to one recipient, as it leaves."""

    sender: str
    """Where it comes back to when it cannot be delivered."""
    recipient: str
    data: bytes
    """The message, with CRLF at the ends of its lines."""
    name: str
    """Of the mail, the same at every try; good for a file's name."""


Begin = Callable[[], bool]
"""Writes down that a mail leaves now; False when it may not. Called once at most, before the text leaves."""


def at_once() -> bool:
    """For mails of which nobody keeps a record."""
    return True


def nothing() -> None:
    """There is nothing to do meanwhile."""


class Transport(Protocol):
    """Something that takes mails."""

    def send(self, envelope: Envelope, begin: Begin = at_once, meanwhile: Callable[[], None] = nothing) -> str | None:
        """Hand over one mail to its one recipient; returns the server's reply, None when `begin` said no.

        meanwhile: what may be done while the server thinks about the text; it raises nothing. Raises MailFailed.
        """
        ...


@contextmanager
def transport(mail_url: str, folder: Path) -> Iterator[Transport]:
    """An open transport for DEARFRIDAY_MAIL_URL; the connection is made at the first mail and kept for all of them."""
    if urlsplit(mail_url).scheme == "folder":
        yield Folder(folder)
        return
    connection = Connection(mail_url)
    try:
        yield connection
    finally:
        connection.close()


class Folder:
    """Writes each mail as an `.eml` file, named after its Message-ID: the same mail twice is one file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, envelope: Envelope, begin: Begin = at_once, meanwhile: Callable[[], None] = nothing) -> str | None:
        part = self.folder / f".{envelope.name}.part"
        if not begin():
            return None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(envelope.data)
            part.rename(self.folder / f"{envelope.name}.eml")
        except OSError as error:
            raise ServerAway(str(error)[:300]) from error
        return "250 kept in the folder"


class Connection:
    """One SMTP connection, opened when first needed and again after it broke."""

    def __init__(self, mail_url: str) -> None:
        parts = urlsplit(mail_url)
        options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        self.host = parts.hostname or "localhost"
        self.tls = options.get("tls", "")
        self.port = parts.port or (465 if self.tls == "on" else 25)
        self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")
        self.open: smtplib.SMTP | None = None

    def send(self, envelope: Envelope, begin: Begin = at_once, meanwhile: Callable[[], None] = nothing) -> str | None:
        begin = _once(begin)
        was_open = self.open is not None
        try:
            smtp = self._offer(envelope, begin)
        except ServerAway:
            if not was_open:
                raise
            smtp = self._offer(envelope, begin)  # servers end a connection that was idle or had its number of mails
        return self._hand_over(smtp, envelope, meanwhile) if begin() else None

    def greet(self) -> set[str]:
        """Connect, sign in, send nothing; returns what the server can do beyond the rest. Raises ServerAway."""
        try:
            self.open = self.open or self._connect()
            return set(self.open.esmtp_features)
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise ServerAway(str(error)[:300]) from error

    def _offer(self, envelope: Envelope, begin: Begin) -> smtplib.SMTP:
        """Up to the server's "go ahead"."""
        try:
            smtp = self.open = self.open or self._connect()
            if self._addresses_taken(smtp, self._commands(smtp, envelope), begin):
                self._say(smtp.docmd("DATA"), wanted=354)
            else:
                self._start_afresh()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise ServerAway(str(error)[:300]) from error
        return smtp

    def _addresses_taken(self, smtp: smtplib.SMTP, commands: list[bytes], begin: Begin) -> bool:
        """Say MAIL and RCPT, both at once if the server knows that (RFC 2920); while it thinks, `begin` is asked.

        Not DATA as well: a server that waits for a text cannot be told that none comes.
        """
        together = smtp.has_extn("pipelining")
        smtp.send(b"".join(commands) if together else commands[0])
        go_on = begin()
        answers = [smtp.getreply() for _ in (commands if together else commands[:1])]
        if not together and answers[0][0] == 250:
            smtp.send(commands[1])
            answers.append(smtp.getreply())
        for answer in answers:
            self._say(answer)
        return go_on

    def _commands(self, smtp: smtplib.SMTP, envelope: Envelope) -> list[bytes]:
        """MAIL and RCPT, with what the server must be told of an address that is not ASCII (RFC 6531)."""
        options = ""
        if not (envelope.recipient + envelope.sender).isascii():
            if not smtp.has_extn("smtputf8"):
                raise RefusedForGood("our mail server cannot write to this address: it does not know SMTPUTF8")
            options = " SMTPUTF8 BODY=8BITMIME"
        commands = [f"MAIL FROM:<{envelope.sender}>{options}", f"RCPT TO:<{envelope.recipient}>"]
        if any(set(one) & set("\r\n") for one in commands):
            raise RefusedForGood("an address is of one line")
        return [one.encode() + b"\r\n" for one in commands]

    def close(self) -> None:
        """Say goodbye, if there is somebody to say it to."""
        if self.open is not None:
            try:
                self.open.quit()
            except (OSError, smtplib.SMTPException):
                self.open.close()
            self.open = None

    def _hand_over(self, smtp: smtplib.SMTP, envelope: Envelope, meanwhile: Callable[[], None]) -> str:
        try:
            smtp.send(_on_the_wire(envelope.data))
            meanwhile()
            answer = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise FateUnknown(str(error)[:300]) from error
        return self._say(answer)

    def _connect(self) -> smtplib.SMTP:
        if self.tls == "on":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=TIMEOUT, context=ssl.create_default_context()
            )
        else:
            smtp = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)
        if self.tls == "starttls":
            smtp.starttls(context=ssl.create_default_context())
        if self.user:
            smtp.login(self.user, self.password)
        smtp.ehlo_or_helo_if_needed()
        return smtp

    def _say(self, answer: tuple[int, bytes], wanted: int = 250) -> str:
        code, text = answer
        reply = f"{code} {text.decode('utf-8', 'replace')}"[:300]
        if code == wanted or (wanted == 250 and code == 251):
            return reply
        self._start_afresh(hangs_up=code == 421)
        if 500 <= code < 600:
            raise RefusedForGood(reply)
        raise RefusedForNow(reply)

    def _start_afresh(self, hangs_up: bool = False) -> None:
        """Ready for the next mail when this one does not leave. hangs_up: as after a 421 (RFC 5321, 3.8)."""
        try:
            if self.open is not None and not hangs_up:
                self.open.rset()
                return
        except (OSError, smtplib.SMTPException):
            pass
        self.close()


def _once(begin: Begin) -> Begin:
    """Asked again, it says what it said."""
    said: list[bool] = []

    def ask() -> bool:
        if not said:
            said.append(begin())
        return said[0]

    return ask


def _on_the_wire(data: bytes) -> bytes:
    """The mail as DATA wants it: dots doubled at line starts, a lone dot at the end (RFC 5321, 4.5.2)."""
    if b"\n." in data:
        data = re.sub(rb"(?m)^\.", b"..", data)
    return data + (b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n")
