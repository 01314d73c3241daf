"""Dear Friday: an advice column with a small, good discussion under each letter. ARCHITECTURE.md is the map."""

from pathlib import Path

import click
from flask import Flask

from . import web, work
from .config import ROOT, Config, from_environment
from .db import db, set_up_sqlite
from .pages.answering import KeptPages, keep, make_changes_first
from .pages.edition import Editions, WriteCount, counting_connection
from .pages.keeping import Shelf, maker_of


def create_app(config: Config | None = None) -> Flask:
    """The application for these settings; without any, for those of the environment. Raises config.BadSetting."""
    config = config or from_environment()
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.extensions["config"] = config
    app.config.update(
        SECRET_KEY=config.secret_key,
        SQLALCHEMY_DATABASE_URI=config.database_url,
        SESSION_COOKIE_NAME="desk",
        SESSION_COOKIE_PATH="/desk",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.base_url.startswith("https:"),
        SEND_FILE_MAX_AGE_DEFAULT=31536000,  # static addresses change with their content
        WTF_CSRF_CHECK_DEFAULT=True,
        WTF_CSRF_TIME_LIMIT=None,  # a letter may be written for a whole day; the token ends with the session
    )
    count = _count_writes(app, config)
    db.init_app(app)
    with app.app_context():
        set_up_sqlite(db.engine)
        editions = Editions(db.engine, count)
    if click.get_current_context(silent=True) is not None:
        set_up_commands(app)
    web.set_up_web(app, config)
    make_changes_first(app)
    _open_the_rooms(app)
    work.set_up_work(app, config)
    maker = maker_of((ROOT / "app", ROOT / "templates", ROOT / "static"), config.database_url, config.base_url)
    app.wsgi_app = KeptPages(app, editions, Shelf(config.data / "pages", maker))  # type: ignore[method-assign]
    return app


def set_up_commands(app: Flask) -> None:
    """What `flask …` needs, `flask db` too. Web workers do without: Alembic and the rest would take 15 MB of each."""
    from flask_migrate import Migrate

    from . import cli

    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    cli.set_up_commands(app)


def _count_writes(app: Flask, config: Config) -> WriteCount | None:
    """SQLite's connections count their writes beside the database, for the kept pages."""
    if not config.database_url.startswith("sqlite:///"):
        return None
    count = WriteCount(Path(config.database_url.removeprefix("sqlite:///")))
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"connect_args": {"factory": counting_connection(count)}}
    return count


def _open_the_rooms(app: Flask) -> None:
    from .accounts.desk import bp as accounts_desk
    from .column.desk import bp as column_desk
    from .column.views import bp as operations
    from .column.views import erasing_bp as erasing
    from .comments import queue  # noqa: F401  # more routes of the next one
    from .comments.desk import bp as comments_desk
    from .comments.pruning_desk import bp as pruning_desk
    from .comments.views import bp as comments
    from .courses.desk import bp as courses_desk
    from .courses.openings_desk import bp as openings_desk
    from .courses.views import bp as courses
    from .letters.cards import bp as cards
    from .letters.desk import bp as letters_desk
    from .letters.feeds import bp as feeds
    from .letters.views import bp as letters
    from .memory.desk import bp as memory_desk
    from .pictures.desk import bp as pictures_desk
    from .pictures.views import bp as pictures
    from .questions.desk import bp as questions_desk
    from .questions.views import bp as questions
    from .reviews.desk import bp as reviews_desk
    from .reviews.views import bp as drafts
    from .writing.desk import bp as writing_desk

    keep(app, letters, feeds, comments, courses, questions, erasing)
    for readers in (letters, feeds, cards, pictures, comments, courses, questions, drafts, erasing, operations):
        web.csrf.exempt(readers)  # readers' pages are the same for everybody: see web._refuse_foreign_posts
        app.register_blueprint(readers)
    app.register_blueprint(openings_desk)
    app.register_blueprint(pruning_desk)
    app.register_blueprint(writing_desk)
    app.register_blueprint(reviews_desk)
    app.register_blueprint(pictures_desk)
    desks = (accounts_desk, column_desk, comments_desk, courses_desk, letters_desk, memory_desk, questions_desk)
    for behind_login in desks:
        app.register_blueprint(behind_login)
