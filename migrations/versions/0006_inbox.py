"""The inbox: contacts kept apart, the shortlist, duplicates that go together, notes, and its door.

Revision: 0006
"""

import sqlalchemy as sa
from alembic import op

from app.text.stems import stems  # pure; the words by which the questions that are there will be found

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

EVENTS = ("INSERT", "UPDATE", "DELETE")


def upgrade() -> None:
    op.create_table(
        "question_contacts",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        _of_a_question("question_contacts"),
        sa.PrimaryKeyConstraint("question_id", name=op.f("pk_question_contacts")),
    )
    op.create_table(
        "shortlistings",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        _of_a_question("shortlistings"),
        _by_a_person("shortlistings"),
        sa.PrimaryKeyConstraint("question_id", name=op.f("pk_shortlistings")),
    )
    op.create_table(
        "mergings",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("into_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("question_id <> into_id", name=op.f("ck_mergings_not_into_itself")),
        _of_a_question("mergings"),
        _of_a_question("mergings", "into_id"),
        _by_a_person("mergings"),
        sa.PrimaryKeyConstraint("question_id", name=op.f("pk_mergings")),
    )
    op.create_index(op.f("ix_mergings_into_id"), "mergings", ["into_id"])
    op.create_table(
        "question_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        _of_a_question("question_notes"),
        _by_a_person("question_notes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question_notes")),
    )
    op.create_index(op.f("ix_question_notes_question_id"), "question_notes", ["question_id"])
    _closings()
    op.add_column("questions", sa.Column("words", sa.String(), server_default="", nullable=False))
    op.add_column("questions", sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True))
    _move_what_is_there()
    op.drop_column("questions", "email")


def _of_a_question(table: str, column: str = "question_id") -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_questions")
    return sa.ForeignKeyConstraint([column], ["questions.id"], name=name, ondelete="CASCADE")


def _by_a_person(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f(f"fk_{table}_by_id_people"))


def _closings() -> None:
    op.create_table(
        "inbox_closings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("door", sa.Integer(), nullable=False),
        sa.Column("text_source", sa.String(), nullable=False),
        sa.Column("text_html", sa.String(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("door = 1", name=op.f("ck_inbox_closings_one_door")),
        _by_a_person("inbox_closings"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox_closings")),
    )
    op.create_index(
        "uq_inbox_closings_one_closed", "inbox_closings", ["door"], unique=True,
        sqlite_where=sa.text("opened_at IS NULL"), postgresql_where=sa.text("opened_at IS NULL"),
    )  # fmt: skip
    # Readers see at /ask/ whether it is closed.
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER inbox_closings_raises_edition AFTER INSERT OR UPDATE OR DELETE ON inbox_closings "
            "FOR EACH ROW EXECUTE FUNCTION raise_edition()"
        )
        return
    for event in EVENTS:
        op.execute(
            f"CREATE TRIGGER inbox_closings_{event.lower()}_raises_edition AFTER {event} ON inbox_closings "
            "BEGIN UPDATE editions SET number = number + 1; END"
        )


def _move_what_is_there() -> None:
    # Letters that are out already were never promised to be told of: their senders are not written to years later.
    op.execute(
        "INSERT INTO question_contacts (question_id, email, told_at) SELECT q.id, q.email, "
        "(SELECT l.publish_at FROM letters l WHERE l.question_id = q.id AND l.ready "
        "AND l.publish_at <= CURRENT_TIMESTAMP) FROM questions q WHERE q.email <> ''"
    )
    connection = op.get_bind()
    questions = sa.table("questions", *(sa.column(name) for name in ("id", "name", "text_source", "words")))
    for row in connection.execute(sa.select(questions.c.id, questions.c.name, questions.c.text_source)).all():
        words = f" {' '.join(dict.fromkeys(stems(f'{row.name} {row.text_source}')))} "
        connection.execute(sa.update(questions).where(questions.c.id == row.id).values(words=words))


def downgrade() -> None:
    op.add_column("questions", sa.Column("email", sa.String(length=254), server_default="", nullable=False))
    op.execute(
        "UPDATE questions SET email = (SELECT c.email FROM question_contacts c WHERE c.question_id = questions.id) "
        "WHERE id IN (SELECT question_id FROM question_contacts)"
    )
    op.drop_column("questions", "consented_at")
    op.drop_column("questions", "words")
    for table in ("inbox_closings", "question_notes", "mergings", "shortlistings", "question_contacts"):
        op.drop_table(table)
