"""The index of all that waits goes: what waits in its turn and what was set aside have theirs, and SQLite would read
this one, and every row of it, to find the few that were set aside.

Revision: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_comments_queue", table_name="comments")


def downgrade() -> None:
    pending = sa.text("standing = 'pending'")
    columns = ["submitted_at", "id"]
    op.create_index("ix_comments_queue", "comments", columns, sqlite_where=pending, postgresql_where=pending)
