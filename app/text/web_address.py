"""Addresses of pages on the web. Pure."""

import re
from urllib.parse import urlsplit

import idna

_IN_NONE = re.compile(r"""[\s\x00-\x1f\x7f<>"{}|\\^`]""")
"""RFC 3986 has none of these in an address, and mail programs end a link at them."""


def leads_to_the_web(text: str) -> bool:
    """Is this the whole address of a page at a host that the DNS can know, as a mail must have it."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
        ascii_host = idna.encode(host, uts46=True).decode()
    except ValueError:  # of brackets, of a port, of a label
        return False
    return parts.scheme in ("http", "https") and "." in ascii_host and not _IN_NONE.search(text)
