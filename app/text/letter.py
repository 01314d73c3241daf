"""An editor's Markdown -> safe HTML for the parts of a letter and for every longer text of the desk."""

from collections.abc import Iterator
from itertools import groupby, takewhile

from markdown_it import MarkdownIt
from markdown_it.token import Token

from . import pictures
from .languages import foreign
from .sanitise import LETTER_TAGS, safe_html
from .typographer import typeset_tokens

HIGHEST_HEADING = 2
"""The page's own heading is h1, so a text's headings begin here."""
LOWEST_HEADING = 4

# Raw HTML is text, not markup.
_markdown = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])


def render(source: str, language: str) -> str:
    """The HTML of one part of a letter, set with the typography of its language.

    source: CommonMark, with `~~struck out~~` and tables; raw HTML is printed as text. language: "en" or "ru".
    Pictures are the site's own; one from elsewhere becomes a link, as no page loads anything from there (promise 8).
    """
    tokens = _markdown.parse(source)
    for block in tokens:
        block.children = block.children and list(_without_foreign_pictures(block.children))
    _lower_headings(tokens)
    for paragraph in _quoted_paragraphs(tokens):
        name = _speaker(paragraph)
        if name is not None:
            name.attrSet("class", "speaker")
    for code, part in groupby(zip(_languages(tokens, language), tokens, strict=True), key=lambda one: one[0]):
        typeset_tokens([token for _, token in part], code)
    return safe_html(_markdown.renderer.render(tokens, _markdown.options, {}), LETTER_TAGS)


def _without_foreign_pictures(children: list[Token]) -> Iterator[Token]:
    depth = 0
    for token in children:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type != "image" or pictures.size(str(token.attrGet("src"))):
            yield token
            continue
        address = str(token.attrGet("src"))
        if not depth:
            yield Token("link_open", "a", 1, attrs={"href": address})
        yield Token("text", "", 0, content=_words(token) or address)
        if not depth:
            yield Token("link_close", "a", -1)


def _words(picture: Token) -> str:
    """What a picture says to those who do not see it."""
    said = _markdown.renderer.renderInlineAsText(picture.children or [], _markdown.options, {})  # type: ignore[attr-defined]
    return " ".join(said.split())


def _picture(_renderer: object, tokens: list[Token], at: int, _options: object, _env: object) -> str:
    return pictures.html(str(tokens[at].attrGet("src")), _words(tokens[at]))


_markdown.add_render_rule("image", _picture)


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


def foreign_pictures(source: str) -> list[str]:
    """The addresses of pictures that are not the site's own, so that readers get a link."""
    shown = (str(token.attrGet("src")) for token in _inline(source) if token.type == "image")
    return [address for address in shown if not pictures.size(address)]


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
