"""Addresses from elsewhere come onto a waitlist, as a table with the proof of each one's consent.

Whose consent is not stated is asked to confirm, like anybody who leaves an address. Read again, the same table brings
nobody new: who waits, was told, left or cannot be reached is left out, and it is said why.
"""

import csv
import io
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ..accounts.people import email_key
from ..mail import delivery
from ..refusals import Refusal
from ..text.address import usual
from ..text.tables import as_written
from . import tallies, waitlist
from .models import Course, Subscriber

MOST_ROWS = 50_000
LONGEST_CONSENT = 300
ASKED_A_DAY = tallies.Limit("import", 2000, timedelta(days=1))
"""Confirmation mails that imports of all courses cause in a day."""
SEALED_FOR = timedelta(hours=1)
"""How long a table that was looked at can be imported without being chosen again."""
LONGEST_SEALED = 1_900_000
"""Letters that a page can carry and send back (web.LARGEST_AT_THE_DESK)."""
AT_ONCE = 500
"""Rows in one statement."""
SHOWN = 200
"""Rows left out that are named one by one."""

Why = Literal["no address", "no room", "twice", "waits", "told", "left", "bounced", "complained", "enough", "tomorrow"]
"""Why a row is left out: it has no address, or a proof longer than LONGEST_CONSENT; its address stands in the table
before, waits already, was told, left, refused our mails, called one spam; its mailbox had enough confirmation mails;
ASKED_A_DAY is used up."""

NAMES = {
    "email": ("email", "e-mail", "mail", "email address", "e-mail address", "mail address", "address", "почта",
              "адрес", "адрес почты", "почтовый адрес", "электронная почта", "эл. почта", "имейл"),
    "consent": ("consent", "proof of consent", "согласие", "подтверждение согласия"),
    "state": ("state", "status", "subscription status", "состояние", "статус"),
}  # fmt: skip
"""What the three columns may be called, in small letters; all others are not read."""
GONE: dict[Why, tuple[str, ...]] = {
    "told": ("told",),
    "left": ("left", "unsubscribed", "unsubscribe", "opted out", "blocklisted", "blacklisted", "disabled", "inactive",
             "ушёл", "ушел", "ушли", "отписан", "отписался", "отписалась"),
    "bounced": ("bounced", "cleaned", "undelivered", "hard bounced", "hard bounce", "не доставлено"),
    "complained": ("complained", "complaint", "spam complaint", "marked as spam", "спам"),
}  # fmt: skip
"""States, in small letters, in which nobody is put on a list: ours (`listing.state`), and those of other programs."""
NOT_STATED = {"", "-", "—", "?", "0", "n", "no", "none", "null", "n/a", "false", "нет", "н", "не знаю", "ложь"}
"""What stands in the column of consent when there is none, in small letters."""


class NoFile(Refusal):
    """Choose a file that is not empty."""


class NoTable(Refusal):
    """This file is no CSV table, so nothing was changed. In your spreadsheet choose “Save as” and there CSV, UTF-8."""


class Broken(Refusal):
    """The file breaks off or its quotation marks do not match, so it cannot be read. Nothing was changed."""


class NoAddresses(Refusal):
    """The first line must name the columns, and one of them must be “email”. Nothing was changed."""


class TooLong(Refusal):
    """At most 50,000 lines can be read at once, so nothing was changed. Divide the file and import its parts."""


