"""Where mails that came back are found: a mailbox on an IMAP server, a file, a folder, a pipe.

Nothing is ever deleted. On an IMAP server each mail is read once, from the oldest on, whether or not a person has
opened it (places.py remembers how far). One that was understood as a report about one of ours is marked as read
afterwards, or moved to a folder; every other mail stays as it is.
"""

import base64
import hashlib
import imaplib
import logging
import mailbox
import re
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

log = logging.getLogger(__name__)


class NoMailbox(Exception):
    """The mailbox cannot be read; the message is one line."""


@dataclass(frozen=True)
class Returned:
    """A mail that came back, and its number on the server, if it is on one."""

    raw: bytes
    uid: int = 0


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
            box = mailbox.mbox(path, create=False)
            for key in box.iterkeys():
                yield Returned(box.get_bytes(key)[:LARGEST])
        else:
            yield Returned(_beginning(path))
    except OSError as error:
        raise NoMailbox(f"{path}: {error.strerror or error}") from error


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST)


class Imap:
    """A mailbox on a server."""

    def __init__(self, connection: imaplib.IMAP4, name: str, *, move_to: str = "") -> None:
        self.connection, self._move_to = connection, move_to
        self.name = hashlib.sha256(name.encode()).hexdigest()
        """Names the mailbox among others, without saying whose it is."""
        self.validity = int(_said(connection.response("UIDVALIDITY"))[0] or 0)
        """While it is the same, a number means the same mail (RFC 3501, 2.3.1.1)."""

    def after(self, uid: int) -> Iterator[Returned]:
        """Each mail that came after this one, from its beginning, one at a time, unmarked. Raises NoMailbox."""
        numbers = b" ".join(_said(self.connection.uid("SEARCH", f"UID {uid + 1}:*"))).split()
        for number in sorted(int(one) for one in numbers):
            if number <= uid:  # "*" is the last mail, also when it is older
                continue
            for item in _said(self.connection.uid("FETCH", str(number), f"(BODY.PEEK[]<0.{LARGEST}>)")):
                if isinstance(item, tuple):
                    yield Returned(bytes(item[1]), number)

    def settle(self, one: Returned) -> None:
        """It was about one of ours, and what it did is committed: mark it as read, and move it. Raises NoMailbox."""
        _said(self.connection.uid("STORE", str(one.uid), "+FLAGS.SILENT", r"(\Seen)"))
        if not self._move_to:
            return
        if "MOVE" not in self.connection.capabilities:  # copied and deleted instead, it could be there twice or not
            log.warning("the mail server cannot move mails (RFC 6851): they stay where they are, marked as read")
            return
        status, _ = self.connection.uid("MOVE", str(one.uid), _quoted(self._move_to))
        if status != "OK":
            _said(self.connection.create(_quoted(self._move_to)))
            _said(self.connection.uid("MOVE", str(one.uid), _quoted(self._move_to)))


@contextmanager
def imap(url: str) -> Iterator[Imap]:
    """The mailbox of DEARFRIDAY_BOUNCES_URL. Raises NoMailbox; the message holds no password."""
    parts, asked = urlsplit(url), parse_qs(urlsplit(url).query)
    host, name = parts.hostname or "localhost", unquote(parts.path.strip("/")) or DEFAULT_MAILBOX
    try:
        connection = _connected(parts.scheme, host, parts.port, asked.get("tls", ["starttls"])[-1])
        with _goodbye_at_the_end(connection):
            connection.login(unquote(parts.username or ""), unquote(parts.password or ""))
            connection.capabilities = tuple(_said(connection.capability())[-1].decode().upper().split())
            _said(connection.select(_quoted(name)))
            place = f"{parts.username}@{host}:{parts.port}/{name}"
            yield Imap(connection, place, move_to=asked.get("move", [""])[-1])
    except UnicodeEncodeError as error:
        raise NoMailbox(f"{host}: its name and password can only have ASCII letters") from error
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


def _quoted(name: str) -> str:
    """A mailbox's name as servers take it: in the modified UTF-7 of RFC 3501, 5.1.3, between quotation marks."""
    coded = re.sub(r"[^\x20-\x7e]+", lambda some: f"&{_base64(some[0])}-", name.replace("&", "&-"))
    return '"' + coded.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-16-be")).decode().rstrip("=").replace("/", ",")


def _said(answer: tuple[str, Sequence[Any]]) -> list[Any]:
    status, data = answer
    if status not in ("OK", "UIDVALIDITY"):
        raise NoMailbox(f"the server says {status}: {data!r}"[:300])
    return [item for item in data if item is not None] or [b""]
