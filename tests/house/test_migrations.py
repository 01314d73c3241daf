"""The tables are made, changed and taken down by migrations, and no row is lost on the way."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask_migrate import downgrade, upgrade
from sqlalchemy.exc import IntegrityError

from app import create_app, set_up_commands
from app.column import tables
from app.config import ROOT, from_environment
from app.db import Base, db, writing

from ..conftest import NOON
from .test_house import refusals


@pytest.fixture
def empty(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An empty database of its own, with the application's context around it."""
    environ = {"DEARFRIDAY_DATA": str(tmp_path)}
    if database == "postgresql":
        url = sa.make_url(request.getfixturevalue("postgresql_url").replace("postgresql:", "postgresql+psycopg:"))
        server = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(sa.text("DROP DATABASE IF EXISTS fresh WITH (FORCE)"))
            connection.execute(sa.text("CREATE DATABASE fresh"))
        server.dispose()
        fresh = url.set(drivername="postgresql", database="fresh")
        environ["DEARFRIDAY_DATABASE_URL"] = fresh.render_as_string(hide_password=False)
    app = create_app(from_environment(environ))
    set_up_commands(app)
    with app.app_context():
        yield db.engine
        db.engine.dispose()


def is_of_search(name: str) -> bool:
    """A table of the search engines' own, inside the database."""
    return name.startswith("search_")


def test_the_migrations_make_what_the_models_say(empty: sa.Engine) -> None:
    list(refusals())  # every module is imported, so every row is known
    upgrade()
    with empty.connect() as connection:
        opts = {
            "compare_type": True,
            "include_name": lambda name, kind, _: not (kind == "table" and is_of_search(name)),
        }
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, Base.metadata) == []


def test_a_worker_knows_the_newest_migration_as_alembic_does_and_without_it(tmp_path: Path) -> None:
    assert ScriptDirectory(str(ROOT / "migrations")).get_heads() == [tables.newest()]
    code = "import sys, wsgi; sys.exit(' '.join({'alembic', 'dkim', 'bs4'} & {*sys.modules}) or 0)"
    environ = {**os.environ, "DEARFRIDAY_DATA": str(tmp_path)}
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ).returncode == 0


def test_the_migrations_go_down_to_nothing_and_up_again(empty: sa.Engine) -> None:
    upgrade()
    downgrade(revision="base")
    assert set(sa.inspect(empty).get_table_names()) <= {"alembic_version"}
    leftovers = {
        "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
        "WHERE n.nspname = 'public'",
    }
    with empty.connect() as connection:
        assert connection.scalar(sa.text(leftovers[empty.dialect.name])) == 0
    upgrade()
    made = {name for name in sa.inspect(empty).get_table_names() if not is_of_search(name)}
    assert made == {*Base.metadata.tables, "alembic_version"}


def test_the_memory_that_is_made_anew_forgets_nothing_and_is_as_lasting(empty: sa.Engine) -> None:
    upgrade(revision="0025")
    with writing(), empty.begin() as connection:
        ada = {"id": 7, "email": "a@example.org", "email_key": "a@example.org", "name": "Ada", "role": "editor"}
        ada |= {"password_hash": "", "session_key": "", "created_at": NOON}
        connection.execute(Base.metadata.tables["people"].insert().values(ada))
        act = "INSERT INTO acts (id, done_at, deed, by_id) VALUES (5, '2026-11-23 12:00:00', 'signed_in', 7)"
        connection.execute(sa.text(act))
    for step in (upgrade, lambda: downgrade(revision="0025"), upgrade):
        step()
        with writing(), empty.connect() as connection:
            assert connection.execute(sa.text("SELECT id, deed, by_id FROM acts")).all() == [(5, "signed_in", 7)]
            with pytest.raises(sa.exc.DBAPIError, match="what was done stays"):
                connection.execute(sa.text("DELETE FROM acts"))


