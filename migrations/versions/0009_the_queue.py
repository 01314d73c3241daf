"""The queue: what an editor put off, who reads what, what waits at the end, readers' reports, hidden names.

Revision: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

LINE = "standing = 'pending' AND set_aside = ''"
END_OF_LINE = "standing = 'pending' AND set_aside <> ''"
INDEXES = [
    ("ix_comments_line", ["submitted_at", "id"], LINE),
    ("ix_comments_line_by_letter", ["letter_id", "submitted_at", "id"], LINE),
    ("ix_comments_set_aside", ["submitted_at", "id"], END_OF_LINE),
]


def upgrade() -> None:
    # Not as a batch: SQLite would make the table anew and lose its triggers.
    op.execute("ALTER TABLE comments ADD COLUMN set_aside VARCHAR(200) DEFAULT '' NOT NULL")
    hidden = "false" if op.get_bind().dialect.name == "postgresql" else "0"
    op.execute(f"ALTER TABLE settings ADD COLUMN hide_names BOOLEAN DEFAULT {hidden} NOT NULL")
    for name, columns, where in INDEXES:
        op.create_index(name, "comments", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    op.create_table(
        "postponements",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("pile", sa.String(length=12), nullable=False),
        sa.Column("postponed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("pile IN ('skipped', 'maybe')", name=op.f("ck_postponements_pile")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_postponements_person_id_people")),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_postponements_comment_id_comments"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "comment_id", name=op.f("pk_postponements")),
    )
    op.create_index(op.f("ix_postponements_comment_id"), "postponements", ["comment_id"])
    op.create_table(
        "presences",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_presences_person_id_people")),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_presences_comment_id_comments"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_presences")),
    )
    op.create_index(op.f("ix_presences_comment_id"), "presences", ["comment_id"])
    op.create_table(
        "set_asides",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("words", sa.String(length=254), nullable=False),
        sa.Column("key", sa.String(length=254), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('address', 'phrase')", name=op.f("ck_set_asides_kind")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_set_asides_by_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_set_asides")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_set_asides_kind_key")),
    )
    op.create_table(
        "reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=12), nullable=False),
        sa.Column("reporter", sa.String(length=32), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason IN ('spent', 'harmful')", name=op.f("ck_reports_reason")),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_reports_comment_id_comments"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("comment_id", "reporter", name=op.f("uq_reports_comment_id_reporter")),
    )


def downgrade() -> None:
    for table in ("reports", "set_asides", "presences", "postponements"):
        op.drop_table(table)
    for name, _, _ in INDEXES:
        op.drop_index(name, table_name="comments")
    op.execute("ALTER TABLE settings DROP COLUMN hide_names")
    op.execute("ALTER TABLE comments DROP COLUMN set_aside")
