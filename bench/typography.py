"""How much of another typographer's test suite ours reproduces, and why not the rest.

    python bench/typography.py [pairs.jsonl]

Each line of the file is a pair: `input`, `expected`, `suite`, `prefs.locale`. A pair counts as reproduced when our
text is equal to `expected`. Many pairs come from tests that switch on one rule and leave the rest of the text as it
was: those have a line of their own when ours makes one and the same text of `input` and of `expected`, which differ.
Pairs with tags are read as Markdown with HTML, so that they try what letters go through: the token list. Every other
pair must have its reason below; without one the command fails.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app.text.typographer import typeset, typeset_tokens  # noqa: E402

PAIRS = ROOT.parent / "shared" / "real" / "typography.jsonl"
REPRODUCED = "reproduced"
SAME_RULE = "the same rule, next to others of ours that the test had switched off"
LEFT_ALONE = "the test shows one rule leaving the text as it is; others of ours set it"
NO_REASON = "NO REASON GIVEN"

MARKUP = re.compile(r"</?[a-z][^>]*>|&[a-z]+;", re.IGNORECASE)
_markdown = MarkdownIt("commonmark", {"html": True}).disable(["emphasis", "backticks", "link", "image", "escape"])

# The first line whose pattern is found in the suite's name and whose test holds gives the reason.
REASONS: list[tuple[str, str, str]] = [
    # suite, in input or expected, reason
    (r"", r"locale:(de|fr|pl)", "another language than Russian and English"),
    (r"common/html|nowrap|optalign|delBOM", r"", "makes or strips HTML: our input is text, tags are the renderer's"),
    (r"quoteLink", r"", "moves tags: quotation marks stay on their side of a link"),
    (r"symbols/copy", r"", "eats letters: (c), (r), (tm)"),
    (r"number/times|typograf\.ru|typograph symbols", r"\d ?[xхXХ] ?\d", "eats letters: 10x15 -> 10×15"),
    (r"number/fraction|typograf\.ru", r"[½¾]", "eats digits: 1/2 -> ½"),
    (r"ru/nbsp/m$|typograf\.ru", r"[²³]", "eats digits: m2 -> m²"),
    (r"ru/money/ruble", r"", "eats letters: 100 р. -> 100 ₽"),
    (
        r"ordinals|accent|switchingKeyboardLayout|repeatWord|typograf\.ru, repeat",
        r"",
        "changes or eats letters of words",
    ),
    (r"typograf\.ru", r"При при", "changes or eats letters of words"),
    (r"ru/date/fromISO|smoke", r"\d{4}-\d\d-\d\d|\d\d/\d\d/\d{4}", "changes the order of digits: dates"),
    (r"phone-number", r"", "telephone numbers stay as they were typed"),
    (r"money/currency", r"[$€] ?\d", "moves a currency sign behind its number"),
    (r"number/comma", r"", "decimal points stay as they were typed"),
    (r"ru/nbsp/years", r"г\. г\.", "eats a letter: г. г. -> гг."),
    (r"symbols/cf", r"\d\s[CF]\b", "rule not wanted: 20 C is not always a temperature"),
    (r"mathSigns", r"<<|~=", "rule not wanted: ~= and << mean other things in prose"),
    (r"", r"\d\s%", "a space before % stays and does not break (GOST 8.417)"),
    (
        r"afterNumberSign|afterSectionMark|digitGrouping|typograf\.ru",
        r"\u202f",
        "our no-break space is U+00A0 everywhere",
    ),
    (r"ru/dash/(to|taki|koe|kakto|ka|de|izza|surname)", r"", "spelling is the editor's: кто то -> кто-то"),
    (r"typograf\.ru", r"[Кк]ое как|Из за|все таки", "spelling is the editor's: кто то -> кто-то"),
    (r"centuries", r"XX - XXI", "spelling is the editor's: a spaced hyphen does not lose its spaces"),
    (r"punctuation/(ano|exclamation|hellipQuestion|delDouble)", r"", "punctuation is the editor's: commas, !!, …,"),
    (r"smoke", r"…,|домой а", "punctuation is the editor's: commas, !!, …,"),
    (r"space/(trim|delTrailing|delLeading|delRepeat|insertFinal|delBetween)", r"", "blanks that HTML does not show"),
    (r"space/", r"", "missing or surplus spaces at punctuation are the editor's"),
    (
        r"typograf\.ru|typograph",
        r"\S[(]\s| [,.:;!?]|[.!?][А-ЯЁ]",
        "missing or surplus spaces at punctuation are the editor's",
    ),
    (r"ru/dash/directSpeech", r"…|- ", "a dash is held by the word before it, everywhere but at the start of a line"),
    (r"punctuation/quote", r"\"{2,}|««", "more marks than words: ours alternate « and „ by level"),
    (
        r"punctuation/quote|typograph html",
        r"<pre|\. \"|/p>",
        "blocks of HTML in one run: Markdown gives us one block at a time",
    ),
    (r"beforeShortLastNumber", r"", "a short last word is held in the last line of a paragraph only"),
    (r"nbsp/addr", r"литер", "abbreviations of addresses beyond our list"),
    (r"typograf\.ru", r"\.93 года", "a number holds on to the word after it, the last one of a date too"),
    (r"typograph basic", r"go out|Inc\.", "a short last word is held before a closing mark too"),
    (r"typograph html", r'>"CMS', "moves tags: quotation marks stay on their side of a link"),
]


def pairs(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)


def language_of(pair: dict[str, Any]) -> str:
    """The suite's first locale; without one, the language of its folder or of its letters."""
    locale = pair.get("prefs", {}).get("locale")
    if locale:
        return (locale if isinstance(locale, str) else locale[0])[:2]
    if pair["suite"].startswith(("ru", "en")):
        return str(pair["suite"][:2])
    return "ru" if re.search("[а-яё]", pair["input"], re.IGNORECASE) else "en"


