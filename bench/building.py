"""A column of any size, in a folder of its own: the rules' own rows, written in bulk."""

import os
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.config import ROOT

WORDS = (
    "client letter answer question price deadline meeting logo sketch contract silence promise budget studio reply "
    "клиент письмо ответ вопрос цена срок встреча логотип эскиз договор молчание обещание смета студия правка"
).split()
TOPICS = 20
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


SYLLABLES = "ba do ku le mi no pra rus sta te vel zor".split()


def text(seed: int, words: int) -> str:
    """So many words, the same for the same seed: two of three are everybody's, the third is one of 1,728 others."""
    numbers = [seed * 31 + n * n * 7 + n for n in range(words)]
    return " ".join(_rare(number) if n % 3 == 2 else WORDS[number % len(WORDS)] for n, number in enumerate(numbers))


def _rare(number: int) -> str:
    number = number * number % 1728
    return "".join(SYLLABLES[number // 12**n % 12] for n in range(3))


def flask(data: Path, *command: str) -> None:
    """A command of the product on this column."""
    environ = {**os.environ, "DEARFRIDAY_DATA": str(data)}
    whole = [sys.executable, "-m", "flask", "--app", "wsgi", *command]
    subprocess.run(whole, cwd=ROOT, env=environ, check=True, capture_output=True)


def build(data: Path, *, letters: int, comments: int, pending: int = 0, on_newest: int = 50) -> str:
    """A daily column with so many letters and comments, of which one in five is published. Returns the newest's name.

    The newest letter has `on_newest` published comments; `pending` more comments wait in the queue.
    """
    flask(data, "db", "upgrade")
    database = sqlite3.connect(data / "column.sqlite", isolation_level=None)
    database.execute("PRAGMA synchronous = OFF")
    database.execute("BEGIN IMMEDIATE")
    database.execute(
        "INSERT INTO people (id, email, email_key, name, role, password_hash, session_key, created_at)"
        " VALUES (1, 'e@example.org', 'e@example.org', 'Ed', 'editor', '', 'k', ?)",
        (_stamp(NOW),),
    )
    moments = [NOW - timedelta(days=n + 1) for n in range(letters)]
    names = [f"{moment:%Y-%m-%d}" for moment in moments]
    database.executemany(
        "INSERT INTO letters (id, name, version, title, asker, language, question_source, question_html, answer_source,"
        " answer_html, postscript_source, postscript_html, course_note_source, course_note_html, ready, slot_at,"
        " slot_zone, publish_at, takes_comments, created_at, updated_at)"
        " VALUES (?, ?, 1, ?, 'Vera', 'en', '', ?, '', ?, '', '', '', '', 1, ?, 'UTC', ?, 1, ?, ?)",
        ((n + 1, names[n], text(n, 7).capitalize(), *_parts(n), *[_stamp(moments[n])] * 4) for n in range(letters)),
    )
    _order(database, letters)
    _comments(database, moments, comments, on_newest, pending)
    database.execute("COMMIT")
    database.execute("ANALYZE")
    database.close()
    flask(data, "reindex")
    return names[0]


def _order(database: sqlite3.Connection, letters: int) -> None:
    """One rubric and one adviser for all letters, and a topic for each."""
    database.execute(
        "INSERT INTO rubrics (id, slug, name, title, weekday, time, zone)"
        " VALUES (1, 'fridays', 'clients', 'Clients', 4, '10:00:00.000000', 'UTC')"
    )
    database.execute("INSERT INTO advisers (id, slug, name, about_source, about_html) VALUES (1, 'ada', 'Ada', '', '')")
    for topic in range(1, TOPICS + 1):
        database.execute("INSERT INTO topics (id, slug, name) VALUES (?, ?, ?)", (topic, f"t{topic}", f"Topic {topic}"))
    database.execute("UPDATE letters SET rubric_id = 1, adviser_id = 1")
    database.execute("INSERT INTO letter_topics (letter_id, topic_id) SELECT id, 1 + id % ? FROM letters", (TOPICS,))


def _parts(n: int) -> tuple[str, str]:
    question = "".join(f"<p>{text(n * 11 + k, 60)}</p>" for k in range(4))
    answer = "".join(f"<p>{text(n * 13 + k, 40)}</p>" for k in range(5))
    return question, answer


def _comments(
    database: sqlite3.Connection, moments: list[datetime], comments: int, on_newest: int, pending: int
) -> None:
    letters = len(moments)
    rows, decisions = [], []
    for n in range(comments + pending + on_newest):
        newest = n < on_newest
        letter = 0 if newest else 1 + n % max(1, letters - 1)
        waits = n >= comments + on_newest
        at = NOW - timedelta(minutes=n % 50_000) if waits else moments[min(letter, letters - 1)] + timedelta(hours=5)
        words = text(n, 45)
        rows.append(
            (n + 1, f"c{n:015x}", min(letter, letters - 1) + 1, words, f"<p>{words}</p>", _stamp(at), f"{n:064x}")
        )
        if not waits:
            verdict = "published" if newest or n % 5 == 0 else "declined"
            decisions.append((n + 1, verdict, _stamp(at + timedelta(minutes=5))))
    database.executemany(
        "INSERT INTO comments"
        " (id, public_id, letter_id, name, email, text_source, text_html, submitted_at, fingerprint)"
        " VALUES (?, ?, ?, 'Boris Godunov', '', ?, ?, ?, ?)",
        rows,
    )
    database.executemany(
        "INSERT INTO decisions (comment_id, verdict, by_id, decided_at, seen) VALUES (?, ?, 1, ?, '')", decisions
    )


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