class SealIsBroken(Refusal):
    """It is more than an hour since you looked at the file, so nothing was changed. Choose it once more."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    line: int
    email: str
    """As it stands there."""
    consent: str
    """Empty: not stated."""
    gone: Why | None = None
    """The table itself says that they wait no more."""
    address: str | None = None
    """In its usual form; None when it is no address. Found when the table is read, while nobody waits for it."""


@dataclass(frozen=True)
class LeftOut:
    """A row that brought nobody new, and why."""

    row: Row
    why: Why


@dataclass
class Report:
    """What an import did, or would do."""

    waiting: int = 0
    """Their consent is stated: they wait from now on."""
    asked: int = 0
    """They get a confirmation mail."""
    left_out: list[LeftOut] = field(default_factory=list)

    @property
    def reasons(self) -> dict[Why, int]:
        """{why: how many rows}."""
        return Counter(one.why for one in self.left_out)


def read(raw: bytes) -> list[Row]:
    """The rows of a CSV file: UTF-8, UTF-16 with its mark, or Windows-1251; comma, semicolon or tab between cells.

    Raises NoFile, NoTable, Broken, NoAddresses, TooLong.
    """
    if not raw:
        raise NoFile
    content = _decoded(raw)
    if any(ord(one) < 32 and one not in "\t\r\n" for one in content):
        raise NoTable
    rows = _cells(content)
    head = [_usual_name(cell) for cell in next(rows, (1, [""]))[1]]
    if "email" not in head:
        raise NoAddresses
    at = head.index("email")
    proof, state = (head.index(one) if one in head else None for one in ("consent", "state"))
    found: list[Row] = []
    for line, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if len(found) == MOST_ROWS:
            raise TooLong
        found.append(_row(line, _cell(cells, at), _stated(_cell(cells, proof)), _gone(_cell(cells, state))))
    return found


def sealed(rows: Sequence[Row], course: Course, *, secret: str, now: datetime) -> str:
    """The rows as one text that the page carries until they are imported, so that no address is kept here meanwhile.

    Raises TooLong when no page can carry it.
    """
    content = [course.id, now.timestamp(), [(row.line, row.email, row.consent, row.gone) for row in rows]]
    seal = str(URLSafeSerializer(secret, salt="import").dumps(content))
    if len(seal) > LONGEST_SEALED:
        raise TooLong
    return seal


def unsealed(seal: str, course: Course, *, secret: str, now: datetime) -> list[Row]:
    """The rows again. Raises SealIsBroken, also when it is old: an erased address would come back."""
    try:
        course_id, moment, rows = URLSafeSerializer(secret, salt="import").loads(seal)
    except BadData:
        raise SealIsBroken from None
    if course_id != course.id or now.timestamp() - moment > SEALED_FOR.total_seconds():
        raise SealIsBroken
    return [_row(*row) for row in rows]


def _row(line: int, email: str, consent: str, gone: Why | None) -> Row:
    return Row(line, email, consent, gone, usual(email, any_script=True))


def _decoded(raw: bytes) -> str:
    if raw.startswith((b"PK\3\4", b"\xd0\xcf\x11\xe0", b"%PDF")):  # a spreadsheet itself
        raise NoTable
    codings = ("utf-16",) if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "cp1251")
    for coding in codings:
        try:
            return raw.decode(coding)
        except UnicodeDecodeError:
            continue
    raise NoTable


def _cells(content: str) -> Iterator[tuple[int, list[str]]]:
    """(number of the line, cells) for each row; what stands between cells is told by the first line."""
    first = content.lstrip().partition("\n")[0]
    between = max(",;\t", key=first.count)
    lines = csv.reader(io.StringIO(content, newline=""), delimiter=between, strict=True)
    try:
        for cells in lines:
            yield lines.line_num, cells
    except csv.Error:
        raise Broken from None


def _usual_name(cell: str) -> str:
    name = " ".join(cell.split()).lower()
    return next((what for what, names in NAMES.items() if name in names), name)


def _cell(cells: Sequence[str], at: int | None) -> str:
    return "" if at is None or at >= len(cells) else as_written(" ".join(cells[at].split()))


def _gone(state: str) -> Why | None:
    return next((why for why, states in GONE.items() if state.lower() in states), None)


def _stated(consent: str) -> str:
    return "" if consent.lower() in NOT_STATED else consent


def take(session: Session, course: Course, rows: Sequence[Row], *, now: datetime) -> Report:
    """Put these addresses on the waitlist, and say what became of each row. Raises waitlist.EnrolmentIsOpen."""
    if waitlist.open_one(session, course) is not None:
        raise waitlist.EnrolmentIsOpen
    report, seen = Report(), set[str]()
    for some in (rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE)):
        sound: list[tuple[Row, str, str]] = []
        for row in some:
            email, key = row.address, email_key(row.address or "")
            why: Why | None = None
            if email is None:
                why = "no address"
            elif len(row.consent) > LONGEST_CONSENT:
                why = "no room"
            elif row.gone is not None:
                why = row.gone
            elif key in seen:
                why = "twice"
            if why is not None or email is None:
                report.left_out.append(LeftOut(row, why or "no address"))
                continue
            seen.add(key)
            sound.append((row, email, key))
        _take_some(session, course, sound, report, now)
    report.left_out.sort(key=lambda one: one.row.line)
    return report


def _take_some(
    session: Session, course: Course, sound: list[tuple[Row, str, str]], report: Report, now: datetime
) -> None:
    known = _known(session, course, [key for _, _, key in sound])
    ready, to_ask = [], []
    for row, email, key in sound:
        why = known.get(key)
        if why is None and not row.consent:
            why = _asked_enough(session, email, now)
        if why is not None:
            report.left_out.append(LeftOut(row, why))
        elif row.consent:
            ready.append((row, email, key))
        else:
            to_ask.append((row, email, key))
    added = _insert(session, course, ready + to_ask, now)
    for row, _, key in ready + to_ask:
        if key not in added:  # left at the form by its owner at this moment
            report.left_out.append(LeftOut(row, "waits"))
        elif row.consent:
            report.waiting += 1
        else:
            report.asked += 1
            delivery.put(session, "confirmation", subscriber_id=added[key], now=now)


def _known(session: Session, course: Course, keys: list[str]) -> dict[str, Why]:
    """{address: why it is left out}. Who complained or cannot be reached is left out of every course."""
    rows = session.execute(
        select(Subscriber.email_key, Subscriber.left_why, Subscriber.is_told, Subscriber.course_id)
        .where(Subscriber.email_key.in_(keys))
        .order_by(Subscriber.id)
    )
    found: dict[str, Why] = {}
    for key, left_why, is_told, course_id in rows:
        if left_why in ("bounced", "complained"):
            found[key] = left_why
        elif course_id == course.id and found.get(key) not in ("bounced", "complained"):
            found[key] = "left" if left_why else "told" if is_told else "waits"
    return found


def _asked_enough(session: Session, email: str, now: datetime) -> Why | None:
    if not tallies.count(session, ASKED_A_DAY, "all", now=now):
        return "tomorrow"
    return None if tallies.may_be_mailed(session, email, now=now) else "enough"


def _insert(session: Session, course: Course, some: list[tuple[Row, str, str]], now: datetime) -> dict[str, int]:
    """{address: id} of those that came in."""
    if not some:
        return {}
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    new = insert(Subscriber.__table__).on_conflict_do_nothing(  # type: ignore[arg-type]
        index_elements=["course_id", "email_key", "opening_number"]
    )
    values: list[dict[str, Any]] = [
        {
            "course_id": course.id,
            "opening_number": course.next_opening,
            "email": email,
            "email_key": key,
            "confirm_token": secrets.token_urlsafe(32),
            "leave_token": secrets.token_urlsafe(32),
            "asked_at": now,
            "confirmed_at": now if row.consent else None,
            "consent": row.consent,
        }
        for row, email, key in some
    ]
    columns = Subscriber.__table__.c
    added = session.connection().execute(new.returning(columns.email_key, columns.id), values)
    return {key: subscriber_id for key, subscriber_id in added}
