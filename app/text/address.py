"""Mail addresses as they are compared, and the mailboxes behind them. Pure."""

import unicodedata

import idna
from email_validator import EmailNotValidError, validate_email

_YANDEX = ("yandex.ru", "ya.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua")
ONE_DOMAIN = {
    "googlemail.com": "gmail.com",
    **dict.fromkeys(_YANDEX, "yandex.ru"),
    **dict.fromkeys(("protonmail.com", "pm.me"), "proton.me"),
    **dict.fromkeys(("me.com", "mac.com"), "icloud.com"),
}
"""Domains whose mailboxes are those of another one."""
THE_SAME: dict[str, dict[int, str | None]] = {
    "gmail.com": {ord("."): None},
    "yandex.ru": {ord("-"): "."},
    "proton.me": {ord(one): None for one in ".-_"},
}
"""What makes no difference before the @: v.e.r.a@gmail.com is vera@, ve-ra@yandex.ru is ve.ra@."""


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
    """Where the mail to an address ends up, as far as it can be known: without its +detail, at Gmail without dots …

    For counting what one mailbox is sent, never for telling people apart.
    """
    local, _, domain = address_key(email).rpartition("@")
    local, domain = local.split("+")[0] or local, ONE_DOMAIN.get(domain, domain)
    return f"{local.translate(THE_SAME.get(domain, {})) or local}@{domain}"


def _in_ascii(domain: str) -> str:
    try:
        return idna.encode(domain, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return domain.lower()
