"""`flask doctor`: is everything that the column needs there and well, and if not, what to do. It changes nothing.

An edge, since it looks at the queue and at the world outside.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import dns.resolver
from flask import Flask
from huey import Huey
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from . import posting, work
from .column import tables
from .column.models import Settings
from .column.settings import settings
from .config import Config
from .findings import Finding
from .mail import mailboxes, published, signing
from .mail.smtp import Connection, ServerAway

LITTLE_SPACE, TOO_LITTLE_SPACE = 2_000_000_000, 200_000_000
"""Bytes."""
SEEN_WITHIN = timedelta(minutes=3)
"""A worker says each minute that it lives."""
OF_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
RESERVED = ("example.com", "example.net", "example.org", "example", "test", "invalid", "localhost")
"""Domains that nobody can have (RFC 2606)."""


def look(
    app: Flask, session: Session, *, now: datetime, resolver: Callable[[], dns.resolver.Resolver] = published.resolver
) -> Iterator[Finding]:
    """Everything, in the order in which it should be mended. resolver: whom to ask for names."""
    config: Config = app.extensions["config"]
    yield from _base_url(config)
    yield from _data(config)
    database = _database(session)
    yield database
    yield from _queue(app.extensions["queue"], now)
    yield from _mail_server(config)
    if database.level == "ok":
        yield from _mails(config, settings(session), resolver)
    yield from _mailbox(config)


def _base_url(config: Config) -> Iterator[Finding]:
    what, parts = "DEARFRIDAY_BASE_URL", urlsplit(config.base_url)
    if parts.hostname in OF_THIS_MACHINE:
        said = f"{config.base_url} is this machine; links in mails and feeds lead nowhere else"
        yield Finding("warning", what, said, "set it to the address that readers type")
    elif parts.scheme == "http":
        said = f"{config.base_url} is not encrypted; passwords and links to leave travel in the open"
        yield Finding("warning", what, said, "get a certificate, and set the address to https://")
    else:
        yield Finding("ok", what, config.base_url)


def _data(config: Config) -> Iterator[Finding]:
    what = f"Data folder {config.data}"
    try:
        with tempfile.TemporaryFile(dir=config.data) as file:
            file.write(b"written")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        yield Finding("error", what, f"cannot be written to ({error.strerror})", "give it to the user that runs this")
        return
    free = shutil.disk_usage(config.data).free
    said = f"can be written to; {free / 1e9:.1f} GB are free on its disk"
    level = "error" if free < TOO_LITTLE_SPACE else "warning" if free < LITTLE_SPACE else "ok"
    yield Finding(level, what, said, "" if level == "ok" else "make room, before nothing can be saved any more")  # type: ignore[arg-type]
    secrets = [config.data / "secret_key", *signing.folder(config.data).glob("*.pem")]
    for path in secrets:
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield Finding("warning", str(path), "other users of this machine can read it", f"chmod 600 {path}")


def _database(session: Session) -> Finding:
    what = "Database"
    try:
        connection = session.connection()
        name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[connection.dialect.name]
        if tables.are_up_to_date(connection):
            return Finding("ok", what, f"{name}, with the tables of this version")
    except SQLAlchemyError as error:
        session.rollback()
        said = f"does not answer ({' '.join(str(error).split())[:160]})"
        return Finding("error", what, said, "look at DEARFRIDAY_DATABASE_URL, and whether it runs")
    return Finding("error", what, f"{name}, with the tables of another version", "flask --app wsgi db upgrade")


def _queue(queue: Huey, now: datetime) -> Iterator[Finding]:
    try:
        waiting, seen = queue.pending_count(), work.last_seen(queue)
    except Exception as error:  # of Redis, PostgreSQL or SQLite
        said = f"does not answer ({' '.join(str(error).split())[:160]})"
        yield Finding("error", "Queue", said, "look at DEARFRIDAY_QUEUE_URL, and whether it runs")
        return
    yield Finding("ok", "Queue", f"{type(queue).__name__.removesuffix('Huey')}; {waiting} tasks wait")
    do = "run flask --app wsgi serve, or worker; if it has just started, ask again in a minute"
    if seen is None:
        yield Finding("error", "Worker", "none was ever seen, so no mail leaves", do)
    elif now - seen > SEEN_WITHIN:
        said = f"last seen {seen:%Y-%m-%d %H:%M} UTC, so no mail leaves"
        yield Finding("error", "Worker", said, do)
    else:
        yield Finding("ok", "Worker", f"seen {max(0, round((now - seen).total_seconds()))} s ago")


def _mail_server(config: Config) -> Iterator[Finding]:
    parts = urlsplit(config.mail_url)
    if parts.scheme == "folder":
        said = f"none: mails are kept as files in {config.data / 'mails'} and reach nobody"
        yield Finding("warning", "Mail server", said, "set DEARFRIDAY_MAIL_URL to smtp://…")
        return
    connection = Connection(config.mail_url)
    what = f"Mail server {connection.host}:{connection.port}"
    try:
        can = connection.greet()
    except ServerAway as error:
        yield Finding("error", what, f"does not take us ({error})", "look at DEARFRIDAY_MAIL_URL")
        return
    finally:
        connection.close()
    script = "letters of every script" if "smtputf8" in can else "letters a to z only before the @ of an address"
    if not connection.tls and connection.host not in OF_THIS_MACHINE:
        said = f"answers; it takes {script}; nothing is encrypted on the way to it"
        yield Finding("warning", what, said, "add ?tls=starttls or ?tls=on to DEARFRIDAY_MAIL_URL")
    else:
        yield Finding("ok", what, f"answers{', takes our password' if connection.user else ''}; it takes {script}")


def _mails(config: Config, column: Settings, resolver: Callable[[], dns.resolver.Resolver]) -> Iterator[Finding]:
    domain = signing.domain_of(column.mail_from)
    try:
        key = posting.key_of(config, column)
    except signing.NoKey as error:
        key = None
        do = "bring the key here, or choose another one at the desk, under Settings"
        yield Finding("error", "Signing key", f"{error}; no mail leaves", do)
    else:
        if key is not None:
            yield Finding("ok", "Signing key", f"{key.selector}, RSA of {key.bits} bits")
        else:
            do = "flask --app wsgi dkim make friday, and choose it at the desk, under Settings"
            yield Finding("warning", "Signing key", "none: mails are not signed (unless your mail server does it)", do)
    if any(f".{domain}".endswith(f".{one}") for one in RESERVED):
        said = f"mails come from {column.mail_from}, a domain that nobody has"
        level = "warning" if config.mail_url.startswith("folder") else "error"
        yield Finding(level, "Sender", said, "set your own at the desk, under Settings")  # type: ignore[arg-type]
        return
    try:
        asked = resolver()
    except published.CannotResolve as error:
        yield Finding("warning", "DNS", f"not looked at: {error}", "ask again with --dns 9.9.9.9")
        return
    envelope = signing.domain_of(config.return_address or column.mail_from)
    yield from published.of(asked, domain, envelope=envelope, key=key)


def _mailbox(config: Config) -> Iterator[Finding]:
    what = "Mails that come back"
    if not config.bounces_url:
        if config.return_address:
            said = f"go to {config.return_address}, and the worker does not read them"
            yield Finding("warning", what, said, "set DEARFRIDAY_BOUNCES_URL, or give them to flask bounces read")
        return
    try:
        with mailboxes.imap(config.bounces_url):
            yield Finding("ok", what, f"the mailbox at {urlsplit(config.bounces_url).hostname} can be read")
    except mailboxes.NoMailbox as error:
        yield Finding("error", what, f"cannot be read ({error})", "look at DEARFRIDAY_BOUNCES_URL")
