"""The address to which a mail comes back when it cannot be delivered (VERP): it says which delivery it was, signed.

`bounces+17-k3…@column.example` in the envelope of delivery 17. The signature binds the delivery to its recipient, with
the site's secret key, so nobody can write a bounce for somebody else's address, not even who once got a mail from us,
and not when the database gives the number of an erased delivery to another one. Small letters and digits only: servers
on the way may change the case.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

from ..text.address import address_key

SIGNATURE_BYTES = 10
"""80 bits; a guess costs a mail."""
LONGEST_LOCAL_PART = 64
"""RFC 5321, 4.5.3.1.1."""
LONGEST_TAG = len("+-") + 10 + 16
"""The largest id of a delivery has ten digits."""

_TAG = re.compile(r"\+(?P<number>[1-9][0-9]{0,9})-(?P<signature>[a-z2-7]{16})@", re.IGNORECASE)


@dataclass(frozen=True)
class Claim:
    """What a return path says; true only if `is_genuine`."""

    delivery_id: int
    signature: str


def return_path(delivery_id: int, recipient: str, *, address: str, secret: str) -> str:
    """The envelope sender of one delivery.

    address: config.return_address; where it is empty, the envelope has the column's own address instead of this.
    """
    local, _, domain = address.rpartition("@")
    return f"{local}+{delivery_id}-{_signature(delivery_id, recipient, secret)}@{domain}"


def claims(text: str, *, address: str) -> list[Claim]:
    """What the return paths in a text say, in the order in which they stand there, each once."""
    local, _, domain = address.lower().rpartition("@")
    found = re.finditer(rf"(?<![\w.+-]){re.escape(local)}{_TAG.pattern}{re.escape(domain)}(?![\w.-])", text, re.I)
    return list(dict.fromkeys(Claim(int(one["number"]), one["signature"].lower()) for one in found))


def is_genuine(claim: Claim, recipient: str, *, secret: str) -> bool:
    """Did we write this return path for a mail to this address."""
    return hmac.compare_digest(claim.signature, _signature(claim.delivery_id, recipient, secret))


def _signature(delivery_id: int, recipient: str, secret: str) -> str:
    said = f"return path {delivery_id} {address_key(recipient)}".encode()
    digest = hmac.digest(secret.encode(), said, hashlib.sha256)
    return base64.b32encode(digest[:SIGNATURE_BYTES]).decode().lower()
