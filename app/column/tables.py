"""Does the database have the tables of this version."""

from sqlalchemy import Connection, inspect, text

from ..config import ROOT


def are_up_to_date(connection: Connection) -> bool:
    """Were all migrations made, and none of a newer version. Asked without Alembic, which takes 11 MB of a worker."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    return list(connection.scalars(text("SELECT version_num FROM alembic_version"))) == [newest()]


def newest() -> str:
    """The newest migration: they are numbered, each after the one before (tests/house)."""
    return max(file.stem[:4] for file in (ROOT / "migrations" / "versions").glob("[0-9]*.py"))
