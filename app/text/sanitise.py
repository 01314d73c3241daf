"""The one function between a stranger's text and a reader's page."""

import re

import bleach

from . import pictures

LINKS = frozenset({"http", "https", "mailto"})
COMMENT_TAGS = frozenset({"p", "br", "blockquote", "a"})
LETTER_TAGS = COMMENT_TAGS | {
    *("em", "strong", "s", "sub", "sup", "code", "pre", "hr", "ul", "ol", "li", "h2", "h3", "h4"),
    *("table", "thead", "tbody", "tr", "th", "td"),
    *("picture", "source", "img"),
}
ATTRIBUTES = {
    "a": ["href", "rel", "title"],
    "ol": ["start"],
    "blockquote": ["lang"],
    "strong": ["class"],
    "source": ["type", "srcset", "sizes"],
    "img": ["src", "srcset", "sizes", "alt", "width", "height", "loading", "decoding"],
}
OF_PICTURES = {
    "src": pictures.ADDRESS,
    "srcset": pictures.SRCSET,
    "sizes": re.compile(re.escape(pictures.SIZES)),
    "type": re.compile("|".join(pictures.KINDS.values())),
    "width": re.compile("[0-9]{1,4}"),
    "height": re.compile("[0-9]{1,5}"),
    "loading": re.compile("lazy"),
    "decoding": re.compile("async"),
}
"""What the attributes of <source> and <img> may say: the site's own pictures, as text/pictures.py writes them."""


_IGNORED = re.compile(r"[\x00-\x20]")
"""What browsers drop from an address before they look at its scheme."""
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)


def safe_html(html: str, tags: frozenset[str]) -> str:
    """HTML in which only `tags`, the attributes above, links to the web or to mail and our own pictures are left.

    All text that a stranger or an editor wrote comes through here once, when it is submitted or saved (promise 5).
    bleach is no longer developed beyond 6.4: this is the one place to swap it. The input is HTML that our own parsers
    wrote, so nothing here has to understand hostile markup; it is the second wall.
    """
    return bleach.clean(html, tags=tags, attributes=_may_be, protocols=LINKS, strip=True, strip_comments=True)


def _may_be(tag: str, name: str, value: str) -> bool:
    if name not in ATTRIBUTES.get(tag, ()):
        return False
    if name == "href":  # bleach takes `javascript:123` for a host with its port
        scheme = _SCHEME.match(_IGNORED.sub("", value))
        return scheme is None or scheme[1].lower() in LINKS
    form = OF_PICTURES.get(name) if tag in ("source", "img") else None
    return form is None or form.fullmatch(value) is not None
