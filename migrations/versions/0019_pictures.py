"""Pictures, that of the column and those of advisers among them.

Revision: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pictures",
        sa.Column("key", sa.String(length=26), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unused_since", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_pictures_by_id_people")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_pictures")),
    )
    op.create_index("ix_pictures_unused_since", "pictures", ["unused_since"])
    for table in ("settings", "advisers"):
        op.add_column(table, sa.Column("picture", sa.String(length=80), server_default="", nullable=False))


def downgrade() -> None:
    for table in ("settings", "advisers"):
        op.drop_column(table, "picture")
    op.drop_table("pictures")