def ours(text: str, language: str) -> str:
    if not MARKUP.search(text):
        return typeset(text, language)
    tokens = _markdown.parseInline(text)
    typeset_tokens(tokens, language)
    breaks = {"softbreak": "\n", "hardbreak": "\n"}
    return "".join(breaks.get(child.type, child.content) for token in tokens for child in token.children or [])


def verdict(pair: dict[str, Any]) -> str:
    language = language_of(pair)
    got = ours(pair["input"], language)
    if got == pair["expected"]:
        return REPRODUCED
    if pair["mode"] == "single-rule" and got == ours(pair["expected"], language):
        return LEFT_ALONE if pair["input"] == pair["expected"] else SAME_RULE
    seen = f"{pair['input']}\n{pair['expected']}\nlocale:{language}"
    for suite, sign, reason in REASONS:
        if re.search(suite, pair["suite"]) and re.search(sign, seen):
            return reason
    return NO_REASON


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    verdicts = [(verdict(pair), pair) for pair in pairs(path)]
    counts = Counter(reason for reason, _ in verdicts)
    total = len(verdicts)
    for name in (REPRODUCED, SAME_RULE):
        print(f"{counts[name]:5} {counts[name] / total:6.1%}  {name}")
    print(f"{total - counts[REPRODUCED] - counts[SAME_RULE]:5}         not held, by reason:")
    for reason, count in counts.most_common():
        if reason not in (REPRODUCED, SAME_RULE):
            print(f"{count:5}           {reason}")
    for pair in (pair for reason, pair in verdicts if reason == NO_REASON):
        got = ours(pair["input"], language_of(pair))
        print(f"\n{pair['suite']}\n  {pair['input']!r}\n  {pair['expected']!r}\n  {got!r}")
    sys.exit(counts[NO_REASON] > 0)


if __name__ == "__main__":
    main()
