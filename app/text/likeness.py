"""Which texts are the same text."""

import hashlib


def fingerprint(name: str, text: str) -> str:
    """By which what was sent twice is known: SHA-256 of name and text, white space apart."""
    return hashlib.sha256("\n".join((" ".join(name.split()), " ".join(text.split()))).encode()).hexdigest()
