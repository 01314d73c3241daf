"""The database for every room: the base of all rows, aware UTC times, SQLite's manners.

Rules take any SQLAlchemy `Session`; only edges use `db.session` and commit.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Engine, MetaData, event
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.types import TypeDecorator

LARGEST_NUMBER = 2**31 - 1
"""Of rows: PostgreSQL's integers have 32 bits."""

_writing: ContextVar[bool] = ContextVar("writing", default=False)


class UTCDateTime(TypeDecorator[datetime]):
    """A moment: aware and in UTC in Python; `timestamptz` on PostgreSQL, naive UTC text on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment needs its zone: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The base of all rows. Constraints are named, so that migrations can speak of them on both databases."""

    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={datetime: UTCDateTime},
    )


db = SQLAlchemy(model_class=Base)


@contextmanager
def writing(will: bool = True) -> Iterator[None]:
    """Transactions begun inside will write (or will not), so SQLite takes its one write lock at their start.

    Without this a transaction that first reads and then writes fails at once, with no waiting, when another one
    wrote in between (SQLITE_BUSY_SNAPSHOT, https://www.sqlite.org/rescode.html#busy_snapshot). What is written outside
    is refused at its commit, so that no change escapes the count that kept pages rely on (app/pages/edition.py).
    """
    token = _writing.set(will)
    try:
        yield
    finally:
        _writing.reset(token)


def is_writing() -> bool:
    """Will the transaction that begins now write."""
    return _writing.get()


def set_up_sqlite(engine: Engine) -> None:
    """WAL, foreign keys, a patient lock and full durability for every SQLite connection of the engine."""
    if engine.dialect.name != "sqlite":
        return
    event.listen(engine, "connect", _greet_sqlite)
    event.listen(engine, "begin", _begin_sqlite)


def _greet_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",  # answered with success means on disk, also after a power cut
        "foreign_keys = ON",
        "busy_timeout = 10000",
        "recursive_triggers = ON",  # so INSERT OR REPLACE meets the DELETE triggers
        "cache_size = -8000",  # 8 MB in each process; what is beyond is in the kernel's cache
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.connection.dbapi_connection.begin()  # type: ignore[union-attr]  # pages.edition.counting_connection
