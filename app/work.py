"""Background work: what is done, and when. Huey carries the tasks (https://huey.readthedocs.io).

Tasks are one call each and carry nothing: what must happen stands in our own rows, so a task that a dying worker lost
is made good by the next periodic one, and any task may run twice or side by side.
"""

import logging
from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from flask import Flask
from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey, crontab
from sqlalchemy.orm import Session

from . import clock
from .column import settings as column_settings
from .column.settings import settings
from .comments import retention as comments_retention
from .config import Config
from .courses import mails, waitlist
from .db import db, writing
from .letters import announcing, naming
from .letters.publishing import live
from .mail import delivery
from .mail.messages import Letterhead, Mail, Writer, build
from .mail.models import Delivery
from .mail.smtp import MailFailed, ServerAway, Transport, transport
from .questions import retention as questions_retention
from .questions import telling

log = logging.getLogger(__name__)

MAILS: dict[str, Writer] = {
    "confirmation": mails.confirmation,
    "notice": mails.notice,
    "answered": telling.answered,
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
    queue.periodic_task(crontab(minute="17", hour="3"), name="forget")(task(forget))


def wake(app: Flask) -> None:
    """There is something to deliver. If the queue does not answer, the sweep finds it within a minute."""
    try:
        app.extensions["deliver"]()
    except Exception:
        log.warning("the queue does not answer; the sweep will deliver", exc_info=True)


def sweep(app: Flask, config: Config) -> None:
    """What a lost task should have done, and the mails that became due by the clock alone."""
    lost = delivery.mark_in_doubt(db.session(), now=clock.now())
    telling.enlist(db.session(), now=clock.now())
    db.session.commit()
    if lost:
        log.warning("%d deliveries lost their worker: their fate is not known", lost)
    deliver_due(app, config)


def deliver_due(app: Flask, config: Config) -> int:
    """Send everything that is due, one by one, over one connection; returns how many left."""
    with transport(config.mail_url, config.data / "mails") as post:
        return deliver_all(config, post)


def deliver_all(config: Config, post: Transport) -> int:
    """One commit a mail: the record of the last one and the claim of the next are the same transaction."""
    session = db.session()
    sent = 0
    claimed = delivery.claim(session, now=clock.now())
    session.commit()
    while claimed is not None:
        column = settings(session)
        letterhead = Letterhead(column.title, column.mail_from, config.base_url, column.language)
        mail = MAILS[claimed.kind](session, claimed, letterhead)
        outcome: str | MailFailed | None = None
        if mail is None:
            delivery.drop(session, claimed, now=clock.now())
        else:
            outcome = _handed_over(session, post, mail, claimed, letterhead)
            delivery.record(session, claimed, outcome, now=clock.now())
            sent += isinstance(outcome, str)
        claimed = None if isinstance(outcome, ServerAway) else delivery.claim(session, now=clock.now())
        session.commit()
    return sent


def _handed_over(
    session: Session, post: Transport, mail: Mail, claimed: Delivery, letterhead: Letterhead
) -> str | MailFailed:
    kind, number = claimed.kind, claimed.id
    try:
        message = build(mail, claimed, letterhead, now=clock.now())
        session.commit()  # nothing is locked while the server takes its time
        return post.send(message)
    except MailFailed as failure:
        log.warning("%s %d: %s: %s", kind, number, type(failure).__name__, failure)
        return failure


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


def forget(app: Flask, config: Config) -> None:
    """Retention: every kind of personal data has its end (promise 9)."""
    session, now = db.session(), clock.now()
    column = settings(session)
    comments_retention.erase_expired(
        session, pruned_days=column.pruned_days, declined_days=column.declined_days, now=now
    )
    comments_retention.forget_decided_addresses(session, now=now)
    questions_retention.erase_expired(session, days=column.questions_days, now=now)
    waitlist.erase_expired(session, days=column.unconfirmed_days, now=now)
    session.commit()
