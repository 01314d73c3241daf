"""Keys by mail with which readers erase what they sent.

Revision: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasure_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("sender", sa.String(length=64), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure_keys")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_erasure_keys_token_hash")),
    )
    op.create_index("ix_erasure_keys_email_key", "erasure_keys", ["email_key"])


def downgrade() -> None:
    op.drop_table("erasure_keys")
