"""An empty Friday is announced some days before, at the desk and by mail to those who want it.

Revision: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("settings", sa.Column("empty_days", sa.Integer(), server_default=sa.text("3"), nullable=False))
    op.add_column(
        "people", sa.Column("hears_of_empty_slots", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("people", "hears_of_empty_slots")
    op.drop_column("settings", "empty_days")
