"""Mails as they leave: one multipart message, from three templates of one folder under `templates/mail/`."""

from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from flask import render_template

from .smtp import RefusedForGood

# Headers are folded when they are set; one set raw stays as it is. The standard library would put a long address of
# List-Unsubscribe into encoded words, which no mail program reads (RFC 2369, 2).
_POLICY = SMTP.clone(refold_source="none")


@dataclass(frozen=True)
class Sender:
    """Who the mails come from."""

    name: str
    address: str
    host: str
    """The site's host, for Message-IDs."""


@dataclass(frozen=True)
class Mail:
    """What one mail says; `subject.txt`, `text.txt` and `html.html` of the template folder get `values`."""

    template: str
    to: str
    message_id: str
    """The part before the @: the same for every try of the same mail."""
    language: str
    values: dict[str, Any] = field(default_factory=dict)
    leave_url: str = ""
    """One-click leaving (RFC 8058); empty for a mail that nobody has subscribed to."""


def build(mail: Mail, sender: Sender, *, now: datetime) -> EmailMessage:
    """The message to hand over. Needs an application context, for the templates.

    Raises RefusedForGood when no mail can be written to that address.
    """
    message = EmailMessage(policy=_POLICY)
    message["Subject"] = " ".join(_rendered(mail, "subject.txt").split())
    message["From"] = Address(sender.name, addr_spec=sender.address)
    message["To"] = _to(mail)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail.message_id}@{sender.host}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: vacation responders stay silent
    if mail.leave_url:
        message.set_raw("List-Unsubscribe", f"<{mail.leave_url}>")
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message["Precedence"] = "bulk"
    message.set_content(_rendered(mail, "text.txt").strip() + "\n", cte="quoted-printable")
    message.add_alternative(_rendered(mail, "html.html"), subtype="html", cte="quoted-printable")
    message["Content-Language"] = mail.language  # at last: setting the content removes all Content- headers
    return message


def _to(mail: Mail) -> Address:
    try:
        return Address(addr_spec=mail.to)
    except (ValueError, MessageError) as error:
        raise RefusedForGood(f"not an address: {mail.to}") from error


def _rendered(mail: Mail, part: str) -> str:
    return render_template(f"mail/{mail.template}/{part}", language=mail.language, **mail.values)
