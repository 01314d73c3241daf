"""Changes of letters that are out, at their moments. A new one raises the edition: kept pages stand no longer than it.

Revision: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

WAITS = sa.text("made_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("slot_at", sa.DateTime(), nullable=False),
        sa.Column("slot_zone", sa.String(length=64), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_changes_by_id_people")),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letters.id"], name=op.f("fk_changes_letter_id_letters"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["versions.id"], name=op.f("fk_changes_version_id_versions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
    )
    op.create_index(
        "uq_changes_one_waits", "changes", ["letter_id"], unique=True, sqlite_where=WAITS, postgresql_where=WAITS
    )
    op.create_index("ix_changes_due", "changes", ["due_at"], sqlite_where=WAITS, postgresql_where=WAITS)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER changes_raises_edition AFTER INSERT OR UPDATE OR DELETE ON changes "
            "FOR EACH ROW EXECUTE FUNCTION raise_edition()"
        )
        return
    for event in ("INSERT", "UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER changes_{event.lower()}_raises_edition AFTER {event} ON changes "
            "BEGIN UPDATE editions SET number = number + 1; END"
        )


def downgrade() -> None:
    op.drop_table("changes")