WAITLIST = """
    INSERT INTO people (id, email, email_key, name, role, password_hash, session_key, created_at)
    VALUES (1, 'ada@example.org', 'ada@example.org', 'Ada', 'editor', '', 'ada', :at);
    INSERT INTO courses (id, slug, created_at) VALUES (1, 'talks', :at), (2, 'law', :at);
    INSERT INTO openings (id, course_id, subject, text_source, text_html, link, opened_at, by_id, number, closed_at)
    VALUES (7, 1, '', '', '', '', :at, 1, 1, :at), (9, 1, '', '', '', '', :at, 1, 2, NULL);
    INSERT INTO subscribers (id, course_id, email, email_key, confirm_token, leave_token, asked_at, confirmed_at,
        left_at, left_why, opening_id)
    VALUES (1, 1, 'told', 'told', 'c1', 'l1', :at, :at, NULL, NULL, 7),
        (2, 1, 'told', 'told', 'c2', 'l2', :at, :at, NULL, NULL, 9),
        (3, 1, 'told', 'told', 'c3', 'l3', :at, :at, NULL, NULL, NULL),
        (4, 1, 'left', 'left', 'c4', 'l4', :at, NULL, :at, 'asked', NULL),
        (5, 2, 'told', 'told', 'c5', 'l5', :at, NULL, NULL, NULL, NULL);
    INSERT INTO deliveries (id, kind, subscriber_id, opening_id, state, made_at, due_at)
    VALUES (1, 'notice', 1, 7, 'waiting', :at, :at), (2, 'notice', 2, 9, 'waiting', :at, :at),
        (3, 'confirmation', 5, NULL, 'waiting', :at, :at);
    UPDATE deliveries SET state = 'sending' WHERE id = 1;
    UPDATE deliveries SET state = 'sent', reply = 'OK: taken' WHERE id = 1
"""


def test_who_waits_and_who_was_told_stay_so_when_they_are_numbered_and_back(empty: sa.Engine) -> None:
    with_a_waitlist(empty)
    before = rows(empty, "opening_id")
    upgrade(revision="0023")
    assert rows(empty, "opening_number")["subscribers"] == [
        (1, "c1", 1),
        (2, "c2", 2),
        (3, "c3", 3),
        (4, "c4", 3),
        (5, "c5", 1),
    ]
    assert rows(empty, "opening_number")["deliveries"] == before["deliveries"]
    with empty.connect() as connection:
        assert connection.execute(sa.text("SELECT id, next_opening FROM courses ORDER BY id")).all() == [(1, 3), (2, 1)]
    downgrade(revision="0022")
    assert rows(empty, "opening_id") == before


@pytest.mark.parametrize("revision", ["0022", "0023"])
@pytest.mark.parametrize("attack", ["UPDATE deliveries SET state = 'waiting' WHERE id = 1", "DELETE FROM openings"])
def test_deliveries_are_guarded_after_the_change_and_after_its_way_back(
    empty: sa.Engine, revision: str, attack: str
) -> None:
    with_a_waitlist(empty)
    upgrade(revision="0023")
    downgrade(revision=revision)
    with writing(), empty.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(sa.text(attack))


def with_a_waitlist(engine: sa.Engine) -> None:
    """The tables as they were before the waiting was numbered, with rows."""
    upgrade(revision="0022")
    with writing(), engine.begin() as connection:
        for statement in WAITLIST.split(";"):
            connection.execute(sa.text(statement), {"at": "2026-11-20 10:00:00.000000"} if ":at" in statement else {})


def rows(engine: sa.Engine, column: str) -> dict[str, list[tuple[object, ...]]]:
    """What of them is looked at."""
    queries = {
        "subscribers": f"SELECT id, confirm_token, {column} FROM subscribers ORDER BY id",
        "deliveries": "SELECT id, kind, subscriber_id, opening_id, state, reply FROM deliveries ORDER BY id",
    }
    with engine.connect() as connection:
        return {name: [tuple(row) for row in connection.execute(sa.text(query))] for name, query in queries.items()}
