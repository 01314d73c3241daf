"""DKIM signatures (RFC 6376): receivers can tell that a mail is the column's, and unchanged.

The private key is a file of the data folder, never in the database; the desk says which one by its selector, and the
domain is that of the column's address, so that DMARC finds the two in line. RSA alone: hardly any large mailbox checks
Ed25519 (RFC 8463), so every mail would need both signatures.
"""

import base64
import os
import re
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import idna

# dkimpy and cryptography are imported where a key is used: a web worker never signs, and saves their 6 MB.
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

BITS = 2048
"""Of a new key: more would not fit some DNS providers' forms, fewer is what mailboxes call weak."""
FEWEST_BITS = 1024
"""Of a key from elsewhere (RFC 8301, 3.2)."""

SIGNED = (
    b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"mime-version", b"content-type",
    b"content-language", b"auto-submitted", b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip
"""One-click leaving counts only if its two headers are signed (RFC 8058, 4)."""
NO_SECOND = (b"from", b"to", b"subject", b"date", b"reply-to", b"list-unsubscribe", b"list-unsubscribe-post")
"""Signed once more than they are there: who adds another one on the way breaks the signature (RFC 6376, 8.15)."""

_SELECTOR = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@lru_cache(maxsize=4)
def _private(*numbers: int) -> "RSAPrivateKey":
    from cryptography.hazmat.primitives.asymmetric import rsa

    p, q, d, dmp1, dmq1, iqmp, e, n = numbers
    return rsa.RSAPrivateNumbers(p, q, d, dmp1, dmq1, iqmp, rsa.RSAPublicNumbers(e, n)).private_key()


def _by_openssl(digest: Any, key: dict[str, int]) -> bytes:
    """What dkimpy computes in Python, ten times as fast and always in the same time: RSASSA-PKCS1-v1_5."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    names = (
        "prime1",
        "prime2",
        "privateExponent",
        "exponent1",
        "exponent2",
        "coefficient",
        "publicExponent",
        "modulus",
    )
    private = _private(*(key[name] for name in names))
    return private.sign(digest.digest(), padding.PKCS1v15(), Prehashed(hashes.SHA256()))


@cache
def _dkimpy() -> Any:
    import dkim

    assert callable(dkim.RSASSA_PKCS1_v1_5_sign)  # else another dkimpy than this was written for
    dkim.RSASSA_PKCS1_v1_5_sign = _by_openssl
    return dkim


class NoKey(Exception):
    """There is no key that could sign; the message is one line for the person who looks after the server."""


@dataclass(frozen=True)
class Key:
    """A private key with the name under which its public half stands in the DNS."""

    selector: str
    domain: str
    pem: bytes = field(repr=False)
    public: str
    """The public half, as the DNS has it."""
    bits: int

    @property
    def name(self) -> str:
        """Of the TXT record."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """What the TXT record says."""
        return f"v=DKIM1; k=rsa; p={self.public}"

    def signed(self, mail: bytes) -> bytes:
        """The mail with its signature on top."""
        signer = _dkimpy().DKIM(mail, linesep=b"\r\n")
        there = [name.lower() for name, _ in signer.headers]
        signature: bytes = signer.sign(
            self.selector.encode(),
            self.domain.encode(),
            self.pem,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[name for name in SIGNED if name in there] + list(NO_SECOND),
        )
        return signature + mail


def folder(data: Path) -> Path:
    """Where the keys are."""
    return data / "dkim"


def selectors(data: Path) -> list[str]:
    """The names of the keys that there are."""
    names = (path.stem for path in folder(data).glob("*.pem"))
    return sorted(name for name in names if is_selector(name))


def is_selector(name: str) -> bool:
    """Can a key be called so (RFC 6376, 3.1: a part of a domain name)."""
    return _SELECTOR.fullmatch(name) is not None


def domain_of(address: str) -> str:
    """The domain of a mail address, as the DNS has it."""
    domain = address.rpartition("@")[2].lower()
    try:
        return domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        return domain


def make(data: Path, selector: str) -> Path:
    """Make a private key that only the owner of the data folder can read. Raises NoKey; a key that is there stays."""
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    if not is_selector(selector):
        raise NoKey("a selector has small letters, digits and hyphens, as in friday or 2026-11")
    folder(data).mkdir(mode=0o700, exist_ok=True)
    path = folder(data) / f"{selector}.pem"
    private = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise NoKey(f"{path} is there already; mails may be signed with it, so it stays") from None
    with os.fdopen(file, "wb") as out:
        out.write(pem)
    if os.geteuid() == 0:  # root made it, and the worker that reads it is the user whose data it is
        owner = data.stat()
        for made in (folder(data), path):
            os.chown(made, owner.st_uid, owner.st_gid)
    return path


def key(data: Path, selector: str, address: str) -> Key:
    """The key with which mails from this address are signed. Raises NoKey."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
        load_pem_private_key,
    )

    path = folder(data) / f"{selector}.pem"
    if not is_selector(selector):
        raise NoKey(f"no key can be called {selector!r}")
    try:
        pem = path.read_bytes()
        private = load_pem_private_key(pem, password=None)
    except OSError as error:
        raise NoKey(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise NoKey(f"{path} is no private key in PEM without a password") from error
    if not isinstance(private, rsa.RSAPrivateKey) or private.key_size < FEWEST_BITS:
        raise NoKey(f"{path} is no RSA key of {FEWEST_BITS} bits or more")
    # As dkimpy reads it, whatever wrote the file.
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Key(selector, domain_of(address), pem, base64.b64encode(public).decode(), private.key_size)


def pieces(record: str) -> list[str]:
    """A TXT record in strings of at most 255 characters, as zone files want it."""
    return [record[start : start + 255] for start in range(0, len(record), 255)]
