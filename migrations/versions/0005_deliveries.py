"""Any mail of the site is a delivery, and the database knows which steps a delivery may take.

Revision: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Each guard: (name, event, condition under which it refuses, what it says), in SQL that both databases read.
NOTICE_ONLY_TO_CONFIRMED = (
    "notice_only_to_confirmed",
    "INSERT",
    """NEW.kind = 'notice' AND NOT EXISTS (
        SELECT 1 FROM subscribers s JOIN openings o ON o.id = s.opening_id
        WHERE s.id = NEW.subscriber_id AND o.id = NEW.opening_id
          AND s.confirmed_at <= o.opened_at AND s.left_at IS NULL)""",
    "a notice goes to who had confirmed before the opening and has not left",
)
NOTHING_TO_WHO_LEFT = (
    "nothing_to_who_left",
    "UPDATE",
    """NEW.state = 'sending' AND EXISTS (
        SELECT 1 FROM subscribers s WHERE s.id = NEW.subscriber_id AND s.left_at IS NOT NULL)""",
    "nobody who left gets a mail",
)
SENT_NOTICE_IS_KEPT = (
    "sent_notice_is_kept",
    "DELETE",
    "OLD.kind = 'notice' AND OLD.state <> 'dropped'",
    "the row of a notice is kept",
)
SENT_IS_SENT = (
    "sent_is_sent",
    "UPDATE",
    "OLD.state = 'sent' AND NEW.state <> 'sent'",
    "what was sent is not sent again",
)
STEPS = """NEW.state <> OLD.state AND OLD.state || ' ' || NEW.state NOT IN (
    'waiting sending', 'waiting dropped', 'waiting failed',
    'sending sent', 'sending waiting', 'sending failed', 'sending in_doubt', 'sending dropped',
    'in_doubt waiting', 'in_doubt sent', 'in_doubt bounced', 'in_doubt dropped',
    'sent bounced', 'failed waiting')"""
GUARDS = [
    NOTICE_ONLY_TO_CONFIRMED,
    NOTHING_TO_WHO_LEFT,
    SENT_NOTICE_IS_KEPT,
    ("delivery_waits_first", "INSERT", "NEW.state <> 'waiting'", "a new delivery waits"),
    ("delivery_takes_its_steps", "UPDATE", STEPS, "a delivery does not take this step"),
    (
        "doubt_is_settled_by_somebody",
        "UPDATE",
        """OLD.state = 'in_doubt' AND NEW.state = 'waiting'
            AND (NEW.settled_by_id IS NULL OR NEW.settled_at IS NULL OR NEW.settled_at = OLD.settled_at)""",
        "what may have been sent is sent again by an editor's word only",
    ),
    (
        "delivery_stays_whose_it_is",
        "UPDATE",
        """NEW.id <> OLD.id OR NEW.kind <> OLD.kind OR NEW.made_at <> OLD.made_at
            OR COALESCE(NEW.subscriber_id, 0) <> COALESCE(OLD.subscriber_id, 0)
            OR COALESCE(NEW.opening_id, 0) <> COALESCE(OLD.opening_id, 0)
            OR COALESCE(NEW.about_id, 0) <> COALESCE(OLD.about_id, 0)""",
        "a delivery stays whose it is",
    ),
]
BEFORE = [NOTICE_ONLY_TO_CONFIRMED, NOTHING_TO_WHO_LEFT, SENT_NOTICE_IS_KEPT, SENT_IS_SENT]


def upgrade() -> None:
    _put_aside(BEFORE)
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=True),
        sa.Column("opening_id", sa.Integer(), nullable=True),
        sa.Column("about_id", sa.Integer(), nullable=True),
        sa.Column("once", sa.String(length=80), nullable=True),
        sa.Column("urgency", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("state", sa.String(length=12), server_default="waiting", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("first_tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.String(length=32), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reply", sa.String(length=300), server_default="", nullable=False),
        sa.Column("settled_by_id", sa.Integer(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'notice') = (opening_id IS NOT NULL)", name=op.f("ck_deliveries_notice_has_its_opening")
        ),
        sa.CheckConstraint(
            "subscriber_id IS NOT NULL OR (about_id IS NOT NULL AND kind NOT IN ('confirmation', 'notice'))",
            name=op.f("ck_deliveries_somebody_gets_it"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'sent', 'in_doubt', 'failed', 'bounced', 'dropped')",
            name=op.f("ck_deliveries_state"),
        ),
        sa.ForeignKeyConstraint(["opening_id"], ["openings.id"], name=op.f("fk_deliveries_opening_id_openings")),
        sa.ForeignKeyConstraint(["settled_by_id"], ["people.id"], name=op.f("fk_deliveries_settled_by_id_people")),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_deliveries_subscriber_id_subscribers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    _index("ix_deliveries_due", ["opening_id", "urgency", "due_at", "id"], "state = 'waiting'")
    _index("ix_deliveries_sending", ["claimed_at"], "state = 'sending'")
    _index("ix_deliveries_opening", ["opening_id", "state", "id"])
    _index("ix_deliveries_subscriber", ["subscriber_id"])
    _index("uq_deliveries_one_notice", ["subscriber_id"], "kind = 'notice'", unique=True)
    _index("uq_deliveries_once", ["once"], "once IS NOT NULL", unique=True)
    op.execute(
        "INSERT INTO deliveries (id, kind, subscriber_id, opening_id, urgency, state, made_at, due_at, attempts,"
        " claimed_at, finished_at, reply) SELECT id, kind, subscriber_id, opening_id,"
        " CASE kind WHEN 'notice' THEN 2 ELSE 0 END, CASE state WHEN 'unsure' THEN 'in_doubt' ELSE state END,"
        " due_at, due_at, attempts, claimed_at, finished_at, reply FROM deliveries_before"
    )
    _settle(GUARDS)


def downgrade() -> None:
    """Back to mails to subscribers only; others are left out."""
    _put_aside(GUARDS)
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), nullable=False),
        sa.Column("opening_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=12), server_default="waiting", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reply", sa.String(length=300), server_default="", nullable=False),
        sa.CheckConstraint(
            "(kind = 'notice') = (opening_id IS NOT NULL)", name=op.f("ck_deliveries_notice_has_its_opening")
        ),
        sa.CheckConstraint("kind IN ('confirmation', 'notice')", name=op.f("ck_deliveries_kind")),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'sent', 'unsure', 'failed', 'dropped')", name=op.f("ck_deliveries_state")
        ),
        sa.ForeignKeyConstraint(["opening_id"], ["openings.id"], name=op.f("fk_deliveries_opening_id_openings")),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("fk_deliveries_subscriber_id_subscribers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    _index("ix_deliveries_due", ["kind", "due_at", "id"], "state = 'waiting'")
    _index("ix_deliveries_opening", ["opening_id", "state"])
    _index("ix_deliveries_subscriber", ["subscriber_id"])
    _index("uq_deliveries_one_notice", ["subscriber_id"], "kind = 'notice'", unique=True)
    op.execute(
        "INSERT INTO deliveries (id, kind, subscriber_id, opening_id, state, due_at, attempts, claimed_at,"
        " finished_at, reply) SELECT id, kind, subscriber_id, opening_id,"
        " CASE state WHEN 'in_doubt' THEN 'unsure' WHEN 'bounced' THEN 'failed' ELSE state END,"
        " due_at, attempts, claimed_at, finished_at, reply FROM deliveries_before"
        " WHERE kind IN ('confirmation', 'notice')"
    )
    _settle(BEFORE)


def _index(name: str, columns: list[str], where: str | None = None, *, unique: bool = False) -> None:
    only = sa.text(where) if where else None
    op.create_index(name, "deliveries", columns, unique=unique, sqlite_where=only, postgresql_where=only)


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _put_aside(guards: list[tuple[str, str, str, str]]) -> None:
    """The rows into a table that lives as long as this migration; the table's triggers go with it."""
    op.execute("CREATE TEMPORARY TABLE deliveries_before AS SELECT * FROM deliveries")
    op.drop_table("deliveries")
    if _is_postgresql():
        for name, *_ in guards:
            op.execute(f"DROP FUNCTION {name}")


def _settle(guards: list[tuple[str, str, str, str]]) -> None:
    op.execute("DROP TABLE deliveries_before")
    if _is_postgresql():
        op.execute("SELECT setval('deliveries_id_seq', (SELECT COALESCE(max(id), 0) + 1 FROM deliveries), false)")
    for name, event, refused_when, says in guards:
        says = says.replace("'", "''")
        if _is_postgresql():
            op.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {refused_when} THEN "
                f"RAISE EXCEPTION '{says}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
                f"RETURN {'OLD' if event == 'DELETE' else 'NEW'}; END $$"
            )
            op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON deliveries FOR EACH ROW EXECUTE FUNCTION {name}()")
        else:
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {event} ON deliveries FOR EACH ROW WHEN {refused_when} "
                f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
            )
