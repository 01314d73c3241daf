"""Mails as they leave: one multipart message, from three templates of one folder under `templates/mail/`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from flask import render_template
from flask_babel import force_locale
from sqlalchemy.orm import Session

from .models import Delivery
from .smtp import RefusedForGood

# Headers are folded when they are set; one set raw stays as it is. The standard library would put a long address of
# List-Unsubscribe into encoded words, which no mail program reads (RFC 2369, 2).
_POLICY = SMTP.clone(refold_source="none")

PARTS = ("subject.txt", "text.txt", "html.html")
"""The templates of one kind of mail."""


@dataclass(frozen=True)
class Letterhead:
    """What all mails of the column share: who writes, from which site, in which language."""

    name: str
    address: str
    base_url: str
    language: str

    @property
    def host(self) -> str:
        """The site's host, for Message-IDs."""
        return urlsplit(self.base_url).hostname or "localhost"


@dataclass(frozen=True)
class Mail:
    """What one mail says; the templates of its kind's folder get `values`, and `language`."""

    to: str
    values: dict[str, Any] = field(default_factory=dict)
    leave_url: str = ""
    """One-click leaving (RFC 8058); empty for a mail that nobody has subscribed to."""
    language: str = ""
    """The reader's, when it is not the column's."""


Writer = Callable[[Session, Delivery, Letterhead], Mail | None]
"""Writes the mails of one kind; None: this one has no sense any more and is dropped."""


def build(mail: Mail, delivery: Delivery, letterhead: Letterhead, *, now: datetime) -> EmailMessage:
    """The message to hand over. Needs an application context, for the templates.

    Raises RefusedForGood when no mail can be written to that address.
    """
    language = mail.language or letterhead.language
    with force_locale(language):
        subject, text, html = (
            render_template(f"mail/{delivery.kind}/{part}", language=language, **mail.values) for part in PARTS
        )
    message = EmailMessage(policy=_POLICY)
    message["Subject"] = " ".join(subject.split())
    message["From"] = Address(letterhead.name, addr_spec=letterhead.address)
    message["To"] = _to(mail)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{message_name(delivery)}@{letterhead.host}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: vacation responders stay silent
    if mail.leave_url:
        message.set_raw("List-Unsubscribe", f"<{mail.leave_url}>")
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message["Precedence"] = "bulk"
    message.set_content(text.strip() + "\n", cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = language  # at last: setting the content removes all Content- headers
    return message


def message_name(delivery: Delivery) -> str:
    """The Message-ID's part before the @: the same for every try of the same mail, and for no other mail."""
    return f"{delivery.kind}.{delivery.id}.{delivery.made_at:%Y%m%d%H%M%S%f}"


def _to(mail: Mail) -> Address:
    try:
        return Address(addr_spec=mail.to)
    except (ValueError, MessageError) as error:
        raise RefusedForGood(f"not an address: {mail.to}") from error
