"""Mozilla Readability, Firefox's reader mode: the whole letter, and nothing but the letter."""

import re

import pytest
from flask.testing import FlaskClient

from app.column.settings import settings
from app.letters.models import Adviser, Topic

from ..browser.webtools import reader_mode
from ..cast import Cast

# A page with less than 500 characters of text is none for it: it then takes what is longest, comments too.
PARAGRAPH = "A sentence with a comma, and another one, so that it reads like the letter it is. " * 3


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("length", ["long", "short"])
def test_reader_mode_has_the_letter_and_nothing_around_it(
    language: str, length: str, client: FlaskClient, cast: Cast, at: object
) -> None:
    topic, adviser = Topic(slug="money", name="A topic of money"), Adviser(slug="ilya", name="Ilya Answers")
    cast.session.add_all([topic, adviser])
    cast.session.flush()
    settings(cast.session).language = language
    filler = PARAGRAPH if length == "long" else PARAGRAPH[:82]
    letter = cast.letter(
        "Shall I answer her at all?", asker="Vera Asks", rubric_id=cast.rubric().id, course_id=cast.course().id,
        adviser_id=adviser.id, topic_ids=[topic.id], postscript="Thanks to Lena.", course_note="I teach talking.",
        question=f"Ilya! {filler}\n\n> **She:** Change it, please.\n>\n> > **I:** Why would I?\n\n{filler} What now?",
        answer=f"Vera! {filler}\n\n1. First, [the rules](https://example.org/).\n2. Second, ask.\n\nDo ~~not~~ write.",
    )  # fmt: skip
    cast.letter("Another letter, related", topic_ids=[topic.id], days_ago=10)
    cast.published(cast.letter("An older letter, resurfaced", days_ago=40), "Fresh.")
    for number in range(6):
        cast.published(letter, f"A comment, number {number}, and it is long enough. {PARAGRAPH}", name="Commenter")
    found = reader_mode(client.get("/letters/2026-11-20/").text, "https://column.example/letters/2026-11-20/")
    text = re.sub(r"\s+", " ", found["textContent"])
    assert re.sub(r"\s+", " ", found["title"]) == "Shall I answer her at all?"
    assert found["byline"] == "Ilya Answers"
    for part in (
        *("Vera Asks", "2026", "Ilya!", "She: Change it, please.", "I: Why would I?", "What now?"),
        *("Vera!", "First, the rules.", "Second, ask.", "Do not write.", "Ilya Answers"),
        *("P. S. Thanks to Lena.", "clients", "P. P. S. I teach talking."),
    ):
        assert part in text, part
    assert found["content"].count("<blockquote>") == 2
    for chrome in (
        "A comment, number", "Commenter", "Another letter", "An older letter", "A topic of money", "<form", "<button",
        "<input", "For editors", "Для редакторов", "mailto:?", "Comments", "Комментарии",
    ):  # fmt: skip
        assert chrome not in found["content"], chrome
