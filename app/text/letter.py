"""An editor's Markdown -> safe HTML for the parts of a letter and for every longer text of the desk."""

from markdown_it import MarkdownIt
from markdown_it.token import Token

from .sanitise import LETTER_TAGS, safe_html
from .typographer import typeset_tokens

HIGHEST_HEADING = 2
"""The page's own heading is h1, so a text's headings begin here."""
LOWEST_HEADING = 4

# Raw HTML is text, not markup. Images are off until they are the site's own (promise 8): `![x](y)` becomes `!` and a
# link.
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
    """A text's headings begin at h2 and go down one level at a time, as screen readers expect them."""
    above: list[str] = []
    for token in tokens:
        if token.type == "heading_open":
            while above and above[-1] >= token.tag:
                above.pop()
            above.append(token.tag)
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(len(above) + HIGHEST_HEADING - 1, LOWEST_HEADING)}"
