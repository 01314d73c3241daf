"""Passwords: argon2id (RFC 9106), with the library's own current parameters."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 10
LONGEST = 200
"""Long enough for any sentence; bounded, because hashing takes time."""

_hasher = PasswordHasher()
_NOBODYS = _hasher.hash("the password of nobody at all")


def hashed(password: str) -> str:
    """The argon2id hash to keep: parameters, salt and digest in one text."""
    return _hasher.hash(password)


def matches(password: str, kept: str | None) -> bool:
    """Is it the password of this hash. `None` (nobody) and "" (none chosen yet) take as long as a wrong password."""
    try:
        return _hasher.verify(kept or _NOBODYS, password) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Was it hashed with weaker parameters than today's."""
    return _hasher.check_needs_rehash(kept)
