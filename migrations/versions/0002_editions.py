"""The edition: a number that every change of published state raises in its own transaction (the design's "Speed").

Triggers raise it, so that no code and no hand at the database can change what readers see and leave old pages.

Revision: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Tables of which any change may show on a reader's page.
WHOLE = [
    "advisers", "courses", "letter_topics", "openings", "prunings", "related_letters", "rubrics", "settings", "topics",
]  # fmt: skip
# Tables of which only some rows show: (table, event, condition).
SOME = [
    ("decisions", "INSERT", "NEW.verdict = 'published'"),
    ("comments", "UPDATE", "NEW.erased_at IS NOT NULL AND OLD.erased_at IS NULL AND OLD.standing = 'published'"),
    ("letters", "INSERT", "NEW.ready"),
    ("letters", "UPDATE", "NEW.ready OR OLD.ready"),
    ("letters", "DELETE", "OLD.ready"),
]


def upgrade() -> None:
    op.create_table(
        "editions",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("raised_in", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_editions_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editions")),
    )
    op.execute("INSERT INTO editions (id, number) VALUES (1, 1)")
    if op.get_bind().dialect.name == "postgresql":
        _raise_on_postgresql()
    else:
        _raise_on_sqlite()


def _raise_on_sqlite() -> None:
    raised = "UPDATE editions SET number = number + 1"
    for table in WHOLE:
        for event in ("INSERT", "UPDATE", "DELETE"):
            name = f"{table}_{event.lower()}_raises_edition"
            op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN {raised}; END")
    for table, event, when in SOME:
        name = f"{table}_{event.lower()}_raises_edition"
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW WHEN {when} BEGIN {raised}; END")


def _raise_on_postgresql() -> None:
    # Once a transaction: an import of a million comments does not write a million versions of this row.
    op.execute(
        "CREATE FUNCTION raise_edition() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "UPDATE editions SET number = number + 1, raised_in = txid_current() WHERE raised_in <> txid_current(); "
        "RETURN NULL; END $$"
    )
    for table in WHOLE:
        op.execute(
            f"CREATE TRIGGER {table}_raises_edition AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION raise_edition()"
        )
    for table, event, when in SOME:
        op.execute(
            f"CREATE TRIGGER {table}_{event.lower()}_raises_edition AFTER {event} ON {table} "
            f"FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION raise_edition()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION raise_edition() CASCADE")
    else:
        for table in WHOLE:
            for event in ("insert", "update", "delete"):
                op.execute(f"DROP TRIGGER {table}_{event}_raises_edition")
        for table, event, _ in SOME:
            op.execute(f"DROP TRIGGER {table}_{event.lower()}_raises_edition")
    op.drop_table("editions")
