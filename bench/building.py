"""A column of any size, in a folder of its own: the rows that the rules would have made, written in bulk.

Comments and all that belongs to them go in past the triggers, which would write the same rows one by one; what is
written is held against the rules themselves (`_hold_against_the_rules`), or nothing that is measured on it would mean
anything.
"""

import hashlib
import os
import random
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg

from app import clock
from app.comments.likeness import gists_of as rows_of_gists
from app.comments.likeness import sketch_of
from app.config import ROOT
from app.text.likeness import firsts, gists_of, name_key, said, telling

LATIN = "client letter answer question price deadline meeting logo sketch contract silence promise budget studio reply"
CYRILLIC = "клиент письмо ответ вопрос цена срок встреча логотип эскиз договор молчание обещание смета студия правка"
WORDS = f"{LATIN} {CYRILLIC}".split()
TOPICS = 20
EDITORS = 5
NAMES = 5_000
SENTENCES = 3_000
"""In each of the two alphabets; a comment has four of one of them."""
EVERY = 50
"""One comment in so many is nearly the same text as another one."""
VOCABULARY = 4_000
NOW = clock.now().replace(microsecond=0)

SYLLABLES = "ba do ku le mi no pra rus sta te vel zor".split()
PORTION = 20_000
"""Comments that are written at once."""


def text(seed: int, words: int) -> str:
    """So many words, the same for the same seed: two of three are everybody's, the third is one of many others."""
    numbers = [seed * 31 + n * n * 7 + n for n in range(words)]
    return " ".join(_rare(number) if n % 3 == 2 else WORDS[number % len(WORDS)] for n, number in enumerate(numbers))


