"""What comments say, for nearness and pruning: their words, their worths, and what the desk declines.

Triggers take the words of a comment away with its text, and mark a letter whose discussion changed: its comments are
weighed anew.

Revision: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TOLD = "title, question_html, answer_html, postscript_html, course_note_html"
"""Columns of a letter that comments are compared with."""
ERASED = "NEW.erased_at IS NOT NULL AND OLD.erased_at IS NULL"
DUE = "UPDATE weighings SET due = TRUE WHERE letter_id = "
OF_COMMENT = DUE + "(SELECT c.letter_id FROM comments c WHERE c.id = NEW.comment_id)"
# (trigger, event, table, condition, statements).
FOLLOWERS = [
    ("report_changes_worths", "INSERT", "reports", "1 = 1", [OF_COMMENT]),
    ("publishing_changes_worths", "INSERT", "decisions", "NEW.verdict = 'published'", [OF_COMMENT]),
    (
        "pruning_changes_worths",
        "INSERT",
        "prunings",
        "1 = 1",
        [OF_COMMENT, "DELETE FROM worths WHERE comment_id = NEW.comment_id"],
    ),
    (
        "letter_changes_worths",
        f"UPDATE OF {TOLD}",
        "letters",
        "1 = 1",
        [DUE + "NEW.id"],
    ),
    (
        "words_go_with_their_text",
        "UPDATE OF erased_at",
        "comments",
        ERASED,
        [
            "DELETE FROM sketches WHERE comment_id = NEW.id",
            "DELETE FROM worths WHERE comment_id = NEW.id",
            DUE + "NEW.letter_id",
        ],
    ),
]


def upgrade() -> None:
    op.create_table(
        "sketches",
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("quotes", sa.String(), nullable=False),
        sa.Column("text_key", sa.String(length=64), nullable=False),
        sa.Column("name_key", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_sketches_comment_id_comments"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_sketches")),
    )
    op.create_index("ix_sketches_text", "sketches", ["text_key", "comment_id"])
    op.create_index("ix_sketches_name", "sketches", ["name_key", "comment_id"])
    op.create_table(
        "gists",
        sa.Column("gist", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["sketches.comment_id"], name=op.f("fk_gists_comment_id_sketches"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("gist", "comment_id", name=op.f("pk_gists")),
    )
    op.create_index(op.f("ix_gists_comment_id"), "gists", ["comment_id"])
    op.create_table(
        "worths",
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.Column("loss", sa.Double(), nullable=False),
        sa.Column("nearest_id", sa.Integer(), nullable=True),
        sa.Column("nearness", sa.Integer(), nullable=False),
        sa.Column("in_letter", sa.Integer(), nullable=False),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.Column("example", sa.Boolean(), nullable=False),
        sa.Column("quoted", sa.Integer(), nullable=False),
        sa.Column("reported", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_worths_comment_id_comments"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["letter_id"], ["letters.id"], name=op.f("fk_worths_letter_id_letters")),
        sa.ForeignKeyConstraint(
            ["nearest_id"], ["comments.id"], name=op.f("fk_worths_nearest_id_comments"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_worths")),
    )
    op.create_index("ix_worths_loss", "worths", ["loss", "comment_id"])
    op.create_index(op.f("ix_worths_letter_id"), "worths", ["letter_id"])
    op.create_index(op.f("ix_worths_nearest_id"), "worths", ["nearest_id"])
    op.create_table(
        "weighings",
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.Column("due", sa.Boolean(), nullable=False),
        sa.Column("weighed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letters.id"], name=op.f("fk_weighings_letter_id_letters"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_weighings")),
    )
    op.create_table(
        "spam_signs",
        sa.Column("sign", sa.String(length=120), nullable=False),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.Column("declined", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sign", name=op.f("pk_spam_signs")),
    )
    op.add_column("settings", sa.Column("pruning_after_days", sa.Integer(), server_default="180", nullable=False))
    for name, event, table, when, statements in FOLLOWERS:
        done = "; ".join(statements)
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW WHEN {when} BEGIN {done}; END")
            continue
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {done}; RETURN NULL; END $$")
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()"
        )


def downgrade() -> None:
    for name, _, table, _, _ in FOLLOWERS:
        op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if op.get_bind().dialect.name == "postgresql" else ""))
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP FUNCTION {name}")
    op.drop_column("settings", "pruning_after_days")
    for table in ("spam_signs", "weighings", "worths", "gists", "sketches"):
        op.drop_table(table)
