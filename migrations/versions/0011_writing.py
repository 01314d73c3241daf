"""Versions of letters, and what is typed and not saved yet.

A version is for good: triggers refuse to change or delete one. What may happen to it is that it gets a name, that it
becomes the letter's text (once), and that its text is erased when its time is over.

Revision: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEPT = ("id", "letter_id", "number", "kind", "by_id", "saved_at", "restored_from")
"""Columns of a version that never change."""


def upgrade() -> None:
    op.create_table(
        "versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("html", sa.String(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("restored_from", sa.Integer(), nullable=True),
        sa.Column("put_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('before', 'saved', 'restored', 'aside')", name=op.f("ck_versions_kind")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_versions_by_id_people")),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letters.id"], name=op.f("fk_versions_letter_id_letters"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_versions")),
        sa.UniqueConstraint("letter_id", "number", name=op.f("uq_versions_letter_id_number")),
    )
    op.create_index("ix_versions_line", "versions", ["letter_id", "id"])
    op.create_table(
        "typed_texts",
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.String(), nullable=True),
        sa.Column("base_id", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("sitting", sa.String(length=36), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("begun_as", sa.String(length=36), nullable=True),
        sa.Column("typed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letters.id"], name=op.f("fk_typed_texts_letter_id_letters"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_typed_texts_person_id_people")),
        sa.PrimaryKeyConstraint("letter_id", "person_id", name=op.f("pk_typed_texts")),
        sa.UniqueConstraint("begun_as", name=op.f("uq_typed_texts_begun_as")),
    )
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        _guard_on_sqlite()


CHANGED = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in KEPT)
REWRITTEN = (
    "(NEW.content <> OLD.content OR NEW.html <> OLD.html) AND "
    "(NEW.erased_at IS NULL OR NEW.content <> '' OR NEW.html <> '')"
)
"""Its text may go, and with it nothing else may come."""
REFUSED = f"{CHANGED} OR ({REWRITTEN}) OR (OLD.erased_at IS NOT NULL AND NEW.erased_at IS DISTINCT FROM OLD.erased_at)"
PUT_TWICE = "OLD.put_at IS NOT NULL AND NEW.put_at IS DISTINCT FROM OLD.put_at"
STANDS = "EXISTS (SELECT 1 FROM letters WHERE id = OLD.letter_id)"
"""A letter takes its versions with it."""


def _guard_on_sqlite() -> None:
    # IS NOT is SQLite's IS DISTINCT FROM, also in versions that do not know the latter.
    refused = f"{REFUSED} OR ({PUT_TWICE})".replace("IS DISTINCT FROM", "IS NOT")
    op.execute(
        f"CREATE TRIGGER version_is_kept BEFORE UPDATE ON versions WHEN {refused} "
        "BEGIN SELECT RAISE(ABORT, 'a version of a letter is never changed'); END"
    )
    op.execute(
        f"CREATE TRIGGER version_is_not_deleted BEFORE DELETE ON versions WHEN {STANDS} "
        "BEGIN SELECT RAISE(ABORT, 'a version of a letter is never deleted'); END"
    )


def _guard_on_postgresql() -> None:
    for name, event, when, said in (
        ("version_is_kept", "UPDATE", f"{REFUSED} OR ({PUT_TWICE})", "changed"),
        ("version_is_not_deleted", "DELETE", STANDS, "deleted"),
    ):
        row = "NEW" if event == "UPDATE" else "OLD"
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {when} THEN "
            f"RAISE EXCEPTION 'a version of a letter is never {said}' USING ERRCODE = 'restrict_violation'; END IF; "
            f"RETURN {row}; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON versions FOR EACH ROW EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    op.drop_table("typed_texts")
    op.drop_table("versions")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION version_is_kept")
        op.execute("DROP FUNCTION version_is_not_deleted")
