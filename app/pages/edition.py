"""Is a page of this edition still the newest? Asked at every request, so asked of memory where that is right.

On PostgreSQL there may be other hosts, so the database is asked. On SQLite all writers are processes of this host that
hold SQLite's one write lock, and they count their transactions in a few bytes of shared memory: odd while one is under
way, even when it has ended. Who sees the same even number as before knows without asking that nothing was written; who
sees another one, or an odd one (a writer at work, or one that died), asks the database.
"""

import mmap
import os
import sqlite3
import struct
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ..db import is_writing
from .models import Edition

_NUMBER = struct.Struct("<Q")
_EDITION = select(Edition.number)


class WriteCount:
    """The count of write transactions on one SQLite database, shared by all processes that have it open."""

    def __init__(self, database: Path) -> None:
        file = os.open(database.with_name(database.name + "-writes"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.fstat(file).st_size < _NUMBER.size:
                os.ftruncate(file, _NUMBER.size)
            self._memory = mmap.mmap(file, _NUMBER.size)
        finally:
            os.close(file)

    def read(self) -> int:
        """The count: even when no transaction is under way."""
        return int(_NUMBER.unpack_from(self._memory)[0])

    def begin(self) -> None:
        """A write transaction has begun and holds the lock. After a crash the number is odd: it stays so, and moves."""
        count = self.read()
        self._write(count + 1 if count % 2 == 0 else count + 2)

    def end(self) -> None:
        """It has ended, one way or the other; after a commit the new state is what everybody reads."""
        self._write(self.read() | 1)
        self._write(self.read() + 1)

    def _write(self, count: int) -> None:
        _NUMBER.pack_into(self._memory, 0, count)


def counting_connection(count: WriteCount) -> type[sqlite3.Connection]:
    """The class of SQLite connections that count their write transactions.

    A connection and not an event of SQLAlchemy, because the count must move after the commit is done.
    """

    class Counting(sqlite3.Connection):
        _writes = False
        _changes = 0

        def begin(self) -> None:
            """BEGIN; as a writer where `db.writing` says so, else as one whose writing ends in an error."""
            writes = is_writing()
            self.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            if writes:
                count.begin()
                self._writes = True
            self._changes = self.total_changes

        def commit(self) -> None:
            # PRAGMA query_only would say it sooner, and would make SQLite prepare every statement of the connection
            # anew: the INSERT of a decision with all its triggers takes three times as long to prepare as to run.
            if not self._writes and self.total_changes != self._changes:
                self.rollback()
                raise sqlite3.OperationalError("a transaction that was begun as a reader has written")
            super().commit()
            self._end()

        def rollback(self) -> None:
            super().rollback()
            self._end()

        def close(self) -> None:
            super().close()  # what was under way is rolled back
            self._end()

        def _end(self) -> None:
            if self._writes:
                self._writes = False
                count.end()

    return Counting


class Editions:
    """What the page store asks: `mark` before a page is made, `stands` before it is given."""

    def __init__(self, engine: Engine, count: WriteCount | None) -> None:
        self._engine, self._count = engine, count

    def mark(self, session: Session) -> tuple[int, int]:
        """(write count or -1, edition), read in this order and before anything else of the page is read.

        What is written afterwards is then newer than the mark, so a page can be newer than its mark and never older.
        """
        count = self.count()
        return count, session.scalar(_EDITION) or 0

    def count(self) -> int:
        """The write count when it can be trusted, else -1: the database must be asked."""
        if self._count is None:
            return -1
        count = self._count.read()
        return -1 if count % 2 else count

    def ask(self) -> int:
        """The edition, from the database."""
        with self._engine.connect() as connection:
            return connection.scalar(_EDITION) or 0
