"""Operations: is it alive, is it ready."""

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from ..config import ROOT
from ..db import db

bp = Blueprint("operations", __name__)


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return "ok\n", 200, {"Content-Type": "text/plain", "Cache-Control": "no-store"}


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """The database answers, with the tables of this version."""
    headers = {"Content-Type": "text/plain", "Cache-Control": "no-store"}
    try:
        present = MigrationContext.configure(db.session.connection()).get_current_heads()
    except SQLAlchemyError:
        return "the database does not answer\n", 503, headers
    wanted = ScriptDirectory(str(ROOT / "migrations")).get_heads()
    if set(present) != set(wanted):
        return "the database needs: flask --app wsgi db upgrade\n", 503, headers
    return "ok\n", 200, headers
