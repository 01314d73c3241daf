"""The memory knows who brought addresses to a course's waitlist, and who took them along.

SQLite cannot change what a column may say, so the table is made anew there; its triggers are put back as they were.

Revision: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

COLUMNS = ["id", "done_at", "deed", "by_id", "comment_id", "letter_id"]
BEFORE = "deed IN ('published', 'declined', 'pruned', 'signed_in', 'exported')"
DEEDS = "deed IN ('published', 'declined', 'pruned', 'signed_in', 'exported', 'imported', 'took_along')"
COURSE = "(deed IN ('imported', 'took_along')) = (course_id IS NOT NULL)"
INDEX = ("ix_acts_done_at", "acts", ["done_at", "id", "by_id", "letter_id", "deed"])


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _make_anew(with_course=True)
        return
    op.add_column("acts", sa.Column("course_id", sa.Integer(), nullable=True))
    op.create_foreign_key(op.f("fk_acts_course_id_courses"), "acts", "courses", ["course_id"], ["id"])
    op.drop_constraint(op.f("ck_acts_deed"), "acts")
    op.create_check_constraint(op.f("ck_acts_deed"), "acts", DEEDS)
    op.create_check_constraint(op.f("ck_acts_course"), "acts", COURSE)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _make_anew(with_course=False)
        return
    op.execute("ALTER TABLE acts DISABLE TRIGGER USER")
    op.execute("DELETE FROM acts WHERE course_id IS NOT NULL")
    op.execute("ALTER TABLE acts ENABLE TRIGGER USER")
    op.drop_constraint(op.f("ck_acts_course"), "acts")
    op.drop_constraint(op.f("ck_acts_deed"), "acts")
    op.create_check_constraint(op.f("ck_acts_deed"), "acts", BEFORE)
    op.drop_column("acts", "course_id")


def _make_anew(*, with_course: bool) -> None:
    bind = op.get_bind()
    triggers = bind.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        " AND (tbl_name = 'acts' OR sql LIKE '%INSERT INTO acts %')"
    ).all()
    for name, _ in triggers:
        op.execute(f"DROP TRIGGER {name}")
    op.drop_index(INDEX[0], table_name="acts")
    op.rename_table("acts", "acts_before")
    course: list[sa.Column[int] | sa.Constraint] = [
        sa.Column("course_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(COURSE, name=op.f("ck_acts_course")),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_acts_course_id_courses")),
    ]
    op.create_table(
        "acts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deed", sa.String(length=12), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.Integer(), nullable=True),
        sa.Column("letter_id", sa.Integer(), nullable=True),
        *(course if with_course else []),
        sa.CheckConstraint(DEEDS if with_course else BEFORE, name=op.f("ck_acts_deed")),
        sa.CheckConstraint(
            "(deed IN ('published', 'declined', 'pruned')) = (comment_id IS NOT NULL)", name=op.f("ck_acts_about")
        ),
        sa.CheckConstraint("(comment_id IS NULL) = (letter_id IS NULL)", name=op.f("ck_acts_letter")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_acts_by_id_people")),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_acts_comment_id_comments")),
        sa.ForeignKeyConstraint(["letter_id"], ["letters.id"], name=op.f("fk_acts_letter_id_letters")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acts")),
    )
    columns, kept = ", ".join(COLUMNS), "1 = 1" if with_course else "course_id IS NULL"
    op.execute(f"INSERT INTO acts ({columns}) SELECT {columns} FROM acts_before WHERE {kept} ORDER BY id")
    op.drop_table("acts_before")
    op.create_index(*INDEX)
    for _, sql in triggers:
        bind.exec_driver_sql(sql)
