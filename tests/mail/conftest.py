"""A real SMTP server, which can be as bad as real ones are, and a real IMAP server."""

import asyncio
import imaplib
import re
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask
from sqlalchemy.orm import Session as OfDatabase

from app import work
from app.config import Config
from app.courses.models import Course, Subscriber
from app.db import writing

from ..conftest import NOON

Mischief = tuple[str, str]
"""(at which command, what: a reply such as "451 Later", "hang up", or "fall silent")."""


class Server:
    """Takes mails on a port of this machine. `mischief` is what it does to the next mails, one entry each."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.recipients: list[str] = []
        self.senders: list[str] = []
        self.mischief: deque[Mischief | None] = deque()
        self.connections = 0
        self.awake = True
        self.thinks = 0.0
        """Seconds about each text."""
        self.pipelining = False
        """Says that it takes several commands at once (RFC 2920); aiosmtpd always does."""
        self.smtputf8 = False
        """Knows addresses in every script (RFC 6531)."""
        self.silent = threading.Event()
        self._today: Mischief | None = None
        self._controller = _OnAnyPort(self, hostname="127.0.0.1", port=0, ready_timeout=10)
        self._controller.factory = partial(_Greeting, self, self)  # type: ignore[method-assign]
        self._controller.start()
        self.connections = 0  # the controller's own first look does not count
        self.url = f"smtp://127.0.0.1:{self._controller.port}"

    def stop(self) -> None:
        self._controller.stop()

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=policy.SMTP) for raw in self.raw]  # type: ignore[misc]

    async def handle_EHLO(
        self, smtp: SMTP, session: Session, _: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*responses[:-1], *(["250-PIPELINING"] if self.pipelining else []), responses[-1]]

    async def handle_MAIL(self, smtp: SMTP, _: Session, envelope: Envelope, address: str, options: Any) -> str:
        self._today = self.mischief.popleft() if self.mischief else None
        envelope.mail_from = address
        return await self._do("MAIL", smtp) or "250 OK"

    async def handle_RCPT(self, smtp: SMTP, _: Session, envelope: Envelope, address: str, options: Any) -> str:
        envelope.rcpt_tos.append(address)
        return await self._do("RCPT", smtp) or "250 OK"

    async def handle_DATA(self, smtp: SMTP, _: Session, envelope: Envelope) -> str:
        refusal = await self._do("refused DATA", smtp)
        if refusal:
            return refusal
        await asyncio.sleep(self.thinks)
        self.raw.append(bytes(envelope.content or b""))
        self.recipients += envelope.rcpt_tos
        self.senders.append(envelope.mail_from or "")
        return await self._do("DATA", smtp) or "250 Taken"

    async def _do(self, command: str, smtp: SMTP) -> str | None:
        if self._today is None or self._today[0] != command:
            return None
        what = self._today[1]
        if what == "hang up":
            smtp.transport.abort()  # type: ignore[union-attr]
        elif what == "fall silent":
            self.silent.set()
            await asyncio.sleep(3600)
        return None if what == "hang up" else what


class _OnAnyPort(Controller):
    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


class _Greeting(SMTP):
    def __init__(self, server: Server, *args: Any, **more: Any) -> None:
        self._server = server
        super().__init__(*args, enable_SMTPUTF8=server.smtputf8, **more)

    async def _handle_client(self) -> None:
        self._server.connections += 1
        if not self._server.awake:
            self.transport.abort()  # type: ignore[union-attr]
            return
        await super()._handle_client()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def config(app: Flask, server: Server) -> Config:
    """The stage's settings, with this server for the mails."""
    config: Config = app.extensions["config"]
    return replace(config, mail_url=server.url)


@pytest.fixture
def deliver(app: Flask, config: Config, at: object) -> Callable[..., int]:
    """Send everything that is due, as the worker does."""

    def run(config: Config = config) -> int:
        with app.test_request_context(base_url=config.base_url), writing():
            return work.deliver_due(app, config)

    return run


@pytest.fixture
def sweep(app: Flask, config: Config) -> Callable[[], None]:
    """What the worker does every minute."""

    def run() -> None:
        with app.test_request_context(base_url=config.base_url), writing():
            work.sweep(app, config)

    return run


def confirmed(session: OfDatabase, course: Course, number: int) -> list[Subscriber]:
    """So many subscribers who wait, at once and without their confirmation mails."""
    rows = [
        {"course_id": course.id, "email": f"reader{n}@example.org", "email_key": f"reader{n}@example.org",
         "confirm_token": f"confirm-{n}", "leave_token": f"leave-{n:037}", "asked_at": NOON, "confirmed_at": NOON}
        for n in range(number)
    ]  # fmt: skip
    session.execute(sa.insert(Subscriber), rows)
    return list(session.scalars(sa.select(Subscriber).where(Subscriber.course_id == course.id).order_by(Subscriber.id)))


def words(text: str) -> str:
    """A text with its white space folded."""
    return re.sub(r"\s+", " ", text).strip()


class ImapServer:
    """A real IMAP server in a process of its own (pymap); every test has a mailbox of its own in it."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        # Its password is hashed half a million times at each login, which proves nothing here.
        run = "from pysasl.hashing import BuiltinHash as H; H.__init__.__kwdefaults__['rounds'] = 1\n"
        run += "from pymap.main import main; main()"
        where = ["--host", "127.0.0.1", "--port", str(self.port), "--no-tls"]
        whose = ["dict", "--demo-user", "column", "--demo-password", "pass word"]
        self.process = subprocess.Popen([sys.executable, "-c", run, *where, *whose])
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise AssertionError("the IMAP server does not answer")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


class Mailbox:
    """One mailbox, as a person's mail program sees it."""

    def __init__(self, server: ImapServer, name: str) -> None:
        self.name = name
        self.url = f"imap://column:pass%20word@127.0.0.1:{server.port}/{name}?tls=off"
        self.connection = imaplib.IMAP4("127.0.0.1", server.port, timeout=10)
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # it writes a mail in pieces
        self.connection.login("column", "pass word")
        self.connection.create(name)

    def put(self, *mails: bytes, flags: str = "") -> None:
        for mail in mails:
            assert self.connection.append(self.name, flags, None, mail)[0] == "OK"  # type: ignore[arg-type]

    def seen(self, name: str = "") -> list[tuple[str, str]]:
        """[(subject, flags)] of the mails in this mailbox, or in another one."""
        status, said = self.connection.select(f'"{name or self.name}"', readonly=True)
        if status != "OK":
            return []
        found = []
        for number in range(1, int(said[0] or 0) + 1):
            answer = self.connection.fetch(str(number), "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
            text = b" ".join(b" ".join(one) if isinstance(one, tuple) else one for one in answer).decode()
            flags = re.search(r"FLAGS \(([^)]*)\)", text)
            subject = re.search(r"Subject: (.*?)\r?\n", text)
            kept = " ".join(flag for flag in flags[1].split() if flag != "\\Recent") if flags else ""
            found.append((subject[1] if subject else "", kept))
        self.connection.close()
        return found


@pytest.fixture(scope="session")
def imap_server() -> Iterator[ImapServer]:
    server = ImapServer()
    yield server
    server.stop()


@pytest.fixture
def mailbox(imap_server: ImapServer) -> Iterator[Mailbox]:
    box = Mailbox(imap_server, f"m{next(_numbers)}")
    yield box
    box.connection.logout()


_numbers = count(1)
