"""A letter as one plain file: its Markdown source with a small head, or a text with quotations behind `>`."""

import json
import re

from ..text import pictures
from ..text.outside import plain, with_whole_addresses
from ..text.typographer import typeset
from .models import Letter
from .reading import local_day

_PICTURE = re.compile(rf"(?<=\])\(({pictures.ADDRESS.pattern})")
RULE = "* * *"
"""Between the question and the answer; Markdown knows it too."""


def as_markdown(letter: Letter, *, base_url: str) -> str:
    """The source as it was written, behind a head of YAML (its values are JSON, which YAML contains).

    Only its pictures get whole addresses: a copy that lies elsewhere shows them too.
    """
    head = {
        "title": letter.title,
        "asker": letter.asker,
        "date": f"{local_day(letter):%Y-%m-%d}",
        "adviser": letter.adviser and letter.adviser.name,
        "rubric": letter.rubric and letter.rubric.title,
        "topics": [topic.name for topic in letter.topics],
        "language": letter.language,
        "url": f"{base_url}/letters/{letter.name}/",
    }
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in head.items() if value]
    question = [letter.question_source.strip(), RULE] if letter.question_source.strip() else []
    postscripts = [
        f"{mark}\n\n{source.strip()}"
        for mark, source in (("P. S.", letter.postscript_source), ("P. P. S.", letter.course_note_source))
        if source.strip()
    ]
    signature = [f"*{letter.adviser.name}*"] if letter.adviser and letter.answer_source.strip() else []
    parts = ["\n".join(["---", *lines, "---"]), *question, letter.answer_source.strip(), *signature, *postscripts]
    return _PICTURE.sub(lambda found: f"({base_url}{found[1]}", "\n\n".join(parts) + "\n")


def as_text(letter: Letter, html: str, *, base_url: str) -> str:
    """The letter as a plain text. html: the letter as feeds have it."""
    address = f"{base_url}/letters/{letter.name}/"
    title = typeset(letter.title, letter.language)
    return f"{title}\n{address}\n\n{plain(with_whole_addresses(html, address))}\n"
