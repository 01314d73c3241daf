"""A course has its text in each language.

Revision: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLE = "course_texts"
EVENTS = ("INSERT", "UPDATE", "DELETE")


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("about_source", sa.String(), nullable=False),
        sa.Column("about_html", sa.String(), nullable=False),
        sa.CheckConstraint("language IN ('en', 'ru')", name=op.f("ck_course_texts_language")),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_course_texts_course_id_courses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("course_id", "language", name=op.f("pk_course_texts")),
    )
    op.execute(
        f"INSERT INTO {TABLE} (course_id, language, name, about_source, about_html)"
        " SELECT c.id, coalesce((SELECT language FROM settings), 'en'), c.name, c.about_source, c.about_html"
        " FROM courses c"
    )
    for column in ("name", "about_source", "about_html"):
        op.drop_column("courses", column)
    # As in 0002: a course shows on readers' pages, so any change of it raises the edition.
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {TABLE}_raises_edition AFTER INSERT OR UPDATE OR DELETE ON {TABLE} "
            "FOR EACH ROW EXECUTE FUNCTION raise_edition()"
        )
    else:
        for event in EVENTS:
            op.execute(
                f"CREATE TRIGGER {TABLE}_{event.lower()}_raises_edition AFTER {event} ON {TABLE} "
                "BEGIN UPDATE editions SET number = number + 1; END"
            )


def downgrade() -> None:
    """Back to one text: the one in the column's language, or the only one."""
    for column, type_ in (("name", sa.String(length=120)), ("about_source", sa.String()), ("about_html", sa.String())):
        op.add_column("courses", sa.Column(column, type_, server_default="", nullable=False))
        op.execute(
            f"UPDATE courses SET {column} = (SELECT {column} FROM {TABLE} t WHERE t.course_id = courses.id"
            " ORDER BY CASE WHEN t.language = (SELECT language FROM settings) THEN 0 ELSE 1 END LIMIT 1)"
        )
    op.drop_table(TABLE)
