"""An opening can be paused, taken up again and stopped, is opened once, and mails keep a pace.

Revision: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

PAUSED = "paused_opening_sends_nothing"
PAUSED_WHEN = """NEW.state = 'sending' AND OLD.state <> 'sending' AND EXISTS (
    SELECT 1 FROM openings o WHERE o.id = NEW.opening_id AND (o.paused_at IS NOT NULL OR o.stopped_at IS NOT NULL))"""
PAUSED_SAYS = "a paused opening sends nothing"


def upgrade() -> None:
    op.create_table(
        "pace",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_pace_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pace")),
    )
    op.execute("INSERT INTO pace (id, next_at) VALUES (1, '2000-01-01 00:00:00.000000')")
    op.create_table(
        "notice_drafts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("text_source", sa.String(), nullable=False),
        sa.Column("link", sa.String(length=500), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["courses.id"], name=op.f("fk_notice_drafts_course_id_courses"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_notice_drafts_by_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_drafts")),
        sa.UniqueConstraint("course_id", name=op.f("uq_notice_drafts_course_id")),
    )
    op.add_column("openings", sa.Column("number", sa.Integer(), server_default="1", nullable=False))
    op.add_column("openings", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("openings", sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE openings SET number = (SELECT count(*) FROM openings o"
        " WHERE o.course_id = openings.course_id AND o.id <= openings.id)"
    )
    op.create_index("uq_openings_number", "openings", ["course_id", "number"], unique=True)
    _one_notice("kind = 'notice' AND state <> 'dropped'")
    op.add_column("settings", sa.Column("mails_per_second", sa.Double(), server_default="0", nullable=False))
    op.add_column("settings", sa.Column("mail_reply_to", sa.String(length=254), server_default="", nullable=False))
    op.add_column("settings", sa.Column("dkim_selector", sa.String(length=63), server_default="", nullable=False))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {PAUSED}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {PAUSED_WHEN} THEN "
            f"RAISE EXCEPTION '{PAUSED_SAYS}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
            f"RETURN NEW; END $$"
        )
        op.execute(f"CREATE TRIGGER {PAUSED} BEFORE UPDATE ON deliveries FOR EACH ROW EXECUTE FUNCTION {PAUSED}()")
    else:
        op.execute(
            f"CREATE TRIGGER {PAUSED} BEFORE UPDATE ON deliveries FOR EACH ROW WHEN {PAUSED_WHEN} "
            f"BEGIN SELECT RAISE(ABORT, '{PAUSED_SAYS}'); END"
        )


def downgrade() -> None:
    op.execute(f"DROP TRIGGER {PAUSED}" + (" ON deliveries" if op.get_bind().dialect.name == "postgresql" else ""))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION {PAUSED}")
    for column in ("mails_per_second", "mail_reply_to", "dkim_selector"):
        op.drop_column("settings", column)
    _one_notice("kind = 'notice'")
    op.drop_index("uq_openings_number", "openings")
    for column in ("number", "paused_at", "stopped_at"):
        op.drop_column("openings", column)
    op.drop_table("notice_drafts")
    op.drop_table("pace")


def _one_notice(where: str) -> None:
    op.drop_index("uq_deliveries_one_notice", "deliveries")
    op.create_index(
        "uq_deliveries_one_notice",
        "deliveries",
        ["subscriber_id"],
        unique=True,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )
