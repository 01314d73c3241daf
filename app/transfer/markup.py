"""The HTML of other sites becomes text that we keep: Markdown for letters, the comments' own language, plain lines.

Nothing here has to be safe: whatever comes out is source, which app/text renders as it renders what people type.
"""

import re
import unicodedata
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, PreformattedString, Tag
from markdownify import MarkdownConverter

LINKS = ("http", "https", "mailto")

_ROWS = frozenset({"dl", "ol", "table", "tbody", "tfoot", "thead", "tr", "ul"})
"""What may hold nothing but its rows: white space between them is none of the text."""
_ONE_PARAGRAPH = frozenset({"dd", "dt", "figcaption", "h1", "h2", "h3", "h4", "h5", "h6", "li", "p", "td", "th"})
_LIKE_DIV = frozenset(
    {"address", "aside", "center", "details", "dl", "fieldset", "figure", "footer", "form", "header", "main", "nav"}
    | {"summary"}
)
_BLOCKS = _ROWS | _ONE_PARAGRAPH | _LIKE_DIV | {"article", "blockquote", "div", "hr", "pre", "section"}
_SILENT = ("button[type]", "input", "noscript", "object", "script", "select", "style", "svg", "template", "textarea")
_STRONG = frozenset({"b", "strong"})
_EMPHASIS = frozenset({"em", "i"})
_STRUCK = frozenset({"del", "s", "strike"})
_MARKED = _STRONG | _EMPHASIS | _STRUCK
_INLINE = _MARKED | {"a", "span", "u", "ins", "small", "big", "font", "cite", "abbr", "mark"}

# Shortcodes that WordPress itself, wordpress.com and its galleries know; of others only those with attributes go.
_SHORTCODES = frozenset(
    {"audio", "caption", "contact-form", "dailymotion", "embed", "gallery", "googlemaps", "googlevideo", "instagram"}
    | {"playlist", "polldaddy", "recent-posts", "slideshare", "slideshow", "soundcloud", "spotify", "ted", "tweet"}
    | {"twitter", "video", "vimeo", "wp_caption", "wpvideo", "youtube"}
)
_SHORTCODE = re.compile(r"(?<!\[)\[(/?)([a-z][\w-]*)((?:[\s=][^\[\]]*)?)\](?!\])", re.IGNORECASE)
_ESCAPED_SHORTCODE = re.compile(r"\[(\[[a-z][\w-]*[^\[\]]*\])\]", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"\w=[\"'\w]")
_ADDRESS = re.compile(r"https?://[^\s\"'<>\[\]]+", re.IGNORECASE)
_ADDRESS_ALONE = re.compile(r"^[ \t]*(https?://[^\s<>\"]+)[ \t]*$", re.IGNORECASE | re.MULTILINE)

_HTML_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_BREAK_AND_LINE_END = re.compile(r"(<br\s*/?>)[ \t]*\n", re.IGNORECASE)
_BREAKS = re.compile(r"(?:<br\s*/?>\s*){2,}", re.IGNORECASE)
_BLANK_LINE = re.compile(r"\n\s*\n")
_BLANK = "\ue000"
"""Stands in a blank line while the tree is built: BeautifulSoup would fold white space between two tags."""
_TAG = re.compile(r"<[^>]*>")
# What no text can hold; line ends and tabs stay.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def plain(html: str) -> str:
    """One line without markup: what a title or a name says."""
    text = BeautifulSoup(html, "html.parser").get_text() if "<" in html else unescape(html)
    return " ".join(_clean(text).split())


def visible(text: str) -> bool:
    """Does the text show anything at all."""
    return any(unicodedata.category(c)[0] not in "ZC" for c in text)


def markdown(html: str, base: str) -> str:
    """The Markdown of a WordPress post.

    html: as WordPress stores it: with blocks, or "classic", where a blank line ends a paragraph and a line end breaks
    the line. base: the old address of the post, for links relative to it. Images, players and embedded pages become
    links; shortcodes, scripts and forms go.
    """
    html = _line_ends(html)
    classic = "<!-- wp:" not in html
    html = _ADDRESS_ALONE.sub(r'<a href="\1">\1</a>', _without_shortcodes(_HTML_COMMENT.sub("", html)))
    if classic:
        html = _mark_blank_lines(_BREAKS.sub("\n\n", html))
    soup = BeautifulSoup(_BREAK_AND_LINE_END.sub(r"\1", html), "html.parser")
    try:
        if classic:
            _set_paragraphs(soup, soup)
        _simplify(soup, base)
        text = _Markdown().convert_soup(soup)
    except RecursionError:  # tags thousands deep: an attack or a broken page; its words are kept
        text = _Markdown().escape(_TAG.sub(" ", html), set())
    return re.sub(r"\n{3,}", "\n\n", _clean(text.replace(_BLANK, ""))).strip()


def comment(html: str, base: str) -> str:
    """A comment in the comments' own language: paragraphs, `>` quotes, addresses; of images their address."""
    html = _line_ends(html)
    if "<" not in html:
        return _tidy(unescape(html))
    soup = BeautifulSoup(_BREAK_AND_LINE_END.sub(r"\1", _mark_blank_lines(html)), "html.parser")
    try:
        return _tidy(_said(soup, base))
    except RecursionError:
        return _tidy(unescape(_TAG.sub(" ", html)))


def _clean(text: str) -> str:
    return _CONTROLS.sub("", text)


def _line_ends(html: str) -> str:
    return html.replace("\r\n", "\n").replace("\r", "\n")


def _mark_blank_lines(html: str) -> str:
    return _BLANK_LINE.sub(f"\n{_BLANK}\n", html.replace(_BLANK, ""))


def _tidy(text: str) -> str:
    lines = (line.rstrip() for line in _clean(text.replace(_BLANK, "")).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


# Shortcodes


def _without_shortcodes(html: str) -> str:
    """Shortcodes go, what stands between their opening and their end stays; a player leaves its address."""
    opened = set(_SHORTCODES)

    def left(found: re.Match[str]) -> str:
        closing, name, attributes = found.groups()
        name = name.lower()
        if closing:
            return "\n\n" if name in opened else found.group()
        if name not in opened and not _ATTRIBUTE.search(attributes):
            return found.group()  # "[sic]", "[1]", "[…]"
        opened.add(name)
        address = _ADDRESS.search(attributes)
        return f"\n\n{address.group()}\n\n" if address and name != "caption" else "\n\n"

    return _ESCAPED_SHORTCODE.sub(r"\1", _SHORTCODE.sub(left, html))


# Classic paragraphs


def _set_paragraphs(parent: Tag, soup: BeautifulSoup) -> None:
    """Line ends become `<p>` and `<br>`, as WordPress does when it shows a classic post."""
    run: list[PageElement] = []
    runs: list[list[PageElement]] = [run]
    for child in list(parent.children):
        if isinstance(child, Tag) and (child.name in _BLOCKS or child.find(_is_block)):
            run = []
            runs.append(run)
            if child.name != "pre":
                _set_paragraphs(child, soup)
        else:
            run.append(child)
    one = len([run for run in runs if run]) == 1
    for run in runs:
        _set_run(run, parent, soup, one)


def _is_block(tag: Tag) -> bool:
    return tag.name in _BLOCKS


def _set_run(run: list[PageElement], parent: Tag, soup: BeautifulSoup, one: bool) -> None:
    if parent.name in _ROWS or not _filled(run):
        for node in run:
            if not isinstance(node, Tag):
                node.extract()
        return
    paragraphs: list[list[PageElement]] = [[]]
    for node in run:
        if not isinstance(node, NavigableString):
            _break_lines_inside(node, soup)
            paragraphs[-1].append(node)
            continue
        for index, part in enumerate(str(node).split(_BLANK)):
            if index:
                paragraphs.append([])
            paragraphs[-1].append(NavigableString(part))
    paragraphs = [paragraph for paragraph in paragraphs if _filled(paragraph)]
    anchor = NavigableString("")
    run[0].insert_before(anchor)
    for node in run:
        node.extract()
    tight = parent.name in _ONE_PARAGRAPH and (one or parent.name in ("li", "dd")) and len(paragraphs) == 1
    for paragraph in paragraphs:
        nodes = list(_broken_lines(paragraph, soup))
        if tight:
            anchor.insert_before(*nodes)
        else:
            set_one = soup.new_tag("p")
            set_one.extend(nodes)
            anchor.insert_before(set_one)


def _filled(nodes: list[PageElement]) -> bool:
    return any(isinstance(node, Tag) or str(node).strip(f" \t\n{_BLANK}") for node in nodes)


def _broken_lines(paragraph: list[PageElement], soup: BeautifulSoup) -> Iterator[PageElement]:
    last = len(paragraph) - 1
    for index, node in enumerate(paragraph):
        if isinstance(node, Tag):
            yield node
            continue
        text = str(node)
        text = text.lstrip("\n ") if index == 0 else text
        text = text.rstrip("\n ") if index == last else text
        yield from _lines(text, soup)


def _lines(text: str, soup: BeautifulSoup) -> Iterator[PageElement]:
    for index, line in enumerate(text.split("\n")):
        if index:
            yield soup.new_tag("br")
        yield NavigableString(line)


def _break_lines_inside(node: PageElement, soup: BeautifulSoup) -> None:
    if isinstance(node, Tag) and node.name not in ("pre", "code", "script", "style", "br"):
        for text in list(node.find_all(string=lambda s: bool(s) and "\n" in s)):
            text.replace_with(*_lines(re.sub(rf"[\s{_BLANK}]*\n[\s{_BLANK}]*", "\n", str(text)), soup))


# Fewer kinds of tags


def _simplify(soup: BeautifulSoup, base: str) -> None:
    """Only tags that Markdown has a word for are left."""
    for text in list(soup.find_all(string=lambda s: isinstance(s, PreformattedString))):
        text.extract()
    for tag in soup.select(",".join(_SILENT)):
        tag.decompose()
    for tag in soup.find_all(["iframe", "embed", "video", "audio"]):
        _link_instead(tag, base)
    for image in soup.find_all("img"):
        _name_image(image, base)
    for link in soup.find_all("a"):
        _mend_link(link, base)
    for tag in soup.find_all(["dt", "dd", *_LIKE_DIV]):
        _rename(tag)
    for later in soup.select("tbody ~ tbody, tbody ~ tfoot"):
        later.find_previous_sibling("tbody").extend(later.find_all("tr"))  # type: ignore[union-attr]
        later.decompose()
    for tag in soup.find_all(_MARKED):
        _join(tag)
    for line_break in reversed(soup.find_all("br")):
        _move_out(line_break)
    for paragraph in soup.find_all("p"):
        if not paragraph.get_text(strip=True):
            paragraph.decompose()


def _address(tag: Tag, attribute: str, base: str) -> str:
    """The tag's address, absolute and fit for a Markdown link; empty when it is of no use to readers."""
    given = _clean(str(tag.get(attribute) or "")).strip()
    if not given or given.startswith("#"):
        return ""
    try:
        address = urljoin(base, given)
        if urlsplit(address).scheme.lower() not in LINKS:
            return ""
    except ValueError:
        return ""
    return re.sub(
        r"[\s()<>\\\"]", lambda found: f"%{ord(found.group()):02X}" if ord(found.group()) < 128 else "", address
    )


def _link_instead(tag: Tag, base: str) -> None:
    source = next((t for t in (tag, *tag.find_all("source")) if t.get("src")), tag)
    address = _address(source, "src", base)
    paragraph = Tag(name="p")
    if address:
        paragraph.append(_link(address, address))
    tag.replace_with(paragraph)


def _name_image(image: Tag, base: str) -> None:
    address = _address(image, "src", base)
    text = " ".join(str(image.get("alt") or "").split()) or address
    if not address or image.find_parent("a"):
        # Inside a link the image is the link's text; without an address its words are all there is.
        image.replace_with(NavigableString(text))
    else:
        image.replace_with(_link(address, text))


def _link(address: str, text: str) -> Tag:
    link = Tag(name="a", attrs={"href": address})
    link.string = text
    return link


def _mend_link(link: Tag, base: str) -> None:
    address = _address(link, "href", base)
    if address:
        text = link.get_text()
        if text.strip() == link.get("href"):
            link.string = address  # so that it becomes <address>
        link.attrs = {"href": address}
    else:
        link.unwrap()


def _rename(tag: Tag) -> None:
    if tag.name == "dt":
        words = Tag(name="strong")
        words.extend(list(tag.children))
        tag.append(words)
    tag.name = "p" if tag.name in ("dt", "dd") and not tag.find(_is_block) else "div"


def _join(tag: Tag) -> None:
    """`<b>a</b><b>b</b>` is one: Markdown cannot end and begin at one point."""
    before = tag.previous_sibling
    if isinstance(before, Tag) and before.name == tag.name:
        before.extend(list(tag.children))
        tag.decompose()


def _move_out(line_break: Tag) -> None:
    """A line break at the end of `<em>` stands behind it; one at the end of a paragraph is none."""
    parent = line_break.parent
    while parent is not None and parent.name in _INLINE and not _anything_after(line_break):
        parent.insert_after(line_break.extract())
        parent = line_break.parent
    if parent is None or parent.name not in _BLOCKS:
        return
    if not _anything_after(line_break) or not _filled(list(line_break.previous_siblings)):
        line_break.decompose()


def _anything_after(tag: Tag) -> bool:
    return _filled(list(tag.next_siblings))


# Markdown

# Escaped wherever it stands, and what would begin a block at the start of a line.
_MARKUP = re.compile(r"[\\`*\[\]<]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|~(?=~)")
_BLOCK_MARKUP = re.compile(r"^(\s*)([-+](?=\s|$)|-(?=-)|=(?==*\s*$)|#(?=#{0,5}(?:\s|$))|>|~|:(?=-))")
_NUMBERED = re.compile(r"^(\s*\d{1,9})([.)])(?=\s|$)")


class _Markdown(MarkdownConverter):
    """markdownify with fewer escapes, so that editors can go on with the text."""

    def __init__(self) -> None:
        # wrap without a width: a line end in HTML is a space. The desk's forms cut spaces at the end of lines, so a
        # line break is written with a backslash.
        super().__init__(
            heading_style="atx",
            bullets="-",
            newline_style="backslash",
            wrap=True,
            wrap_width=None,
            table_infer_header=True,
        )

    def process_text(self, el: NavigableString, parent_tags: Any = None) -> str:
        text: str = super().process_text(el, parent_tags)  # type: ignore[misc]
        before = el.previous_sibling
        if "_noformat" in (parent_tags or ()) or (before is not None and getattr(before, "name", None) not in _STARTS):
            return text
        return _NUMBERED.sub(r"\1\\\2", _BLOCK_MARKUP.sub(r"\1\\\2", text))

    def escape(self, text: str, parent_tags: Any) -> str:
        text = _MARKUP.sub(r"\\\g<0>", text)
        return text.replace("|", "\\|") if {"td", "th"} & set(parent_tags) else text

    def _marked(self, el: Tag, text: str, parent_tags: Any, mark: str, same: frozenset[str]) -> str:
        core = text.strip()
        if not core or "_noformat" in parent_tags or same & set(parent_tags) or _sticks(el, text):
            return text
        return text.replace(core, f"{mark}{core}{mark}", 1)

    def convert_strong(self, el: Tag, text: str, parent_tags: Any) -> str:
        return self._marked(el, text, parent_tags, "**", _STRONG)

    def convert_em(self, el: Tag, text: str, parent_tags: Any) -> str:
        return self._marked(el, text, parent_tags, "*", _EMPHASIS)

    def convert_s(self, el: Tag, text: str, parent_tags: Any) -> str:
        return self._marked(el, text, parent_tags, "~~", _STRUCK)

    convert_b, convert_i, convert_del, convert_strike = convert_strong, convert_em, convert_s, convert_s

    def convert_pre(self, el: Tag, text: str, parent_tags: Any) -> str:
        text = text.strip("\n")
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
        return f"\n\n{fence}\n{text}\n{fence}\n\n" if text.strip() else ""


_STARTS = _BLOCKS | {"br"}


def _sticks(el: Tag, text: str) -> bool:
    """Would the marks be no marks here: `**Note:**text`, `**a***b*` (CommonMark 0.31, 6.2, flanking)."""
    before, after = _edge(el.previous_sibling, -1), _edge(el.next_sibling, 0)
    return (_punctuation(text[0]) and before.isalnum()) or (_punctuation(text[-1]) and after.isalnum())


def _edge(node: PageElement | None, index: int) -> str:
    if isinstance(node, Tag):
        return "x" if node.name in _MARKED else " "
    return (str(node or "") or " ")[index]


def _punctuation(character: str) -> bool:
    return unicodedata.category(character)[0] in "PS"


# Comments


def _said(node: PageElement, base: str) -> str:
    if not isinstance(node, Tag):
        silent = isinstance(node, PreformattedString) or (node.parent is not None and node.parent.name in _ROWS)
        return "" if silent else str(node).replace(_BLANK, "")
    if node.name in ("script", "style"):
        return ""
    if node.name in ("img", "iframe"):
        return " ".join(filter(None, (str(node.get("alt") or ""), _address(node, "src", base))))
    inner = "".join(_said(child, base) for child in node.children)
    return _block(node.name, inner) if node.name in _BLOCKS or node.name == "br" else _linked(node, inner, base)


def _block(name: str, inner: str) -> str:
    match name:
        case "br":
            return "\n" + inner
        case "blockquote":
            lines = _tidy(inner).split("\n")
            return "\n\n" + "\n".join(f"> {line}".rstrip() for line in lines) + "\n\n"
        case "li":
            return f"\n- {inner.strip()}"
        case "tr":
            return f"\n{inner.strip()}"
        case "td" | "th":
            return inner.strip() + " "
    return f"\n\n{inner.strip(chr(10))}\n\n"


def _linked(node: Tag, inner: str, base: str) -> str:
    address = _address(node, "href", base) if node.name == "a" else ""
    if not address or not inner.strip():
        return inner
    address = address.removeprefix("mailto:")
    shown = _bare(inner.rstrip("…. "))
    # The address once, also where WordPress had shortened it: "example.org/a-lo…"
    return address if shown and _bare(address).startswith(shown) else f"{inner} ({address})"


def _bare(address: str) -> str:
    return re.sub(r"^(https?://)?(www\.)?", "", address.strip().lower()).rstrip("/")
