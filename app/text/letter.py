"""An editor's Markdown -> safe HTML for the parts of a letter and for every longer text of the desk."""

from collections.abc import Iterator
from itertools import groupby, takewhile

from markdown_it import MarkdownIt
from markdown_it.token import Token

from .languages import foreign
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
    for paragraph in _quoted_paragraphs(tokens):
        name = _speaker(paragraph)
        if name is not None:
            name.attrSet("class", "speaker")
    for code, part in groupby(zip(_languages(tokens, language), tokens, strict=True), key=lambda one: one[0]):
        typeset_tokens([token for _, token in part], code)
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


def _quoted_paragraphs(tokens: list[Token]) -> Iterator[Token]:
    """The text of every paragraph that stands in a quotation, of whatever depth."""
    depth = 0
    for token in tokens:
        depth += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        if depth and token.type == "inline":
            yield token


def _speaker(paragraph: Token) -> Token | None:
    """The bold words and their colon with which it begins: `**Gerald:** …` says who said it."""
    children = [child for child in paragraph.children or [] if child.type != "text" or child.content]
    kinds = [child.type for child in children[:3]]
    if kinds == ["strong_open", "text", "strong_close"] and children[1].content.rstrip().endswith(":"):
        return children[0]
    return None


def _languages(tokens: list[Token], language: str) -> list[str]:
    """The language of each token. A quotation in another one than what is around it says so in its tag."""
    around, found = [language], []
    for n, token in enumerate(tokens):
        if token.type == "blockquote_open":
            code = foreign(_said_in(tokens[n + 1 :], token.level), around[-1])
            if code is not None:
                token.attrSet("lang", code)
            around.append(around[-1] if code is None else code)
        found.append(around[-1])
        if token.type == "blockquote_close":
            around.pop()
    return found


def _said_in(tokens: list[Token], level: int) -> str:
    """The text of a quotation: what stands before its end."""
    inside = takewhile(lambda token: not (token.type == "blockquote_close" and token.level == level), tokens)
    return "\n".join(token.content for token in inside if token.type == "inline")


def addresses(source: str) -> list[str]:
    """Where the links and the pictures of a text lead, in their order."""
    found = []
    for token in _inline(source):
        address = token.attrGet("href") if token.type == "link_open" else token.attrGet("src")
        if address:
            found.append(str(address))
    return found


def pictures_without_words(source: str) -> list[str]:
    """The addresses of pictures that say nothing to those who do not see them."""
    return [str(t.attrGet("src")) for t in _inline(source) if t.type == "image" and not t.content.strip()]


def unnamed_quotations(source: str) -> list[str]:
    """The first words of every quotation that does not begin with its speaker in bold."""
    tokens = _markdown.parse(source)
    found = []
    for quote, paragraph, inline in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if quote.type == "blockquote_open" and paragraph.type == "paragraph_open":
            first = next((t for t in inline.children or [] if t.type != "text" or t.content.strip()), None)
            if first is None or first.type != "strong_open":
                found.append(" ".join(inline.content.split()[:6]))
    return found


def _inline(source: str) -> Iterator[Token]:
    for block in _markdown.parse(source):
        yield from block.children or []
