"""A hub hears of every new letter once, and feeds keep their names when the site moves.

Revision: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "announcements",
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letters.id"], name=op.f("fk_announcements_letter_id_letters"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_announcements")),
    )
    op.create_index(op.f("ix_announcements_due_at"), "announcements", ["due_at"])
    op.add_column("settings", sa.Column("feeds_host", sa.String(length=253), nullable=True))


def downgrade() -> None:
    op.drop_column("settings", "feeds_host")
    op.drop_index(op.f("ix_announcements_due_at"), table_name="announcements")
    op.drop_table("announcements")
