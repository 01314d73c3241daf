"""How migrations run, on SQLite and PostgreSQL: each in one transaction, all or nothing."""

from alembic import context
from flask import current_app

from app.db import Base, UTCDateTime, db, writing


def render_item(kind: str, item: object, _context: object) -> str | bool:
    """A moment is written as what the database has, so that migrations need nothing of ours."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UTCDateTime) else False


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """The index of search belongs to the databases' own engines, not to the models."""
    return not (kind == "table" and (name or "").startswith("search_"))


with writing(), db.engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render_item,
        render_as_batch=True,
        include_name=include_name,
        transactional_ddl=True,
        **{k: v for k, v in current_app.extensions["migrate"].configure_args.items() if k == "compare_type"},
    )
    with context.begin_transaction():
        context.run_migrations()
