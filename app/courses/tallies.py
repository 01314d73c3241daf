"""How often something may be asked for: counted in the database, so that it holds for all workers on all hosts.

Counts are of fixed windows (this hour, this day), so at the turn of one the limit may be met twice in a row.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ..refusals import Refusal
from ..text.address import mailbox
from .models import Tally

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True)
class Limit:
    """At most `most` in each window of this length."""

    kind: str
    most: int
    window: timedelta


OF_ONE_HOUSEHOLD = Limit("household", 20, HOUR)
"""One IPv4 address, or one IPv6 /64: a home, an office, one customer of a provider."""
OF_ONE_NETWORK = Limit("network", 200, HOUR)
"""An IPv4 /24, or an IPv6 /48: what one person can rent, and what many people share at a mobile operator."""
OF_ALL = Limit("all", 3000, HOUR)
"""All addresses left at all courses: what a flood of any source can make us mail."""
A_DAY_TO_ONE_MAILBOX = Limit("mailbox day", 4, DAY)
A_WEEK_TO_ONE_MAILBOX = Limit("mailbox week", 8, WEEK)
"""Confirmations into one mailbox, whatever +detail is typed behind its name and for how many courses."""
A_DAY_TO_ONE_DOMAIN = Limit("domain day", 300, DAY)
"""Confirmations to all mailboxes of one domain, which may all be somebody's one; not to those of PROVIDERS."""
PROVIDERS = frozenset(
    """
    126.com 163.com aol.com bk.ru fastmail.com free.fr gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net hey.com
    hotmail.co.uk hotmail.com hotmail.de hotmail.fr icloud.com inbox.lv inbox.ru internet.ru laposte.net libero.it
    list.ru live.com mail.com mail.ru msn.com naver.com o2.pl orange.fr outlook.com outlook.de outlook.fr proton.me
    qq.com rambler.ru seznam.cz t-online.de tut.by ukr.net wanadoo.fr web.de wp.pl yahoo.co.jp yahoo.co.uk
    yahoo.com yahoo.de yahoo.fr yandex.ru zoho.com
    """.split()
)
"""Domains where everybody may have a mailbox (the names that text/address.mailbox gives them)."""


class AskedTooOften(Refusal):
    """Too many addresses were left in the last hour. Please try again in an hour."""


def admit(session: Session, client: str | None, *, now: datetime) -> None:
    """Somebody leaves an address at the form. client: their IP address, or None when it is not known.

    Raises AskedTooOften; the edge rolls back, so a refused one counts nowhere.
    """
    counts = [(OF_ONE_HOUSEHOLD, _prefix(client, 32, 64)), (OF_ONE_NETWORK, _prefix(client, 24, 48)), (OF_ALL, "all")]
    for limit, key in counts:
        if key and not count(session, limit, key, now=now):
            raise AskedTooOften


def may_be_mailed(session: Session, email: str, *, now: datetime) -> bool:
    """May a confirmation go to this mailbox now; counts it as gone. Nobody who leaves an address is told the answer."""
    key = mailbox(email)
    domain = key.rpartition("@")[2]
    counts = [(A_DAY_TO_ONE_MAILBOX, key), (A_WEEK_TO_ONE_MAILBOX, key)]
    if domain not in PROVIDERS:
        counts.append((A_DAY_TO_ONE_DOMAIN, domain))
    return all(count(session, limit, key, now=now) for limit, key in counts)


def count(session: Session, limit: Limit, key: str, *, now: datetime) -> bool:
    """One more of this kind; False, and not counted, when the window is full. One statement: nobody slips through."""
    since = _start(now, limit.window)
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    one = insert(Tally).values(kind=limit.kind, key=key[:254], since=since, number=1, until=since + limit.window)
    counted = one.on_conflict_do_update(
        index_elements=["kind", "key", "since"], set_={"number": Tally.number + 1}, where=Tally.number < limit.most
    )
    return session.scalar(counted.returning(Tally.number)) is not None


def forget(session: Session, *, now: datetime) -> int:
    """Delete what is counted no more: nobody's network or mailbox is kept longer than its window. Returns how many."""
    return int(session.execute(delete(Tally).where(Tally.until <= now)).rowcount)  # type: ignore[attr-defined]


def forget_mailbox(session: Session, email: str) -> None:
    """A person is erased: their mailbox is not kept here either."""
    session.execute(delete(Tally).where(Tally.key == mailbox(email)[:254]))


def _start(now: datetime, window: timedelta) -> datetime:
    beginning = datetime(2020, 1, 6, tzinfo=UTC)  # a Monday
    return beginning + (now - beginning) // window * window


def _prefix(client: str | None, bits_of_4: int, bits_of_6: int) -> str:
    """The network of this client, as text; empty when there is none, as behind a proxy that was not announced."""
    try:
        address = ip_address((client or "").partition("%")[0])
    except ValueError:
        return ""
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_loopback:
        return ""
    return str(ip_network(f"{address}/{bits_of_4 if address.version == 4 else bits_of_6}", strict=False))
