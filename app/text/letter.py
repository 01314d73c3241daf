"""An editor's Markdown -> safe HTML for the parts of a letter and for every longer text of the desk."""

from markdown_it import MarkdownIt
from markdown_it.token import Token

from .sanitise import LETTER_TAGS, safe_html
from .typographer import typeset_tokens

HIGHEST_HEADING = 2
"""The page's own heading is h1, so a text's headings begin here."""

# Raw HTML is text, not markup. Images are off until they are the site's own (promise 8): `![x](y)` becomes `!` and a link.
_markdown = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"]).disable(["image"])


def render(source: str, language: str) -> str:
    """The HTML of one part of a letter, set with the typography of its language.

    source: CommonMark, with `~~struck out~~` and tables; raw HTML is printed as text. language: "en" or "ru".
    """
    tokens = _markdown.parse(source)
    _lower_headings(tokens)
    typeset_tokens(tokens, language)
    return safe_html(_markdown.renderer.render(tokens, _markdown.options, {}), LETTER_TAGS)


def _lower_headings(tokens: list[Token]) -> None:
    """The levels that occur become h2, h3, h4 without gaps, as screen readers expect them."""
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    levels = {tag: rank for rank, tag in enumerate(sorted({token.tag for token in headings}))}
    for token in headings:
        token.tag = f"h{min(levels[token.tag] + HIGHEST_HEADING, 4)}"
