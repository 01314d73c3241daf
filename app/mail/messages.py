"""Mails as they leave: one multipart message, from three templates of one folder under `templates/mail/`.

Mails that share their words, as the notices of one opening do, are rendered once (`Mail.shared`); only what is
personal is put in for each, so that a million costs a million short encodings and not a million renderings.
"""

import binascii
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import idna
from flask import render_template
from flask_babel import force_locale
from sqlalchemy.orm import Session

from .models import Delivery
from .signing import Key
from .smtp import Envelope, RefusedForGood

PARTS = ("subject.txt", "text.txt", "html.html")
"""The templates of one kind of mail."""

_ADDRESS = re.compile(r"""[^\s@<>()\[\]\\,;:"]+@[^\s@<>()\[\]\\,;:"]+""")


@dataclass(frozen=True)
class Letterhead:
    """What all mails of the column share: who writes, from which site, in which language."""

    name: str
    address: str
    base_url: str
    language: str
    reply_to: str = ""
    """Where answers go, when that is not the address the mails come from."""
    key: Key | None = None
    """Signs them (signing.py)."""

    @property
    def host(self) -> str:
        """The site's host, for Message-IDs."""
        return urlsplit(self.base_url).hostname or "localhost"


@dataclass(frozen=True)
class Mail:
    """What one mail says; the templates of its kind's folder get `values`, `personal` and `language`."""

    to: str
    values: dict[str, Any] = field(default_factory=dict)
    leave_url: str = ""
    """One-click leaving (RFC 8058); empty for a mail that nobody has subscribed to."""
    language: str = ""
    """The reader's, when it is not the column's."""
    template: str = ""
    """The folder of its templates, when that is not its kind."""
    shared: str = ""
    """A name for the words that many mails of this kind have in common. Then `values` are the same for all of them,
    and `personal` holds what differs: texts that the templates print and do nothing else with."""
    personal: dict[str, str] = field(default_factory=dict)


Writer = Callable[[Session, Delivery, Letterhead], Mail | None]
"""Writes the mails of one kind; None: this one has no sense any more and is dropped."""


class Parts(NamedTuple):
    """A mail as it is read."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class _Words:
    """What mails with the same words have in common. Where something is personal stands its mark."""

    head: bytes
    text: str
    html: str
    marks: dict[str, str]
    boundary: str


class Desk:
    """Where mails are written: it keeps shared words for as long as it is kept itself."""

    def __init__(self, letterhead: Letterhead) -> None:
        self.letterhead = letterhead
        self._kept: dict[tuple[str, str, str], _Words] = {}

    def write(self, mail: Mail, delivery: Delivery, *, sender: str, now: datetime) -> Envelope:
        """The mail in its envelope. Needs an application context, for the templates. sender: the envelope's.

        Raises RefusedForGood when no mail can be written to that address.
        """
        recipient = _reachable(mail.to)
        words, named = self._words(mail, delivery), message_name(delivery)
        head = [
            b"To: " + recipient.encode(),
            b"Date: " + format_datetime(now).encode(),
            f"Message-ID: <{named}@{self.letterhead.host}>".encode(),
        ]
        if mail.leave_url:
            # Never folded or encoded: mail programs read no encoded words there (RFC 2369, 2).
            head.append(f"List-Unsubscribe: <{mail.leave_url}>".encode())
            head.append(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click")
            head.append(b"Precedence: bulk")
        text, html = words.text, words.html
        for name, mark in words.marks.items():
            text = text.replace(mark, mail.personal[name])
            html = html.replace(mark, escape(mail.personal[name]))
        data = words.head + b"\r\n".join(head) + b"\r\n" + _body(text, html, words.boundary)
        if self.letterhead.key is not None:
            data = self.letterhead.key.signed(data)
        return Envelope(sender=sender, recipient=recipient, data=data, name=named)

    def _words(self, mail: Mail, delivery: Delivery) -> _Words:
        language = mail.language or self.letterhead.language
        key = (delivery.kind, mail.shared, language)
        if not mail.shared or key not in self._kept:
            self._kept[key] = self._rendered(mail, delivery.kind, language)
        return self._kept[key]

    def parts(self, mail: Mail, kind: str, marks: dict[str, str] | None = None) -> Parts:
        """What the mail says. marks: what stands where something is personal, when that is put in later."""
        language = mail.language or self.letterhead.language
        values = {"language": language, **mail.values, **(mail.personal if marks is None else marks)}
        with force_locale(language):
            subject, text, html = (render_template(f"mail/{mail.template or kind}/{part}", **values) for part in PARTS)
        return Parts(" ".join(subject.split()), text.strip() + "\n", html)

    def _rendered(self, mail: Mail, kind: str, language: str) -> _Words:
        marks = {name: f"personal{secrets.token_hex(8)}" for name in mail.personal}
        subject, text, html = self.parts(mail, kind, marks)
        message = EmailMessage(policy=SMTP)
        message["Subject"] = subject
        message["From"] = Address(self.letterhead.name, addr_spec=self.letterhead.address)
        if self.letterhead.reply_to:
            message["Reply-To"] = Address(addr_spec=self.letterhead.reply_to)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: vacation responders stay silent
        message["Content-Language"] = language
        head = message.as_bytes().rstrip(b"\r\n") + b"\r\n"
        text, html = (re.sub(r"\r\n?|\n", "\r\n", part) for part in (text, html))
        # "=_" stands in no quoted-printable text, so no part can hold the line that ends it.
        return _Words(head, text, html, marks, f"=_{secrets.token_hex(12)}")


def message_name(delivery: Delivery) -> str:
    """The Message-ID's part before the @: the same for every try of the same mail, and for no other mail."""
    return f"{delivery.kind}.{delivery.id}.{delivery.made_at:%Y%m%d%H%M%S%f}"


def _body(text: str, html: str, boundary: str) -> bytes:
    parts = [
        f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{boundary}"\r\n'.encode(),
        _part("plain", text),
        _part("html", html),
    ]
    line = f"\r\n--{boundary}".encode()
    return (line + b"\r\n").join(parts) + line + b"--\r\n"


def _part(subtype: str, content: str) -> bytes:
    """Quoted-printable: 7 bits and short lines, whatever is in it; no line begins as mailboxes begin a mail."""
    encoded = binascii.b2a_qp(content.encode(), istext=True)
    if b"From " in encoded:
        encoded = re.sub(rb"(?m)^From ", b"=46rom ", encoded)
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    return head.encode() + encoded


def _reachable(address: str) -> str:
    """The address as mail servers take it: the domain as the DNS has it."""
    local, _, domain = address.rpartition("@")
    try:
        whole = f"{local}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode()}"
    except (idna.IDNAError, UnicodeError) as error:
        raise RefusedForGood(f"not an address: {address}") from error
    if not _ADDRESS.fullmatch(whole) or len(whole) > 254:
        raise RefusedForGood(f"not an address: {address}")
    return whole