def _rare(number: int) -> str:
    number = number * number % 1728
    return "".join(SYLLABLES[number // 12**n % 12] for n in range(3))


def flask(data: Path, *command: str, url: str = "") -> None:
    """A command of the product on this column."""
    environ = {**os.environ, **environment(data, url)}
    whole = [sys.executable, "-m", "flask", "--app", "wsgi", *command]
    subprocess.run(whole, cwd=ROOT, env=environ, check=True, capture_output=True)


def environment(data: Path, url: str = "") -> dict[str, str]:
    """The product's settings for a column in this folder. url: of a PostgreSQL database, where it is not SQLite."""
    return {"DEARFRIDAY_DATA": str(data)} | ({"DEARFRIDAY_DATABASE_URL": url} if url else {})


def build(data: Path, *, letters: int, comments: int, pending: int = 0, on_newest: int = 50, url: str = "") -> str:
    """A daily column with so many letters and comments, of which one in five is published. Returns the newest's name.

    The newest letter has `on_newest` published comments; `pending` more comments wait in the queue.
    """
    flask(data, "db", "upgrade", url=url)
    moments = [NOW - timedelta(days=n + 1) for n in range(letters)]
    names = [f"{moment:%Y-%m-%d}" for moment in moments]
    with _database(data, url) as database:
        _people(database)
        _letters(database, moments, names)
        _order(database, letters)
    flask(data, "reindex", url=url)  # of the letters; comments bring what belongs to them
    with _database(data, url) as database:
        _comments(database, moments, comments, on_newest, pending)
    return names[0]


@dataclass(frozen=True)
class Column:
    """A column for measurements, and how much is in it."""

    data: Path
    letters: int
    comments: int
    """Decided ones."""
    pending: int
    url: str = ""

    def built(self) -> "Column":
        """Itself, built if it is not there yet: COLUMNS names a folder in which columns stay between runs."""
        mark = self.data / "built"
        if not mark.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            build(self.data, letters=self.letters, comments=self.comments, pending=self.pending, url=self.url)
            mark.touch()
        return self


class _SQLite:
    true = 1

    def __init__(self, data: Path) -> None:
        self.connection = sqlite3.connect(data / "column.sqlite", isolation_level=None)
        for pragma in ("synchronous = OFF", "journal_mode = MEMORY", "cache_size = -500000", "foreign_keys = OFF"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.execute("BEGIN IMMEDIATE")
        triggers = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        self.asleep = self.connection.execute(triggers).fetchall()
        for name, _ in self.asleep:
            self.connection.execute(f"DROP TRIGGER {name}")

    def put(self, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
        marks = ", ".join("?" for _ in columns.split(", "))
        self.connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)

    def do(self, statement: str) -> None:
        self.connection.execute(statement)

    def end(self) -> None:
        for _, statement in self.asleep:
            self.connection.execute(statement)
        self.connection.execute("COMMIT")
        self.connection.execute("ANALYZE")
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.close()


class _PostgreSQL:
    true = "t"

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:"))
        self.connection.execute("SET session_replication_role = replica")  # triggers and foreign keys sleep
        self.connection.execute("SET timezone = 'UTC'")
        self.connection.execute("SET maintenance_work_mem = '512MB'")

    def put(self, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
        with self.connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def do(self, statement: str) -> None:
        self.connection.execute(statement)  # type: ignore[call-overload]

    def end(self) -> None:
        for table in ("people", "letters", "comments", "acts", "topics", "rubrics", "advisers"):
            name = f"pg_get_serial_sequence('{table}', 'id')"
            self.do(f"SELECT setval({name}, (SELECT coalesce(max(id), 0) + 1 FROM {table}), false)")
        self.connection.commit()
        self.connection.autocommit = True
        self.do("VACUUM ANALYZE")
        self.do("CHECKPOINT")
        self.connection.close()


_Database = _SQLite | _PostgreSQL


@contextmanager
def _database(data: Path, url: str) -> Iterator[_Database]:
    database: _Database = _PostgreSQL(url) if url else _SQLite(data)
    yield database
    database.end()


def _people(database: _Database) -> None:
    names = ["Ed", *(f"Ed {n}" for n in range(2, EDITORS + 1))]
    columns = "id, email, email_key, name, role, password_hash, session_key, created_at"
    rows = [
        (n, *[f"e{n}@example.org"] * 2, name, "editor", "", f"k{n}", _stamp(NOW)) for n, name in enumerate(names, 1)
    ]
    database.put("people", columns, rows)


def _letters(database: _Database, moments: list[datetime], names: list[str]) -> None:
    columns = (
        "id, name, version, title, asker, language, question_source, question_html, answer_source, answer_html,"
        " postscript_source, postscript_html, course_note_source, course_note_html, ready, slot_at, slot_zone,"
        " publish_at, takes_comments, created_at, updated_at"
    )

    def row(n: int) -> tuple[Any, ...]:
        question, answer = _parts(n)
        at = _stamp(moments[n])
        told = (n + 1, names[n], 1, text(n, 7).capitalize(), "Vera", "en", "", question, "", answer, "", "", "", "")
        return (*told, database.true, at, "UTC", at, database.true, at, at)

    database.put("letters", columns, map(row, range(len(names))))


def _order(database: _Database, letters: int) -> None:
    """One rubric and one adviser for all letters, and a topic for each."""
    database.put("rubrics", "id, slug, name, title, weekday, time, zone",
                 [(1, "fridays", "clients", "Clients", 4, "10:00:00.000000", "UTC")])  # fmt: skip
    database.put("advisers", "id, slug, name, about_source, about_html", [(1, "ada", "Ada", "", "")])
    topics = range(1, TOPICS + 1)
    database.put("topics", "id, slug, name", [(topic, f"t{topic}", f"Topic {topic}") for topic in topics])
    database.do("UPDATE letters SET rubric_id = 1, adviser_id = 1")
    database.do(f"INSERT INTO letter_topics (letter_id, topic_id) SELECT id, 1 + id % {TOPICS} FROM letters")


def _parts(n: int) -> tuple[str, str]:
    question = "".join(f"<p>{text(n * 11 + k, 60)}</p>" for k in range(4))
    answer = "".join(f"<p>{text(n * 13 + k, 40)}</p>" for k in range(5))
    return question, answer


@dataclass(frozen=True, slots=True)
class _Sentence:
    text: str
    words: str
    firsts: list[int]


class _Texts:
    """Texts of comments as people write them: words by Zipf's law, each text its own, a few nearly the same."""

    def __init__(self) -> None:
        chance = random.Random(20261127)
        self.pools = [
            self._pool(chance, words.split(), consonants, vowels)
            for words, consonants, vowels in (
                (LATIN, "bdfgklmnprst", "aeiou"),
                (CYRILLIC, "бдзклмнпрстф", "аеиоу"),
            )
        ]
        self.more = [_sentence("indeed"), _sentence("именно")]
        self.names = [f"Boris {n}" for n in range(NAMES)]
        self.name_keys = [name_key(name) for name in self.names]
        self.chance = chance

    def _pool(self, chance: random.Random, words: list[str], consonants: str, vowels: str) -> list[_Sentence]:
        made = ["".join(chance.choice(consonants) + chance.choice(vowels) for _ in range(3)) for _ in range(VOCABULARY)]
        vocabulary = words + made
        weights = [1 / (n + 3) for n in range(len(vocabulary))]
        return [_sentence(" ".join(chance.choices(vocabulary, weights, k=11))) for _ in range(SENTENCES)]

    def text(self, n: int) -> tuple[str, str, list[int]]:
        """(text, its words as its sketch has them, the numbers of its gists) of comment n."""
        again = n % EVERY == EVERY - 1
        chosen = self.chosen[:] if again else self.chance.choices(self.pools[n % 2], k=4)
        if again:
            chosen.append(self.more[(n - 1) % 2])
        self.chosen = chosen
        first = [min(numbers) for numbers in zip(*(one.firsts for one in chosen), strict=True)]
        return (
            " ".join(one.text for one in chosen),
            " ".join(one.words for one in chosen),
            sorted(set(gists_of(first))),
        )


def _sentence(sentence: str) -> _Sentence:
    words = said(sentence)
    return _Sentence(sentence, " ".join(words), firsts(telling(words)))


def _comments(database: _Database, moments: list[datetime], comments: int, on_newest: int, pending: int) -> None:
    texts, sums = _Texts(), _Sums()
    letters = len(moments)
    database.do("CREATE TEMPORARY TABLE some_gists (gist bigint, comment_id integer)")
    numbers = iter(range(comments + pending + on_newest))
    while some := list(islice(numbers, PORTION)):
        rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _COLUMNS}
        for n in some:
            newest, waits = n < on_newest, n >= comments + on_newest
            letter = 0 if newest else min(1 + n % max(1, letters - 1), letters - 1)
            at = NOW - timedelta(minutes=n % 50_000) if waits else moments[letter] + timedelta(hours=5, seconds=n % 999)
            verdict = "pending" if waits else "published" if newest or n % 5 == 0 else "declined"
            _comment(rows, sums, texts, n, letter + 1, at, verdict)
        if some[0] == 0:
            _hold_against_the_rules(rows)
        for table, columns in _COLUMNS.items():
            database.put(table, columns, rows[table])
    # In their order, or an index of millions of numbers without any would take minutes.
    database.do("INSERT INTO gists (gist, comment_id) SELECT gist, comment_id FROM some_gists ORDER BY gist")
    for table, columns, values in sums.rows():
        database.put(table, columns, values)
    words = "words" if isinstance(database, _SQLite) else "CAST(words AS tsvector)"
    into = "rowid, text" if isinstance(database, _SQLite) else "comment_id, words"
    database.do(
        f"INSERT INTO search_comments ({into}) SELECT comment_id, {words} FROM sketches"
        " JOIN comments ON comments.id = comment_id WHERE standing = 'published' ORDER BY comment_id"
    )
    database.do(
        "INSERT INTO worths (comment_id, letter_id, loss, nearness, in_letter, words, example, quoted, reported)"
        " SELECT id, letter_id, (id % 997) / 997.0, 10, 10, 44, id % 3 = 0, 0, 0"
        " FROM comments WHERE standing = 'published'"
    )
    database.do(
        "INSERT INTO weighings (letter_id, due, weighed_at) SELECT DISTINCT letter_id, FALSE,"
        f" {'' if isinstance(database, _SQLite) else 'TIMESTAMPTZ '}'{_stamp(NOW)}' FROM worths"
    )


_COLUMNS = {
    "comments": "id, public_id, letter_id, name, email, text_source, text_html, submitted_at, fingerprint, standing",
    "sketches": "comment_id, words, quotes, text_key, name_key",
    "some_gists": "gist, comment_id",
    "decisions": "comment_id, verdict, by_id, decided_at, seen",
    "acts": "done_at, deed, by_id, comment_id, letter_id",
}


def _comment(
    rows: dict[str, list[tuple[Any, ...]]],
    sums: "_Sums",
    texts: _Texts,
    n: int,
    letter: int,
    at: datetime,
    verdict: str,
) -> None:
    source, words, gists = texts.text(n)
    one, name = n + 1, n * 7 % NAMES
    html, sent = f"<p>{source}</p>", _stamp(at)
    told = (f"c{one:015x}", letter, texts.names[name], "", source, html, sent, f"{one:064x}")
    rows["comments"].append((one, *told, verdict))
    key = hashlib.sha256(words.encode()).hexdigest()
    rows["sketches"].append((one, words, "", key, texts.name_keys[name]))
    rows["some_gists"] += [(gist, one) for gist in gists]
    if verdict == "pending":
        return
    waited, by = 3 + n * 37 % 700, 1 + n % EDITORS
    decided = at + timedelta(minutes=waited)
    moment = _stamp(decided)
    rows["decisions"].append((one, verdict, by, moment, ""))
    rows["acts"].append((moment, verdict, by, one, letter))
    sums.add(letter, verdict, by, decided, waited)


class _Sums:
    """What the database keeps with each decision, for the figures."""

    def __init__(self) -> None:
        self.days, self.letters, self.waits = Counter[Any](), Counter[Any](), Counter[Any]()
        self.last: dict[int, datetime] = {}

    def add(self, letter: int, verdict: str, by: int, at: datetime, waited: int) -> None:
        day = at.date().isoformat()
        self.days[day, by, verdict] += 1
        self.letters[letter, verdict] += 1
        self.waits[day, by, waited if waited < 100 else waited // 10 * 10] += 1
        self.last[letter] = max(at, self.last.get(letter, at))

    def rows(self) -> Iterator[tuple[str, str, list[tuple[Any, ...]]]]:
        pairs = {(day, by) for day, by, _ in self.days}
        days = [(*pair, self.days[*pair, "published"], self.days[*pair, "declined"]) for pair in pairs]
        yield "decided_days", "day, by_id, published, declined", days
        letters = [
            (one, self.letters[one, "published"], self.letters[one, "declined"], _stamp(at))
            for one, at in self.last.items()
        ]
        yield "decided_letters", "letter_id, published, declined, last_at", letters
        yield "waited_days", "day, by_id, minutes, number", [(*key, number) for key, number in self.waits.items()]


def _hold_against_the_rules(rows: dict[str, list[tuple[Any, ...]]]) -> None:
    """The sketches and gists of the first comments must be those that the rules make of their texts."""
    gists = Counter((gist, one) for gist, one in rows["some_gists"])
    for row, sketch in list(zip(rows["comments"], rows["sketches"], strict=True))[:200]:
        ruled = sketch_of(SimpleNamespace(id=row[0], name=row[3], text_source=row[5]))
        assert tuple(ruled.values()) == sketch, (ruled, sketch)
        assert all(gists[one["gist"], row[0]] for one in rows_of_gists(ruled)), ruled


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
