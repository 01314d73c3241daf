"""Does the database have the tables of this version."""

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ..config import ROOT


def are_up_to_date(connection: Connection) -> bool:
    """Were all migrations made, and none of a newer version."""
    present = MigrationContext.configure(connection).get_current_heads()
    return set(present) == set(ScriptDirectory(str(ROOT / "migrations")).get_heads())
