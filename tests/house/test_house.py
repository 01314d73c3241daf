"""The rules of the house. Each was broken once on purpose before it was trusted."""

import ast
import importlib
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask_migrate import downgrade, upgrade

import app as house
from app import create_app, set_up_commands
from app.column import tables
from app.config import ROOT, from_environment
from app.db import Base, db, writing
from app.refusals import Refusal

from ..conftest import NOON

ROOMS = {
    "accounts", "column", "comments", "courses", "letters", "mail", "memory", "pictures", "questions", "reviews",
    "text", "writing",
}  # fmt: skip
MAY_USE = {
    "text": set[str](),
    "accounts": {"text"},
    "letters": {"accounts", "text"},
    "mail": {"accounts", "text"},
    "comments": {"accounts", "letters", "mail", "text"},
    "memory": {"accounts", "comments", "courses", "letters", "text"},
    "pictures": {"text"},
    "questions": {"accounts", "letters", "mail", "text"},
    "courses": {"accounts", "letters", "mail", "text"},
    "writing": {"accounts", "letters", "text"},
    "reviews": {"accounts", "letters", "mail", "text"},
    "column": ROOMS,  # its settings are everybody's, and erasing a person is one verb for all rooms
}
"""Which rooms the rules of a room may use, besides their own."""
EDGE_FILES = {"views", "desk", "openings_desk", "forms", "feeds", "cards", "queue", "pruning_desk"}
EDGES = {"__init__", "cli", "forms", "posting", "returning", "serving", "web", "work"}
"""Files beside the rooms that know requests, processes or commands."""
OF_REQUESTS = {"flask", "flask_babel", "flask_limiter", "flask_login", "flask_wtf", "werkzeug", "wtforms", "markupsafe"}
COMMIT = {"cli", "posting", "returning", "work", "pages/answering", "pages/edition"}
"""Who commits besides views, desk and the queue. Before a page is made, changes of letters come true; the last one is
SQLite's connection itself, which counts commits."""

FILES = {
    path.relative_to(ROOT / "app").with_suffix("").as_posix(): path for path in sorted((ROOT / "app").rglob("*.py"))
}


def room(name: str) -> str:
    return name.split("/")[0] if "/" in name else ""


def is_rule(name: str) -> bool:
    """Is it a file of a room that decides something: no route, no form, no row."""
    return room(name) in ROOMS and Path(name).name not in EDGE_FILES | {"__init__", "models"}


RULES = [name for name in FILES if is_rule(name)]
MODELS = [name for name in FILES if Path(name).name == "models"]


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text())


def imports(name: str) -> Iterator[str]:
    """What a file imports, wherever it does: "letters/models" and "clock" of ours, "flask" of others'."""
    package = ["app", *name.split("/")[:-1]]
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            path = [*base, *(node.module or "").split(".")] if node.module else base
            if path[:1] != ["app"]:
                yield path[0]
                continue
            for alias in node.names:
                whole, inner = "/".join([*path[1:], alias.name]), "/".join(path[1:])
                yield whole if whole in FILES else inner if inner in FILES else inner + "/__init__"


def calls(name: str) -> Iterator[str]:
    """What a file calls, as it is written: "datetime.now", "session.commit"."""
    return (ast.unparse(node.func) for node in ast.walk(tree(name)) if isinstance(node, ast.Call))


def test_the_walk_sees_the_house() -> None:
    assert {"letters/publishing", "comments/moderation", "mail/delivery", "text/comment"} <= set(RULES)
    assert {"letters/models", "db", "refusals", "sqlalchemy"} <= set(imports("comments/moderation")) | set(
        imports("letters/models")
    ) | set(imports("letters/publishing"))
    assert "clock" in set(imports("work"))
    assert "session.commit" in set(calls("work"))


@pytest.mark.parametrize("name", RULES)
def test_rules_know_no_request_and_no_edge(name: str) -> None:
    used = set(imports(name))
    if name == "mail/messages":  # mails are written with templates, in the reader's language; this is the one place
        used -= {"flask", "flask_babel"}
    assert not used & OF_REQUESTS
    assert not used & EDGES
    assert not {one for one in used if Path(one).name in EDGE_FILES and one in FILES}


@pytest.mark.parametrize("name", RULES)
def test_rules_do_not_ask_the_clock(name: str) -> None:
    assert "clock" not in set(imports(name))


@pytest.mark.parametrize("name", RULES)
def test_imports_between_rooms_run_one_way(name: str) -> None:
    used = {room(one) for one in imports(name) if one in FILES} & ROOMS
    assert used <= MAY_USE[room(name)] | {room(name)}


@pytest.mark.parametrize("name", [name for name in FILES if room(name) == "text"])
def test_text_is_pure(name: str) -> None:
    assert {one for one in imports(name) if one in FILES and room(one) != "text"} == set()
    assert not set(imports(name)) & (OF_REQUESTS | {"sqlalchemy", "datetime", "time", "os"})


@pytest.mark.parametrize("name", ["letters/fridays", "clock", "accounts/passwords"])
def test_pure_files_import_nothing_of_ours(name: str) -> None:
    assert {one for one in imports(name) if one in FILES} == set()
    assert "sqlalchemy" not in set(imports(name))


@pytest.mark.parametrize("name", MODELS)
def test_rows_know_only_the_base_and_other_rows(name: str) -> None:
    ours = {one for one in imports(name) if one in FILES}
    assert {one for one in ours if one != "db" and Path(one).name != "models"} == set()
    assert not set(imports(name)) & OF_REQUESTS


@pytest.mark.parametrize("name", FILES)
def test_only_the_clock_asks_the_system_for_the_time(name: str) -> None:
    if name == "clock":
        return
    askers = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.localtime"}
    assert not {call for call in calls(name) if ".".join(call.split(".")[-2:]) in askers}


@pytest.mark.parametrize("name", FILES)
def test_only_edges_commit(name: str) -> None:
    if name in COMMIT or Path(name).name in ("views", "desk", "queue", "pruning_desk", "openings_desk"):
        return
    assert not {call for call in calls(name) if call.split(".")[-1] == "commit"}


def refusals(of: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for module in pkgutil.walk_packages(house.__path__, "app."):
        importlib.import_module(module.name)
    for one in of.__subclasses__():
        yield one
        yield from refusals(one)


def test_every_refusal_says_one_or_two_sentences_to_a_person() -> None:
    some = list(refusals())
    assert len(some) >= 15
    for refusal in some:
        sentence = refusal.sentence.fget(refusal.__new__(refusal))  # type: ignore[attr-defined]
        assert sentence == " ".join((refusal.__dict__.get("__doc__") or "").split()), refusal
        assert sentence[:1].isupper(), refusal
        assert sentence[-1:] in (".", "?"), refusal
        assert 3 <= len(sentence.split()) <= 30, refusal
        assert "`" not in sentence, refusal


def test_every_rule_that_can_refuse_says_so() -> None:
    for name in RULES:
        for node in tree(name).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            raised = [one.exc for one in ast.walk(node) if isinstance(one, ast.Raise) and one.exc]
            said = ast.get_docstring(node) or ""
            assert [one for one in raised if ast.unparse(one).split("(")[0] not in said] == [], f"{name}.{node.name}"


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
