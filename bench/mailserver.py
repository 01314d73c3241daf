"""A mail server that is as bad as real ones are, in a process of its own, and writes down what it took.

    python -m bench.mailserver PORT LEDGER [--bad SEED]

Each line of the ledger is written before the answer: `took RECIPIENT MESSAGE-ID` for a mail that it has, and `broke`
for a connection that it dropped after a text, so that the sender cannot know.
"""

import argparse
import asyncio
import os
import random
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

SLOWEST = 0.015
"""Seconds that a bad server thinks about a text."""
MISCHIEF = {
    "451 now": 0.03,
    "550 for good": 0.01,
    "hang up at MAIL": 0.01,
    "hang up before taking": 0.004,
    "hang up before the 250": 0.004,
    "hang up after the 250": 0.01,
    "die": 0.002,
}
"""How often a bad server does what, of all mails."""


class Taking:
    """Takes mails into the ledger."""

    def __init__(self, ledger: Path, seed: int | None) -> None:
        self.file = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.random = random.Random(seed) if seed is not None else None
        self.today = ""

    def note(self, line: str) -> None:
        os.write(self.file, f"{line}\n".encode())

    async def handle_EHLO(
        self, smtp: SMTP, session: Session, _: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """As nearly all servers it takes several commands at once (RFC 2920), which aiosmtpd does without saying so."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_MAIL(self, smtp: SMTP, _: Session, envelope: Envelope, address: str, options: Any) -> str:
        self.today = ""
        if self.random is not None:
            names, weights = list(MISCHIEF), list(MISCHIEF.values())
            self.today = self.random.choices([*names, ""], [*weights, 1 - sum(weights)])[0]
        if self.today == "hang up at MAIL":
            smtp.transport.abort()  # type: ignore[union-attr]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, smtp: SMTP, _: Session, envelope: Envelope, address: str, options: Any) -> str:
        if self.today == "451 now":
            return "451 Greylisted"
        if self.today == "550 for good":
            return "550 No such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, smtp: SMTP, _: Session, envelope: Envelope) -> str:
        today = self.today  # of this mail; another connection may begin one while we think
        if self.random is not None:
            await asyncio.sleep(self.random.random() * SLOWEST)
        if today == "die":
            self.note("broke")
            os._exit(1)
        if today == "hang up before taking":
            self.note("broke")
            smtp.transport.abort()  # type: ignore[union-attr]
            return "250 never read"
        message = message_from_bytes(bytes(envelope.content or b""))
        self.note(f"took {envelope.rcpt_tos[0]} {message['Message-ID']}")
        if today == "hang up before the 250":
            self.note("broke")
            smtp.transport.abort()  # type: ignore[union-attr]
        if today == "hang up after the 250":
            asyncio.get_running_loop().call_later(0.002, smtp.transport.close)  # type: ignore[union-attr]
        return "250 Taken"


async def serve(port: int, ledger: Path, seed: int | None) -> None:
    def connection() -> SMTP:
        handler = Taking(ledger, None if seed is None else seed + random.randrange(1_000_000))
        return SMTP(handler, hostname="mail.example", enable_SMTPUTF8=True)

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("ledger", type=Path)
    parser.add_argument("--bad", type=int, default=None)
    given = parser.parse_args()
    asyncio.run(serve(given.port, given.ledger, given.bad))
