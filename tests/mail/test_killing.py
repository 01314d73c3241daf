"""Two workers send one opening and are killed at any moment, again and again. `python -m bench.notices killing` is the
large one: 2,000 subscribers, 200 kills, on every database and queue, with a mail server as bad as they come."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.config import ROOT, Config
from app.courses.models import Subscriber
from app.mail.delivery import LONGEST_HAND_OVER
from app.mail.models import Delivery

from ..cast import Cast
from ..conftest import NOON
from .conftest import Server, confirmed

KILLS, NOTICES = 10, 100

NURSERY = """
import os, random, select, signal, sys, time
from dataclasses import replace
from datetime import datetime
from app import clock, create_app, work
from app.db import writing
from app.mail import pace, smtp

moment, url, kills = datetime.fromisoformat(sys.argv[1]), sys.argv[2], int(sys.argv[3])
clock.now = lambda: moment
pace.AT_ONCE = 5  # so that the dead do not hold all of them
app, dice = create_app(), random.Random(4)
config = replace(app.extensions["config"], mail_url=url)
begun, begins = os.pipe()
hand_over = smtp.Connection._hand_over

def told(*args):
    os.write(begins, b"x")
    return hand_over(*args)

smtp.Connection._hand_over = told

def worker():
    child = os.fork()
    if child:
        return child
    with app.test_request_context(), writing():
        while True:
            work.deliver_due(app, config)
            time.sleep(0.01)

def end(child):
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

alive = [worker(), worker()]
for _ in range(kills - 2):
    for _ in range(dice.randint(1, 7)):
        select.select([begun], [], [], 20)[0] and os.read(begun, 1)
    time.sleep(dice.random() * 0.012)
    victim = dice.randrange(2)
    end(alive[victim])
    alive[victim] = worker()
for child in alive:
    end(child)
"""


def test_two_workers_killed_again_and_again_send_to_everybody_and_to_nobody_twice(
    cast: Cast, session: Session, config: Config, server: Server, sweep: Callable[[], None], at: Any
) -> None:
    server.thinks = 0.008
    course = cast.course()
    confirmed(session, course, NOTICES)
    cast.opened(course)
    session.commit()
    environ = os.environ | {"DEARFRIDAY_DATA": str(config.data), "DEARFRIDAY_BASE_URL": config.base_url}
    environ["DEARFRIDAY_DATABASE_URL"] = config.database_url.replace("+psycopg", "")
    command = [sys.executable, "-c", NURSERY, NOON.isoformat(), server.url, str(KILLS)]
    subprocess.run(command, cwd=ROOT, env=environ, check=True)
    assert len(server.raw) > KILLS  # the kills met them at work
    server.thinks = 0
    at(NOON + LONGEST_HAND_OVER)
    sweep()
    query = sa.select(Subscriber.email, Delivery.state).join(Delivery, Delivery.subscriber_id == Subscriber.id)
    states = {email: state for email, state in session.execute(query)}
    taken = Counter(server.recipients)
    assert max(taken.values()) == 1
    doubts = sum(state == "in_doubt" for state in states.values())
    assert (len(states), set(states.values()) - {"in_doubt"}) == (NOTICES, {"sent"})
    assert doubts <= KILLS
    assert [email for email, state in states.items() if state == "sent" and email not in taken] == []
