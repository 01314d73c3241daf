"""A published comment goes into SQLite's index of search with half the writing.

FTS5 keeps each new text as a small index of its own, beside others that fill whole pages of the database and leave no
room there; in pieces of a thousand bytes they share pages, and are found as fast. It merges the small ones when there
are eight of a size, where at sixteen it would merge all of them at once (https://www.sqlite.org/fts5.html).

Revision: 0025
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

BEFORE = {"pgsz": 4050, "automerge": 4}  # FTS5's own
NOW = {"pgsz": 1000, "automerge": 8}


def upgrade() -> None:
    _configure(NOW)


def downgrade() -> None:
    _configure(BEFORE)


def _configure(options: dict[str, int]) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name, value in options.items():
            op.execute(f"INSERT INTO search_comments (search_comments, rank) VALUES ('{name}', {value})")
