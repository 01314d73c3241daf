"""Random histories against a plain model: what readers and editors see is what the model says, on both databases."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from app.accounts.models import Person
from app.comments import doors, figures, moderation, postponing, pruning, retention, submission, thread, waiting
from app.comments.models import Comment, Decision, Pruning
from app.db import db, writing
from app.letters import publishing
from app.letters.fridays import Slot
from app.letters.models import Letter

from ..cast import Cast
from ..conftest import NOON, Stage

LETTERS, READERS, EDITORS, THOUGHTS = range(2), range(3), range(2), range(3)
PICK = st.integers(0, 30)
STEPS = st.one_of(
    st.tuples(st.just("submit"), st.sampled_from(LETTERS), st.sampled_from(READERS), st.sampled_from(THOUGHTS)),
    st.tuples(
        st.just("decide"), PICK, st.sampled_from(["published", "declined"]), st.sampled_from(EDITORS), st.booleans()
    ),
    st.tuples(st.just("postpone"), PICK, st.sampled_from(["skipped", "maybe", "none"]), st.sampled_from(EDITORS)),
    st.tuples(st.just("prune"), PICK, st.sampled_from(EDITORS)),
    st.tuples(st.just("door"), st.sampled_from(LETTERS), st.booleans()),
    st.tuples(st.just("publish"), st.sampled_from(LETTERS)),
    st.tuples(st.just("erase"), st.sampled_from(READERS)),
)


@dataclass
class Remark:
    """A comment as the model has it."""

    letter: int
    reader: int
    thought: int
    at: datetime
    standing: str = "pending"
    by: int | None = None
    erased: bool = False
    postponed: dict[int, tuple[str, int]] = field(default_factory=dict)


class Model:
    """The rules in plain Python: a list of comments, and nothing that a database could do better."""

    def __init__(self) -> None:
        self.remarks: list[Remark] = []
        self.open = dict.fromkeys(LETTERS, True)
        self.out = dict.fromkeys(LETTERS, False)
        self.clock = 0

    def submit(self, letter: int, reader: int, thought: int, at: datetime) -> Remark | None:
        if not self.open[letter]:
            return None
        same = [
            r for r in self.remarks if (r.letter, r.reader, r.thought, r.erased) == (letter, reader, thought, False)
        ]
        if not same:
            self.remarks.append(Remark(letter, reader, thought, at))
        return (same or self.remarks[-1:])[0]

    def readers_see(self, letter: int) -> list[tuple[int, int]]:
        seen = [r for r in self.remarks if r.letter == letter and r.standing == "published" and not r.erased]
        return [(r.reader, r.thought) for r in sorted(seen, key=lambda r: r.at)] if self.out[letter] else []

    def queue(self, editor: int) -> list[Remark]:
        waits = [r for r in self.remarks if r.standing == "pending"]
        turn = sorted((r for r in waits if editor not in r.postponed), key=lambda r: r.at)
        skipped = [r for r in waits if r.postponed.get(editor, ("",))[0] == "skipped"]
        return turn + sorted(skipped, key=lambda r: r.postponed[editor][1])

    def pile(self, editor: int) -> list[Remark]:
        laid = [r for r in self.remarks if r.standing == "pending" and r.postponed.get(editor, ("",))[0] == "maybe"]
        return sorted(laid, key=lambda r: r.postponed[editor][1])


class History:
    """The same steps on the model and on the house."""

    def __init__(self, session: Session) -> None:
        self.session, self.model = session, Model()
        cast = Cast(session, NOON)
        self.people: list[Person] = [cast.mo, cast.ada]
        self.letters: list[Letter] = [cast.draft(), cast.draft()]
        self.rows: list[tuple[Remark, int]] = []
        """Each comment of the model with its row's id."""
        self.step("publish", 0)  # one letter is out from the start, so that every history has readers

    def now(self) -> datetime:
        self.model.clock += 1
        return NOON + timedelta(minutes=self.model.clock)

    def step(self, what: str, *args: Any) -> None:
        getattr(self, what)(*args)
        self.session.commit()
        self.session.expire_all()

    def _picked(self, number: int) -> tuple[Remark, Comment | None] | None:
        if not self.rows:
            return None
        remark, row = self.rows[number % len(self.rows)]
        return remark, self.session.get(Comment, row)

    def submit(self, letter: int, reader: int, thought: int) -> None:
        now = self.now()
        remark = self.model.submit(letter, reader, thought, now)
        sent = {"name": f"Reader {reader}", "text": f"Thought {thought}.", "email": f"reader{reader}@example.org"}
        try:
            comment = submission.submit(self.session, self.letters[letter], **sent, now=now)
        except submission.CommentsClosed:
            assert remark is None
            return
        assert remark is not None
        if all(known is not remark for known, _ in self.rows):
            self.rows.append((remark, comment.id))
        assert (comment.standing, comment.submitted_at) == (remark.standing, remark.at)

    def decide(self, number: int, verdict: str, editor: int, saw_it: bool) -> None:
        picked = self._picked(number)
        if picked is None or picked[1] is None:
            return
        remark, comment = picked
        now, seen = self.now(), moderation.seen_of(comment) if saw_it else "0" * 64
        try:
            moderation.decide(self.session, comment, verdict, by=self.people[editor], now=now, seen=seen)  # type: ignore[arg-type]
        except moderation.AlreadyDecided as refusal:
            assert remark.standing != "pending"
            assert remark.by is not None
            assert refusal.decision.by_id == self.people[remark.by].id  # noqa: PT017
        except moderation.NotWhatYouSaw:
            assert not saw_it
            assert remark.standing == "pending"
        else:
            assert saw_it
            assert remark.standing == "pending"
            remark.standing, remark.by = verdict, editor

    def postpone(self, number: int, pile: str, editor: int) -> None:
        picked = self._picked(number)
        if picked is None or picked[1] is None:
            return
        remark, comment = picked
        now = self.now()
        remark.postponed.pop(editor, None)
        if pile == "none":
            postponing.take_up(self.session, comment, by=self.people[editor])
        else:
            remark.postponed[editor] = (pile, self.model.clock)
            postponing.postpone(self.session, comment, pile, by=self.people[editor], now=now)  # type: ignore[arg-type]

    def prune(self, number: int, editor: int) -> None:
        picked = self._picked(number)
        if picked is None or picked[1] is None:
            return
        remark, comment = picked
        try:
            pruning.prune(self.session, comment, by=self.people[editor], now=self.now())
        except pruning.NotPublished:
            assert remark.standing in ("pending", "declined")
        except pruning.AlreadyPruned:
            assert remark.standing == "pruned"
        else:
            assert remark.standing == "published"
            remark.standing = "pruned"

    def door(self, letter: int, takes: bool) -> None:
        act = doors.open_again if takes else doors.close
        assert act(self.session, self.letters[letter], now=self.now()) == (self.model.open[letter] != takes)
        self.model.open[letter] = takes

    def publish(self, letter: int) -> None:
        now = self.now()
        if self.model.out[letter]:
            with pytest.raises(publishing.AlreadyOut):
                publishing.publish_now(self.session, self.letters[letter], "UTC", now=now)
            return
        publishing.schedule(self.session, self.letters[letter], Slot(now.replace(tzinfo=None), "UTC"), now=NOON)
        self.model.out[letter] = True

    def erase(self, reader: int) -> None:
        retention.erase_by(self.session, f"reader{reader}@example.org", now=self.now())
        for remark in [r for r in self.model.remarks if r.reader == reader and not r.erased]:
            remark.erased = True
            if remark.standing == "pending":
                self.model.remarks.remove(remark)
                self.rows = [row for row in self.rows if row[0] is not remark]

    def check(self) -> None:
        session, model = self.session, self.model
        now = NOON + timedelta(minutes=model.clock)
        names = {row: remark for remark, row in self.rows}
        live = set(session.scalars(publishing.live(now).with_only_columns(Letter.id)))
        for n, letter in enumerate(self.letters):
            printed = [remark for remark in thread.under(session, letter) if letter.id in live]
            seen = [(int(one.name[-1]), int(one.text_html[len("<p>Thought ")])) for one in printed]
            assert seen == model.readers_see(n)
        for n, person in enumerate(self.people):
            queue = waiting.line(session, person, now=now, limit=100)
            assert [names[case.comment.id] for case in queue] == model.queue(n)
            assert [names[case.comment.id] for case in waiting.pile(session, person, now=now, limit=100)] == model.pile(
                n
            )
            waits = [r for r in model.remarks if r.standing == "pending"]
            assert waiting.numbers(session, person).waiting == moderation.pending_number(session) == len(waits)
        stands = session.execute(sa.select(Comment.id, Comment.standing)).all()
        assert sorted((row, names[row].standing) for row, _ in stands) == sorted((row[0], row[1]) for row in stands)
        decided = [r for r in model.remarks if r.standing != "pending"]
        assert session.scalar(sa.select(sa.func.count()).select_from(Decision)) == len(decided)
        pruned = [r for r in model.remarks if r.standing == "pruned"]
        assert session.scalar(sa.select(sa.func.count()).select_from(Pruning)) == len(pruned)
        share = figures.share(session, now)
        assert share.decided == len(decided)
        assert share.declined == sum(r.standing == "declined" for r in decided)


@given(steps=st.lists(STEPS, min_size=5, max_size=40))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_readers_and_editors_see_what_the_model_says(
    stage: Stage, steps: list[tuple[Any, ...]]
) -> None:
    stage.sweep()
    with stage.app.app_context():
        engine = db.engine
    with writing(), Session(engine, expire_on_commit=False) as session:
        history = History(session)
        for what, *args in steps:
            history.step(what, *args)
        history.check()
    engine.dispose()
