"""The one function between a stranger's text and a reader's page."""

import bleach

LINKS = frozenset({"http", "https", "mailto"})
COMMENT_TAGS = frozenset({"p", "br", "blockquote", "a"})
LETTER_TAGS = COMMENT_TAGS | {
    *("em", "strong", "s", "sub", "sup", "code", "pre", "hr", "ul", "ol", "li", "h2", "h3", "h4"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
ATTRIBUTES = {"a": ["href", "rel", "title"], "ol": ["start"], "blockquote": ["lang"], "strong": ["class"]}


def safe_html(html: str, tags: frozenset[str]) -> str:
    """HTML in which only `tags`, the attributes above and links to the web or to mail are left.

    All text that a stranger or an editor wrote comes through here once, when it is submitted or saved (promise 5).
    bleach is no longer developed beyond 6.4: this is the one place to swap it. The input is HTML that our own parsers
    wrote, so nothing here has to understand hostile markup; it is the second wall.
    """
    return bleach.clean(html, tags=tags, attributes=ATTRIBUTES, protocols=LINKS, strip=True, strip_comments=True)
