"""Background work: what is done, and when. Huey carries the tasks (https://huey.readthedocs.io).

Tasks are one call each and carry nothing: what must happen stands in our own rows, so a task that a dying worker lost
is made good by the next periodic one, and any task may run twice or side by side.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from threading import Event, Lock
from urllib.parse import urlsplit

from flask import Flask
from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey, crontab
from sqlalchemy.orm import Session

from . import clock, posting, returning
from .accounts import mailed_keys, sign_ins
from .column import erasing_keys, letting_in, mornings, reminding
from .column import settings as column_settings
from .column.settings import settings
from .comments import postponing, reports, same_address, spam, weighing
from .comments import retention as comments_retention
from .config import Config
from .courses import mails, opening, tallies, waitlist
from .db import db, writing
from .letters import announcing, naming
from .letters.publishing import follow_zones, live
from .mail import delivery
from .mail.mailboxes import NoMailbox
from .mail.messages import Writer
from .pages.answering import make_due_changes
from .pictures import folder as pictures_folder
from .pictures import forgetting as pictures_forgetting
from .questions import retention as questions_retention
from .questions import telling
from .reviews import draft_links, reviewing
from .writing import changing, history

MOST_WEIGHED = 300
"""Letters weighed at once; the next ones come a minute later."""

SEEN = "a worker was seen"
"""The key in the queue's store."""

log = logging.getLogger(__name__)

MAILS: dict[str, Writer] = {
    "confirmation": mails.confirmation,
    "notice": mails.notice,
    "trial": mails.trial,
    "answered": telling.answered,
    "reviewed": reviewing.reviewed,
    "empty_slot": reminding.empty_slot,
    "invitation": letting_in.key_by_mail,
    "reset": letting_in.key_by_mail,
    "summary": mornings.summary,
    "erasure": erasing_keys.key_by_mail,
}
"""Every kind of mail: its writer here, its words in templates/mail/<kind>/. `delivery.put` makes one due."""


def open_queue(config: Config) -> Huey:
    """The queue of DEARFRIDAY_QUEUE_URL. It has its own file: Huey's writes and ours would wait for each other."""
    scheme = urlsplit(config.queue_url).scheme
    if scheme == "redis":
        return RedisHuey("dearfriday", url=config.queue_url)
    if scheme == "postgresql":
        return PostgresHuey("dearfriday", dsn=config.queue_url)
    return SqliteHuey("dearfriday", filename=config.queue_url.removeprefix("sqlite:///"), fsync=True)


def set_up_work(app: Flask, config: Config) -> None:
    """Give the application its queue and its schedule: app.extensions["queue"], and `wake` for the edges."""
    queue = open_queue(config)
    app.extensions["queue"] = queue
    app.extensions["wait"] = posting.until  # the worker's own, when it runs, hears that it is to end
    app.extensions["sending"], app.extensions["sending_word"] = Lock(), Event()

    def task(do: Callable[[Flask, Config], object]) -> Callable[[], object]:
        @wraps(do)
        def run() -> object:
            with app.test_request_context(base_url=config.base_url), writing():
                return do(app, config)

        return run

    # The schedule.
    app.extensions["deliver"] = queue.task(name="deliver")(task(deliver_due))
    queue.periodic_task(crontab(minute="*"), name="sweep")(task(sweep))
    queue.periodic_task(crontab(minute="*"), name="announce")(task(announce))
    queue.periodic_task(crontab(minute="*"), name="weigh")(task(weigh))
    queue.periodic_task(crontab(minute="7"), name="learn")(task(learn))
    if config.bounces_url:
        queue.periodic_task(crontab(minute="*/5"), name="bounces")(task(read_bounces))
    queue.periodic_task(crontab(minute="17", hour="3"), name="forget")(task(forget))


def wake(app: Flask) -> None:
    """There is something to deliver. If the queue does not answer, the sweep finds it within a minute."""
    try:
        app.extensions["deliver"]()
    except Exception:
        log.warning("the queue does not answer; the sweep will deliver", exc_info=True)


def seen(queue: Huey) -> None:
    """A worker lives; `flask doctor` asks."""
    try:
        queue.put(SEEN, clock.now().isoformat())
    except Exception:
        log.warning("the queue does not answer", exc_info=True)


def last_seen(queue: Huey) -> datetime | None:
    """When a worker last swept; every one does so each minute."""
    said = queue.get(SEEN, peek=True)
    return datetime.fromisoformat(said) if said else None


