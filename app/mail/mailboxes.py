"""Where mails that came back are found: a mailbox on an IMAP server, a file, a folder, a pipe.

Each is given out with what to do when it was dealt with. From IMAP, a mail that was about one of ours is deleted, since
it holds an address; any other is marked as read and left for a person. Both only after what it did is committed: read
twice, it does nothing the second time.
"""

import imaplib
import mailbox
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit

from .reports import LARGEST

TIMEOUT = 60.0
"""Seconds for each answer of the server."""
DEFAULT_MAILBOX = "INBOX"


class NoMailbox(Exception):
    """The mailbox cannot be read; the message is one line."""


@dataclass(frozen=True)
class Returned:
    """A mail that came back, and its number on the server, if it is on one."""

    raw: bytes
    uid: str = ""


def of_stream(stream: BinaryIO) -> Iterator[Returned]:
    """The one mail that a pipe gives (as `|command` in a mail server's aliases)."""
    yield Returned(stream.read(LARGEST))


def of_path(path: Path) -> Iterator[Returned]:
    """The mails of a file (one mail, or an mbox), or of a folder (a Maildir, or one file a mail).

    Raises NoMailbox.
    """
    try:
        if path.is_dir():
            folders = [path / name for name in ("new", "cur") if (path / name).is_dir()] or [path]
            for file in sorted(file for folder in folders for file in folder.iterdir() if file.is_file()):
                yield Returned(_beginning(file))
        elif _beginning(path).startswith(b"From "):
            for message in mailbox.mbox(path, create=False):
                yield Returned(message.as_bytes()[:LARGEST])
        else:
            yield Returned(_beginning(path))
    except OSError as error:
        raise NoMailbox(f"{path}: {error.strerror or error}") from error


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST)


class Imap:
    """A mailbox on a server: the mails that nobody has read."""

    def __init__(self, connection: imaplib.IMAP4) -> None:
        self.connection = connection

    def unread(self) -> Iterator[Returned]:
        """Each unread mail, from its beginning, without marking it. Raises NoMailbox."""
        for uid in _said(self.connection.uid("SEARCH", "UNSEEN"))[0].split():
            answer = _said(self.connection.uid("FETCH", uid.decode(), f"(BODY.PEEK[]<0.{LARGEST}>)"))
            for item in answer:
                if isinstance(item, tuple):
                    yield Returned(bytes(item[1]), uid.decode())

    def settle(self, one: Returned, *, ours: bool) -> None:
        """Delete a mail that was about one of ours; mark another one as read. Raises NoMailbox."""
        flags = r"(\Seen \Deleted)" if ours else r"(\Seen)"
        _said(self.connection.uid("STORE", one.uid, "+FLAGS.SILENT", flags))
        # UID EXPUNGE (RFC 4315) removes this one only, and not what somebody else has marked.
        if ours and "UIDPLUS" in self.connection.capabilities:
            _said(self.connection.uid("EXPUNGE", one.uid))


@contextmanager
def imap(url: str) -> Iterator[Imap]:
    """The mailbox of DEARFRIDAY_BOUNCES_URL. Raises NoMailbox; the message holds no password."""
    parts = urlsplit(url)
    host, name = parts.hostname or "localhost", unquote(parts.path.strip("/")) or DEFAULT_MAILBOX
    try:
        connection = _connected(parts.scheme, host, parts.port, parse_qs(parts.query).get("tls", ["starttls"])[-1])
        with _goodbye_at_the_end(connection):
            connection.login(unquote(parts.username or ""), unquote(parts.password or ""))
            _said(connection.select(f'"{name}"'))
            yield Imap(connection)
    except (OSError, imaplib.IMAP4.error) as error:
        raise NoMailbox(f"{host}: {error}"[:300]) from error


@contextmanager
def _goodbye_at_the_end(connection: imaplib.IMAP4) -> Iterator[None]:
    """Say goodbye at the end, to whoever is still there."""
    try:
        yield
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            connection.logout()


def _connected(scheme: str, host: str, port: int | None, tls: str) -> imaplib.IMAP4:
    context = ssl.create_default_context()
    if scheme == "imaps":
        return imaplib.IMAP4_SSL(host, port or 993, ssl_context=context, timeout=TIMEOUT)
    connection = imaplib.IMAP4(host, port or 143, timeout=TIMEOUT)
    if tls != "off":
        connection.starttls(context)
    return connection


def _said(answer: tuple[str, Sequence[Any]]) -> list[Any]:
    status, data = answer
    if status != "OK":
        raise NoMailbox(f"the server says {status}: {data!r}"[:300])
    return [item for item in data if item is not None] or [b""]
