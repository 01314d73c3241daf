"""The memory of the desk, what of a commenter's address stays, second looks, and who hears of the queue in the morning.

Revision: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# As in 0001: (name, table, event, condition under which it refuses, what it says).
GUARDS = [
    ("act_stays", "acts", "UPDATE", "1 = 1", "what was done stays"),
    ("act_is_kept", "acts", "DELETE", "1 = 1", "what was done stays"),
    (
        "act_is_added",
        "acts",
        "INSERT",
        "EXISTS (SELECT 1 FROM acts a WHERE a.id = NEW.id)",  # INSERT OR REPLACE would put it in the place of another
        "what was done stays",
    ),
    (
        "sender_is_only_forgotten",
        "comments",
        "UPDATE",
        "NEW.sender IS NOT NULL AND (NEW.erased_at IS NOT NULL OR OLD.sender IS NULL OR NEW.sender <> OLD.sender)",
        "which address a comment came from is only forgotten",
    ),
    ("look_stays", "second_looks", "UPDATE", "1 = 1", "a second opinion stays"),
    ("look_is_kept", "second_looks", "DELETE", "1 = 1", "a second opinion stays"),
    (
        "look_is_second",
        "second_looks",
        "INSERT",
        """EXISTS (SELECT 1 FROM second_looks s WHERE s.comment_id = NEW.comment_id) OR NOT EXISTS (
            SELECT 1 FROM decisions d WHERE d.comment_id = NEW.comment_id AND d.by_id = NEW.first_by_id
            AND d.by_id <> NEW.by_id)""",
        "a second opinion is given once, by somebody else than who decided",
    ),
]
# What the database adds to the memory: (name, table, when, who, what, on which moment, about which comment).
DONE = [
    ("decision_is_remembered", "decisions", "NEW.by_id IS NOT NULL",
     "NEW.by_id", "NEW.verdict", "NEW.decided_at", "NEW.comment_id"),
    ("pruning_is_remembered", "prunings", "1 = 1", "NEW.by_id", "'pruned'", "NEW.pruned_at", "NEW.comment_id"),
    ("sign_in_is_remembered", "sign_ins", "1 = 1", "NEW.person_id", "'signed_in'", "NEW.since", "NULL"),
]  # fmt: skip


def upgrade() -> None:
    _make_tables()
    op.execute(
        "INSERT INTO acts (done_at, deed, by_id, comment_id, letter_id)"
        " SELECT done_at, deed, by_id, comment_id, c.letter_id FROM ("
        "  SELECT decided_at AS done_at, verdict AS deed, by_id, comment_id FROM decisions WHERE by_id IS NOT NULL"
        "  UNION ALL SELECT pruned_at, 'pruned', by_id, comment_id FROM prunings) done"
        " JOIN comments c ON c.id = done.comment_id ORDER BY done_at"
    )
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _make_tables() -> None:
    op.create_table(
        "acts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deed", sa.String(length=12), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.Integer(), nullable=True),
        sa.Column("letter_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "deed IN ('published', 'declined', 'pruned', 'signed_in', 'exported')", name=op.f("ck_acts_deed")
        ),
        sa.CheckConstraint(
            "(deed IN ('published', 'declined', 'pruned')) = (comment_id IS NOT NULL)", name=op.f("ck_acts_about")
        ),
        sa.CheckConstraint("(comment_id IS NULL) = (letter_id IS NULL)", name=op.f("ck_acts_letter")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_acts_by_id_people")),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_acts_comment_id_comments")),
        sa.ForeignKeyConstraint(["letter_id"], ["letters.id"], name=op.f("fk_acts_letter_id_letters")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acts")),
    )
    op.create_index("ix_acts_done_at", "acts", ["done_at", "id"])
    op.create_index("ix_acts_by", "acts", ["by_id", "done_at", "id"])
    op.create_index("ix_acts_letter", "acts", ["letter_id", "done_at", "id"])
    op.create_table(
        "second_looks",
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("first", sa.String(length=12), nullable=False),
        sa.Column("first_by_id", sa.Integer(), nullable=False),
        sa.Column("second", sa.String(length=12), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("second IN ('published', 'declined')", name=op.f("ck_second_looks_second")),
        sa.ForeignKeyConstraint(
            ["comment_id", "first"],
            ["decisions.comment_id", "decisions.verdict"],
            name=op.f("fk_second_looks_comment_id_first_decisions"),
        ),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_second_looks_by_id_people")),
        sa.ForeignKeyConstraint(["first_by_id"], ["people.id"], name=op.f("fk_second_looks_first_by_id_people")),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_second_looks")),
    )
    op.create_index("ix_second_looks_looked_at", "second_looks", ["looked_at", "first", "second"])
    # Not in a batch: SQLite would make the tables anew, and lose their triggers.
    op.add_column("comments", sa.Column("sender", sa.String(length=64), nullable=True))
    where = sa.text("sender IS NOT NULL")
    op.create_index(
        "ix_comments_sender", "comments", ["sender", "submitted_at"], sqlite_where=where, postgresql_where=where
    )
    op.add_column("settings", sa.Column("history_days", sa.Integer(), server_default="365", nullable=False))
    op.add_column("people", sa.Column("hears_of_queue", sa.Boolean(), server_default=sa.text("false"), nullable=False))


def _guard_sqlite() -> None:
    for name, table, event, refused_when, says in GUARDS:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW WHEN {refused_when} "
            f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
        )
    for name, table, when, *what in DONE:
        op.execute(
            f"CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW WHEN {when} BEGIN {_remembered(*what)}; END"
        )


def _guard_postgresql() -> None:
    for name, table, event, refused_when, says in GUARDS:
        row = "OLD" if event == "DELETE" else "NEW"
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {refused_when} THEN "
            f"RAISE EXCEPTION '{says}' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN {row}; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    for name, table, when, *what in DONE:
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"{_remembered(*what)}; RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()"
        )
    for table, function in (("acts", "act_is_kept"), ("second_looks", "look_is_kept")):
        op.execute(
            f"CREATE TRIGGER {table}_are_not_emptied BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )


def _remembered(by: str, deed: str, moment: str, comment: str) -> str:
    letter = "NULL" if comment == "NULL" else f"(SELECT c.letter_id FROM comments c WHERE c.id = {comment})"
    return (
        "INSERT INTO acts (done_at, deed, by_id, comment_id, letter_id)"
        f" VALUES ({moment}, {deed}, {by}, {comment}, {letter})"
    )


def downgrade() -> None:
    names = [*(guard[0] for guard in GUARDS), *(done[0] for done in DONE)]
    if op.get_bind().dialect.name == "postgresql":
        for name in names:
            op.execute(f"DROP FUNCTION {name}() CASCADE")
    else:
        for name in names:
            op.execute(f"DROP TRIGGER {name}")
    op.drop_table("second_looks")
    op.drop_table("acts")
    op.drop_index("ix_comments_sender", "comments")
    op.drop_column("comments", "sender")
    op.drop_column("settings", "history_days")
    op.drop_column("people", "hears_of_queue")