def sweep(app: Flask, config: Config) -> None:
    """What a lost task should have done, what became due by the clock alone, and what is done a little at a time."""
    session = db.session()
    seen(app.extensions["queue"])
    make_due_changes(clock.now())  # pages ask for themselves; this is for exports and copies of the database
    lost = delivery.mark_in_doubt(session, now=clock.now())
    telling.enlist(session, now=clock.now())
    reminding.enlist(session, now=clock.now())
    mornings.enlist(session, now=clock.now())
    session.commit()
    if lost:
        log.warning("%d deliveries lost their worker: their fate is not known", lost)
    while opening.give_up_stopped(session, now=clock.now()):
        session.commit()
    session.commit()
    deliver_due(app, config)


def deliver_due(app: Flask, config: Config) -> int:
    """Send everything that is due; returns how many left. In one process one thread sends at a time.

    Who comes while another sends leaves word, and the other looks once more: nothing waits for the next sweep.
    """
    sending, word = app.extensions["sending"], app.extensions["sending_word"]
    sent = 0
    word.set()
    while word.is_set() and sending.acquire(blocking=False):
        try:
            word.clear()
            sent += posting.deliver_due(config, db.session(), MAILS, wait=app.extensions["wait"])
        finally:
            sending.release()
    return sent


def read_bounces(app: Flask, config: Config) -> int:
    """Mails that came back; returns how many were read. Two workers at once do what one does."""
    try:
        return returning.read_mailbox(db.session(), config).total()
    except NoMailbox as error:
        log.warning("mails that came back cannot be read: %s", error)
        return 0


def announce(app: Flask, config: Config) -> int:
    """Tell the hub of letters that came out; returns how many it heard of. Apart from mails, which may take long."""
    session = db.session()
    _name_feeds(session, config)
    if not config.websub_hub:
        return 0
    announcing.enlist(session, now=clock.now())
    claimed = announcing.claim(session, now=clock.now())
    session.commit()
    told = 0
    while claimed is not None:
        failed = False
        try:
            # Nothing is locked while the hub takes its time.
            announcing.tell(config.websub_hub, [config.base_url + feed for feed in claimed.feeds])
            told += 1
        except announcing.HubFailed as failure:
            log.warning("hub %s: %s", config.websub_hub, failure)
            failed = True
        announcing.record(session, claimed, failed=failed, now=clock.now())
        claimed = None if failed else announcing.claim(session, now=clock.now())
        session.commit()
    return told


def _name_feeds(session: Session, config: Config) -> None:
    """The first letter that is out gives the ids of feeds their host."""
    host = naming.host_of(config.base_url)
    if settings(session).feeds_host is None and naming.worth_keeping(host):
        if session.scalar(live(clock.now()).limit(1)) is not None:
            column_settings.name_feeds(session, host)
        session.commit()


def weigh(app: Flask, config: Config) -> int:
    """Weigh the comments of letters whose discussion changed, for the list of pruning; returns of how many letters.

    One commit a letter, so that no editor and no reader's comment waits for all of them.
    """
    session = db.session()
    letters = weighing.due(session, limit=MOST_WEIGHED)
    weighing.enlist(session, letters)
    session.commit()
    for letter_id in letters:
        weighing.weigh(session, letter_id, now=clock.now())
        session.commit()
    return len(letters)


def learn(app: Flask, config: Config) -> int:
    """Learn from the desk's decisions what it declines; returns from how many."""
    learned_from = spam.learn(db.session())
    db.session.commit()
    return learned_from


def forget(app: Flask, config: Config) -> None:
    """Retention: every kind of personal data has its end (promise 9)."""
    session, now = db.session(), clock.now()
    column = settings(session)
    for letter in follow_zones(session, now=now):
        log.warning("letter %s keeps its hour: the clocks of %s have changed", letter.name, letter.slot_zone)
    changing.follow_zones(session, now=now)
    history.forget(session, days=column.questions_days, now=now)
    comments_retention.erase_expired(
        session, pruned_days=column.pruned_days, declined_days=column.declined_days, now=now
    )
    comments_retention.forget_decided_addresses(session, now=now)
    same_address.forget(session, days=column.history_days, now=now)
    postponing.forget_decided(session)
    reports.forget(session, now=now)
    sign_ins.erase_expired(session, now=now)
    draft_links.erase_expired(session, now=now)
    mailed_keys.erase_expired(session, now=now)
    erasing_keys.erase_expired(session, now=now)
    questions_retention.erase_expired(session, days=column.questions_days, now=now)
    waitlist.erase_expired(session, days=column.unconfirmed_days, now=now)
    spam.learn(session)  # without what was erased
    tallies.forget(session, now=now)
    session.commit()
    pictures_forgetting.forget(session, config.media, now=now)
    session.commit()
    pictures_folder.clear(config.media)
