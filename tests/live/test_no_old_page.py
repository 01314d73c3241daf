"""Four web processes, readers that never stop, an editor who decides: after each answer, not one old page."""

import re
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app import clock, create_app
from app.config import from_environment
from app.db import db, writing
from app.letters.models import Letter

from ..house_on_a_port import House, Visitor, token
from .test_serving import newest_letter

DECISIONS = 12
READERS = 4


@pytest.fixture
def wide_house(tmp_path: Path, furnished: Path) -> Iterator[House]:
    house = House(tmp_path, furnished)
    house.start(workers=4)
    yield house
    if house.process.poll() is None:
        house.interrupt()


class Readers:
    """Threads that read one page again and again, and know what must be on it and what must not."""

    def __init__(self, house: House, *pages: str) -> None:
        self.house, self.pages = house, pages
        self.there: set[str] = set()
        self.gone: set[str] = set()
        self.old: list[str] = []
        self.read = 0
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._go) for _ in range(READERS)]

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _go(self) -> None:
        while not self._end.is_set():
            for page in self.pages:
                self.look(page)

    def look(self, page: str) -> None:
        there, gone = set(self.there), set(self.gone)  # what had been answered before this request
        _, text = Visitor(self.house.base).get(page)
        self.read += 1
        # What is being changed while this request was under way may be seen either way.
        self.old += [f"{one} is missing" for one in there & self.there if one not in text]
        self.old += [f"{one} is still there" for one in gone & self.gone if one in text]


def test_after_each_answered_decision_and_pruning_no_worker_gives_an_old_page(wide_house: House) -> None:
    letter = newest_letter(wide_house)
    thoughts = [f"Thought number {n:03}." for n in range(DECISIONS)]
    for thought in thoughts:
        assert Visitor(wide_house.base).post(letter + "comments", name="Ira", text=thought)[0] == 303
    editor = Visitor(wide_house.base).sign_in("editor@example.org", wide_house.password)
    ids = {}
    with Readers(wide_house, letter) as readers:
        after = ""
        while len(ids) < DECISIONS:
            _, queue = editor.get("/desk/queue" + after)
            for card in re.split(r"(?=<article class=\"card\" id=\"comment-\d+\")", queue)[1:]:
                found = re.search(r'comments/(\d+)/decision".*?name="seen"[^>]*value="(\w+)"', card, re.DOTALL)
                # The comment itself comes first in its card; what stands beside it may name others.
                thought = re.search(r"Thought number \d{3}\.", card)
                if found and thought and thought[0] not in ids:
                    ids[thought[0]] = found.group(1)
                    answer = editor.post(
                        f"/desk/comments/{found.group(1)}/decision",
                        verdict="published", seen=found.group(2), csrf_token=token(queue),
                    )  # fmt: skip
                    assert answer[0] == 303
                    readers.there.add(thought[0])
                    for _ in range(8):
                        readers.look(letter)
            more = re.search(r'href="/desk/queue(\?after=[^"]+)"', queue)
            if not more and len(ids) < DECISIONS:
                raise AssertionError(f"only {len(ids)} thoughts are in the queue")
            after = more.group(1).replace("&amp;", "&") if more else ""
        for thought, comment in ids.items():
            page = editor.get(f"/desk/pruning/sides?comment={comment}")[1]
            readers.there.discard(thought)
            seen = re.search(r'name="seen" value="(\w+)"', page)
            assert seen
            answer = editor.post("/desk/pruning", comment=comment, seen=seen[1], csrf_token=token(page))
            assert answer[0] == 303
            readers.gone.add(thought)
            for _ in range(8):
                readers.look(letter)
    assert readers.read > DECISIONS * 16
    assert readers.old == []


def test_at_the_slot_every_worker_gives_the_new_letter(wide_house: House) -> None:
    app = create_app(from_environment(wide_house.environ))
    with app.app_context(), writing():
        letter = db.session.scalars(db.select(Letter).where(Letter.ready).order_by(Letter.publish_at.desc())).first()
        soon = clock.now() + timedelta(seconds=4)
        letter.publish_at = soon
        letter.slot_at, letter.slot_zone = soon.replace(tzinfo=None), "UTC"
        name = letter.name
        db.session.commit()
        db.engine.dispose()
    link = f"/letters/{name}/"
    with Readers(wide_house, "/", "/feed.xml") as readers:
        readers.gone.add(link)
        time.sleep(3)
        readers.gone.discard(link)
        time.sleep(max(0.0, (soon - clock.now()).total_seconds()) + 0.01)
        readers.there.add(link)
        time.sleep(1)
    assert readers.read > 20
    assert readers.old == []
