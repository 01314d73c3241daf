"""Search, likeness and selections.

The index of search is the engines' own: FTS5 on SQLite, a tsvector with a GIN index on PostgreSQL. Triggers take out of
it what readers may not find any more, whoever changed it; app/letters/index.py puts in what they may.

Revision: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WHOLE = ["likenesses", "selections", "selected_letters"]
"""Tables of which any change may show on a reader's page."""
TOLD = "title, asker, question_html, answer_html, postscript_html, course_note_html, ready, publish_at"
"""Columns of a letter that the index follows."""
KEY = "(CAST(strftime('%s', OLD.publish_at) AS INTEGER) << 20) | OLD.id"
"""app/letters/index.py, ID_BITS."""
ERASED = "NEW.erased_at IS NOT NULL AND OLD.erased_at IS NULL"


def upgrade() -> None:
    op.create_table(
        "likenesses",
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letters.id"], name=op.f("fk_likenesses_letter_id_letters"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["letters.id"], name=op.f("fk_likenesses_other_id_letters"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("letter_id", "other_id", name=op.f("pk_likenesses")),
    )
    op.create_index(op.f("ix_likenesses_other_id"), "likenesses", ["other_id"])
    op.create_table(
        "selections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("about_source", sa.String(), nullable=False),
        sa.Column("about_html", sa.String(), nullable=False),
        sa.Column("adviser_id", sa.Integer(), nullable=True),
        sa.Column("topic_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["adviser_id"], ["advisers.id"], name=op.f("fk_selections_adviser_id_advisers")),
        sa.ForeignKeyConstraint(["topic_id"], ["topics.id"], name=op.f("fk_selections_topic_id_topics")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_selections")),
        sa.UniqueConstraint("slug", name=op.f("uq_selections_slug")),
    )
    op.create_table(
        "selected_letters",
        sa.Column("selection_id", sa.Integer(), nullable=False),
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["selection_id"], ["selections.id"], name=op.f("fk_selected_letters_selection_id_selections"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letters.id"], name=op.f("fk_selected_letters_letter_id_letters"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("selection_id", "letter_id", name=op.f("pk_selected_letters")),
    )  # fmt: skip
    op.create_index(op.f("ix_selected_letters_letter_id"), "selected_letters", ["letter_id"])
    if op.get_bind().dialect.name == "postgresql":
        _search_on_postgresql()
    else:
        _search_on_sqlite()


def _search_on_sqlite() -> None:
    for name, columns in (("search_letters", "title, text"), ("search_comments", "text")):
        made = f"fts5 ({columns}, columnsize = 0, tokenize = 'unicode61 remove_diacritics 0')"
        op.execute(f"CREATE VIRTUAL TABLE {name} USING {made}")
    taken = f"DELETE FROM search_letters WHERE rowid = {KEY}"
    op.execute(f"CREATE TRIGGER letter_is_found_anew AFTER UPDATE OF {TOLD} ON letters BEGIN {taken}; END")
    op.execute(f"CREATE TRIGGER letter_is_not_found AFTER DELETE ON letters BEGIN {taken}; END")
    for name, event, table, when, key in (
        ("pruned_is_not_found", "INSERT", "prunings", "1 = 1", "NEW.comment_id"),
        ("erased_is_not_found", "UPDATE OF erased_at", "comments", ERASED, "OLD.id"),
        ("deleted_is_not_found", "DELETE", "comments", "1 = 1", "OLD.id"),
    ):
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON {table} WHEN {when} "
            f"BEGIN DELETE FROM search_comments WHERE rowid = {key}; END"
        )
    for table in WHOLE:
        for event in ("INSERT", "UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_{event.lower()}_raises_edition AFTER {event} ON {table} "
                "BEGIN UPDATE editions SET number = number + 1; END"
            )


def _search_on_postgresql() -> None:
    for name, key, table in (
        ("search_letters", "letter_id", "letters"), ("search_comments", "comment_id", "comments"),
    ):  # fmt: skip
        op.execute(
            f"CREATE TABLE {name} ({key} integer PRIMARY KEY REFERENCES {table} ON DELETE CASCADE, "
            "words tsvector NOT NULL)"
        )
        op.execute(f"CREATE INDEX ix_{name}_words ON {name} USING gin (words)")
    for name, statement in (
        ("find_letter_anew", "DELETE FROM search_letters WHERE letter_id = OLD.id"),
        ("find_pruned_no_more", "DELETE FROM search_comments WHERE comment_id = NEW.comment_id"),
        ("find_erased_no_more", "DELETE FROM search_comments WHERE comment_id = OLD.id"),
    ):
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statement}; RETURN NULL; END $$"
        )
    op.execute(
        f"CREATE TRIGGER letter_is_found_anew AFTER UPDATE OF {TOLD} ON letters "
        "FOR EACH ROW EXECUTE FUNCTION find_letter_anew()"
    )
    op.execute(
        "CREATE TRIGGER pruned_is_not_found AFTER INSERT ON prunings "
        "FOR EACH ROW EXECUTE FUNCTION find_pruned_no_more()"
    )
    op.execute(
        f"CREATE TRIGGER erased_is_not_found AFTER UPDATE OF erased_at ON comments "
        f"FOR EACH ROW WHEN ({ERASED}) EXECUTE FUNCTION find_erased_no_more()"
    )
    for table in WHOLE:
        op.execute(
            f"CREATE TRIGGER {table}_raises_edition AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION raise_edition()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for name in ("find_letter_anew", "find_pruned_no_more", "find_erased_no_more"):
            op.execute(f"DROP FUNCTION {name}() CASCADE")
    else:
        for name in (
            *("letter_is_found_anew", "letter_is_not_found"),
            *("pruned_is_not_found", "erased_is_not_found", "deleted_is_not_found"),
        ):
            op.execute(f"DROP TRIGGER {name}")
    for table in ("search_comments", "search_letters", "selected_letters", "selections", "likenesses"):
        op.execute(f"DROP TABLE {table}")
