import re
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.error import URLError

import psutil

from ..house_on_a_port import House, Visitor, token


def newest_letter(house: House) -> str:
    found = re.search(r'href="(/letters/\d{4}-\d\d-\d\d(?:-\d+)?/)"', Visitor(house.base).get("/")[1])
    assert found
    return found.group(1)


def test_one_ctrl_c_ends_web_and_worker_cleanly(own_house: House) -> None:
    children = own_house.processes()
    assert len(children) >= 3, "web, its workers, and the background worker"
    assert own_house.interrupt() == 0
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)
    assert "Traceback" not in own_house.said(), own_house.said()


def test_a_taken_port_is_said_in_one_line(house: House) -> None:
    import subprocess

    try:
        house.flask("serve", "--port", str(house.port))
        raise AssertionError("it should not have started")
    except subprocess.CalledProcessError as ended:
        lines = ended.stderr.strip().splitlines()
        assert len(lines) == 1
        assert "cannot listen" in lines[0]


def test_of_fifty_decisions_at_once_one_is_taken(own_house: House) -> None:
    editors = [
        Visitor(own_house.base).sign_in("editor@example.org", own_house.password),
        Visitor(own_house.base).sign_in("moderator@example.org", own_house.password),
    ]
    pages = [editor.get("/desk/queue")[1] for editor in editors]
    comment, seen = re.search(
        r'action="/desk/comments/(\d+)/decision".*?name="seen"[^>]*value="(\w+)"', pages[0], re.DOTALL
    ).groups()  # type: ignore[union-attr]

    def decide(n: int) -> int:
        who = n % 2
        verdict = ("published", "declined")[n // 2 % 2]
        address = f"/desk/comments/{comment}/decision"
        return editors[who].post(address, verdict=verdict, seen=seen, csrf_token=token(pages[who]))[0]

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(decide, range(50)))
    # One verdict stands: who sent it is told that it is done, who sent the other is shown what stands.
    by_verdict = [{answers[n] for n in range(50) if n // 2 % 2 == which} for which in (0, 1)]
    assert sorted(by_verdict, key=min) == [{303}, {409}]
    with closing(sqlite3.connect(own_house.data / "column.sqlite")) as database:
        (number,) = database.execute("SELECT count(*) FROM decisions WHERE comment_id = ?", (comment,)).fetchone()
    assert number == 1


def test_no_comment_that_was_answered_is_lost_to_kill_9(own_house: House) -> None:
    address = newest_letter(own_house) + "comments"
    answered: list[str] = []
    enough = threading.Event()

    def send(n: int) -> None:
        text = f"Thought number {n} of five hundred."
        try:
            status, _ = Visitor(own_house.base).post(address, name="Ira", text=text)
        except (URLError, OSError):
            return
        if status == 303:
            answered.append(text)
        if len(answered) >= 200:
            enough.set()

    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(send, n) for n in range(500)]
        assert enough.wait(120)
        own_house.kill()
        for job in jobs:
            job.result()
    assert 200 <= len(answered) < 500
    own_house.start()
    with closing(sqlite3.connect(own_house.data / "column.sqlite")) as database:
        kept = {text for (text,) in database.execute("SELECT text_source FROM comments WHERE name = 'Ira'")}
    assert set(answered) <= kept


def test_a_body_of_five_megabytes_is_refused_in_the_sites_own_look(house: House) -> None:
    status, page = Visitor(house.base).post("/ask/", name="Vera", text="a" * 5_000_000)
    assert status == 413
    assert "larger than this page takes" in page


def test_a_letter_comes_out_by_the_clock_alone(own_house: House) -> None:
    """The worker is dead, and the slot comes."""
    import time
    from datetime import timedelta

    from app import clock

    for process in own_house.processes():
        if "worker" in process.cmdline()[-1:]:
            process.suspend()
    with closing(sqlite3.connect(own_house.data / "column.sqlite")) as database:
        (name,) = database.execute(
            "SELECT name FROM letters WHERE ready AND publish_at > datetime('now') LIMIT 1"
        ).fetchone()
        visitor = Visitor(own_house.base)
        assert visitor.get(f"/letters/{name}/")[0] == 404
        soon = clock.now() + timedelta(seconds=2)
        stamp = soon.strftime("%Y-%m-%d %H:%M:%S.%f")
        database.execute("UPDATE letters SET publish_at = ?, slot_at = ? WHERE name = ?", (stamp, stamp, name))
        database.commit()
    assert visitor.get(f"/letters/{name}/")[0] == 404
    time.sleep(max(0.0, (soon - clock.now()).total_seconds()) + 0.05)
    assert visitor.get(f"/letters/{name}/")[0] == 200
    assert visitor.get("/feed.xml")[1].count(f"/letters/{name}/") >= 1
    for process in own_house.processes():
        if process.status() == psutil.STATUS_STOPPED:
            process.resume()
