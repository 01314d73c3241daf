"""Fifty threads, and four processes, decide the same 200 comments: 200 decisions, whoever was first."""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.comments import moderation, submission
from app.comments.models import Comment, Decision
from app.config import ROOT
from app.db import writing

from ..cast import Cast
from ..conftest import NOON, Stage

COMMENTS, THREADS, PROCESSES = 200, 50, 4

DECIDER = """
import json, random, sys
import sqlalchemy as sa
from sqlalchemy.orm import Session
from app import clock, create_app
from app.accounts.models import Person
from app.comments import moderation
from app.comments.models import Comment
from app.db import db, writing

seed, person = int(sys.argv[1]), int(sys.argv[2])
app = create_app()
with app.app_context():
    engine = db.engine
    print("ready", flush=True)
    sys.stdin.readline()
    won = []
    with writing(), Session(engine, expire_on_commit=False) as session:
        by = session.get_one(Person, person)
        ids = list(session.scalars(sa.select(Comment.id)))
        session.commit()
        random.Random(seed).shuffle(ids)
        for one in ids:
            verdict = ("published", "declined")[(one + seed) % 2]
            try:
                moderation.decide(session, session.get_one(Comment, one), verdict, by=by, now=clock.now())
                session.commit()
                won.append((one, verdict))
            except moderation.AlreadyDecided:
                session.rollback()
    print(json.dumps(won))
"""


@pytest.fixture
def waiting(cast: Cast, session: Session) -> list[int]:
    letter = cast.letter()
    sent = [submission.submit(session, letter, name="Ira", text=f"Thought {n}.", now=NOON) for n in range(COMMENTS)]
    session.commit()
    return [comment.id for comment in sent]


def stand(session: Session) -> dict[int, tuple[str, int | None]]:
    rows = session.execute(sa.select(Decision.comment_id, Decision.verdict, Decision.by_id))
    return {row[0]: (row[1], row[2]) for row in rows}


def test_of_fifty_threads_one_decides_each_comment(cast: Cast, session: Session, waiting: list[int]) -> None:
    people = [cast.mo, cast.ada]
    engine = session.get_bind()
    won: list[tuple[int, str, int]] = []
    failed: list[BaseException] = []
    begin = threading.Barrier(THREADS)

    def go(n: int) -> None:
        # Each thread tries eight of the 200, so that each comment has two who want different things for it.
        mine = [waiting[(n * 4 + k) % COMMENTS] for k in range(8)]
        person, verdict = people[n % 2], ("published", "declined")[n % 2]
        begin.wait()
        with writing(), Session(engine, expire_on_commit=False) as own:
            for one in mine:
                try:
                    moderation.decide(own, own.get_one(Comment, one), verdict, by=person, now=NOON)  # type: ignore[arg-type]
                    own.commit()
                    won.append((one, verdict, person.id))
                except moderation.AlreadyDecided:
                    own.rollback()
                except BaseException as error:
                    own.rollback()
                    failed.append(error)

    threads = [threading.Thread(target=go, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert Counter(one for one, _, _ in won) == Counter(waiting)
    assert stand(session) == {one: (verdict, by) for one, verdict, by in won}


def test_of_four_processes_one_decides_each_comment(
    stage: Stage, cast: Cast, session: Session, waiting: list[int], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    environ = {**os.environ, "DEARFRIDAY_DATA": str(stage.folder)}
    if not stage.sqlite:
        environ["DEARFRIDAY_DATABASE_URL"] = request.getfixturevalue("postgresql_url")
    people = [cast.mo.id, cast.ada.id]
    session.commit()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", DECIDER, str(n), str(people[n % 2])],
            cwd=ROOT, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for n in range(PROCESSES)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    won = [json.loads(process.communicate()[0]) for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES
    assert Counter(one for some in won for one, _ in some) == Counter(waiting)
    took = {one: (verdict, people[n % 2]) for n, some in enumerate(won) for one, verdict in some}
    assert stand(session) == took
