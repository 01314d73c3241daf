"""Mail addresses as they are compared, and the mailboxes behind them. Pure."""

import unicodedata

import idna
from email_validator import EmailNotValidError, validate_email

WITHOUT_DOTS = {"gmail.com", "googlemail.com"}
"""Domains that deliver v.e.r.a@ to vera@."""


def usual(text: str, *, any_script: bool) -> str | None:
    """The address in its usual form, its domain in punycode; None for what is no address (RFC 5321).

    any_script: letters of all alphabets before the @ too (RFC 6531).
    """
    try:
        address = validate_email(text, check_deliverability=False, allow_smtputf8=any_script, strict=True)
    except EmailNotValidError:
        return None
    return address.ascii_email or f"{address.local_part}@{address.ascii_domain}"


def address_key(email: str) -> str:
    """The address as it is compared: trimmed, in small letters, composed (NFC), its domain as the DNS has it (IDNA).

    Small letters before the @ too: RFC 5321 lets servers tell them apart, and none that people use does.
    """
    local, at, domain = unicodedata.normalize("NFC", email.strip()).rpartition("@")
    return f"{local.lower()}{at}{_in_ascii(domain)}"


def mailbox(email: str) -> str:
    """Where the mail to an address ends up, as far as it can be known: without its +detail, at Gmail without dots.

    For counting what one mailbox is sent, never for telling people apart.
    """
    local, _, domain = address_key(email).rpartition("@")
    local = local.split("+")[0] or local
    if domain in WITHOUT_DOTS:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def _in_ascii(domain: str) -> str:
    try:
        return idna.encode(domain, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return domain.lower()
