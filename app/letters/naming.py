"""Names for machines: `tag:` URIs (RFC 4151) by which feed readers know a feed, a letter, a comment for ever.

A tag is made of a host that was ours on a day, the day, and our own word. The host is the site's when the first letter
was out (`column.settings.name_feeds` keeps it), so that a move to another address makes no old letter new. The day is
the thing's own, in UTC, because RFC 4151 allows no day to come.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from .models import Letter

FIRST_YEAR = 2026
"""The day of the feeds themselves: the year of the first Dear Friday."""
PRIVATE = (".local", ".localhost", ".test", ".internal", ".invalid")
"""Hosts by which nobody else knows the site."""


@dataclass(frozen=True)
class Names:
    """The names that one host gives."""

    host: str

    def feed(self, of: str = "") -> str:
        """A feed's name. of: "", "rubric/fridays", "topic/money"."""
        return f"tag:{self.host},{FIRST_YEAR}:{of + '/' if of else ''}feed"

    def letter(self, letter: Letter) -> str:
        """A letter's name, as long as it is out."""
        assert letter.publish_at is not None
        return f"tag:{self.host},{_day(letter.publish_at)}:letter/{letter.name}"

    def comments(self, letter: Letter) -> str:
        """The name of the feed of a letter's comments."""
        return f"{self.letter(letter)}/comments"

    def comment(self, public_id: str, submitted_at: datetime) -> str:
        """A published comment's name; it holds nothing but what the page shows."""
        return f"tag:{self.host},{_day(submitted_at)}:comment/{public_id}"


def names(kept_host: str | None, base_url: str) -> Names:
    """The names of this column. kept_host: Settings.feeds_host."""
    return Names(kept_host or host_of(base_url))


def host_of(base_url: str) -> str:
    """The site's host as RFC 4151 wants it: ASCII, and no IPv6 address."""
    host = urlsplit(base_url).hostname or "localhost"
    if ":" in host:
        return "localhost"
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return "localhost"


def worth_keeping(host: str) -> bool:
    """Is it a name by which the world knows the site, and not an address of a trial at home."""
    try:
        ip_address(host)
    except ValueError:
        return "." in host and not host.endswith(PRIVATE)
    return False


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"
