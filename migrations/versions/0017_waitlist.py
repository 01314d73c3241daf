"""Why a subscriber left, what a mail that came back said, how consent is proved, and what was asked how often.

Revision: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "subscribers",
        sa.Column(
            "left_why",
            sa.String(length=12),
            sa.CheckConstraint(
                "left_why IS NULL OR left_at IS NOT NULL AND left_why IN ('asked', 'bounced', 'complained')",
                name=op.f("ck_subscribers_left_why"),
            ),
            nullable=True,
        ),
    )
    op.add_column("subscribers", sa.Column("consent", sa.String(length=300), server_default="", nullable=False))
    op.execute("UPDATE subscribers SET left_why = 'asked' WHERE left_at IS NOT NULL")
    op.add_column(
        "deliveries",
        sa.Column(
            "bounce",
            sa.String(length=12),
            sa.CheckConstraint(
                "bounce IS NULL OR state = 'bounced' AND bounce IN ('lasting', 'passing')",
                name=op.f("ck_deliveries_bounce"),
            ),
            nullable=True,
        ),
    )
    op.create_table(
        "tallies",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("key", sa.String(length=254), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", "since", name=op.f("pk_tallies")),
    )
    op.create_index("ix_tallies_until", "tallies", ["until"])
    op.create_index("ix_tallies_key", "tallies", ["key"])
    op.execute("UPDATE settings SET unconfirmed_days = 7 WHERE unconfirmed_days = 14")


def downgrade() -> None:
    op.drop_table("tallies")
    for table, column in (("deliveries", "bounce"), ("subscribers", "consent"), ("subscribers", "left_why")):
        op.drop_column(table, column)
