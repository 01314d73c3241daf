"""A subscriber waits for an opening of the course by its number: opening enrolment changes nobody who is told.

Before, the opening was written into every subscriber whom it tells, with all the indexes of each: half the time of an
opening for a million. On PostgreSQL the notices of an opening are now looked at together, not one by one.

Revision: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

NOTICES = "notice_only_to_confirmed"
NOTICES_SAYS = "a notice goes to who had confirmed before the opening and has not left"
TOLD = """SELECT 1 FROM subscribers s JOIN openings o ON {of} WHERE s.id = NEW.subscriber_id
    AND o.id = NEW.opening_id AND s.confirmed_at <= o.opened_at AND s.left_at IS NULL"""
BY_NUMBER = "o.course_id = s.course_id AND o.number = s.opening_number"
BY_ID = "o.id = s.opening_id"
# The same of many at once. Joined by primary keys only: whatever PostgreSQL believes of the tables' sizes, it cannot
# choose a plan that takes the square of their number.
OTHERS_TOLD = """SELECT 1 FROM new_ones n LEFT JOIN subscribers s ON s.id = n.subscriber_id
    LEFT JOIN openings o ON o.id = n.opening_id
    WHERE n.kind = 'notice' AND NOT coalesce(o.course_id = s.course_id AND o.number = s.opening_number
      AND s.confirmed_at <= o.opened_at AND s.left_at IS NULL, false)"""
WAITS = "delivery_waits_first"

NUMBERS = "opening_has_the_next_number"
NEXT = "(SELECT next_opening FROM courses WHERE id = NEW.course_id)"
NUMBERS_WHEN, NUMBERS_SAYS = f"NEW.number <> {NEXT}", "an opening has the next number of its course"
SAME = "opening_stays_what_it_is"
SAME_WHEN = "NEW.course_id <> OLD.course_id OR NEW.number <> OLD.number"
SAME_SAYS = "an opening stays what it is"
# Who had not confirmed, or had left, waits for the opening after this one.
MOVES = "opening_moves_the_line"
LINE = """UPDATE courses SET next_opening = NEW.number + 1 WHERE id = NEW.course_id;
    UPDATE subscribers SET opening_number = NEW.number + 1
    WHERE course_id = NEW.course_id AND opening_number = NEW.number
      AND (confirmed_at IS NULL OR confirmed_at > NEW.opened_at OR left_at IS NOT NULL)"""
# PostgreSQL puts it right: whoever asks at the moment of an opening waits for its end, and then for the next one.
JOINS = "subscriber_joins_the_line"
JOINS_WHEN, JOINS_SAYS = f"NEW.opening_number <> {NEXT}", "a new subscriber waits for the next opening"
STAYS = "told_subscriber_stays_told"
STAYS_WHEN = f"""NEW.course_id <> OLD.course_id
    OR NEW.opening_number <> OLD.opening_number AND NEW.opening_number <> {NEXT}
    OR NEW.confirmed_at IS NULL AND NEW.opening_number < {NEXT}"""
STAYS_SAYS = "who was told had confirmed, and waits again for the next opening only"

ONLY_CONFIRMED = "opening_id IS NULL OR confirmed_at IS NOT NULL"


def upgrade() -> None:
    op.add_column("courses", sa.Column("next_opening", sa.Integer(), server_default="1", nullable=False))
    op.execute(
        "UPDATE courses"
        " SET next_opening = (SELECT coalesce(max(number), 0) + 1 FROM openings WHERE course_id = courses.id)"
    )
    number = sa.Column("opening_number", sa.Integer(), server_default="1", nullable=False)
    numbered = (
        "coalesce((SELECT number FROM openings WHERE id = opening_id),"
        " (SELECT next_opening FROM courses WHERE id = course_id))"
    )
    _drop(NOTICES, "deliveries")
    op.drop_index("uq_subscribers_waiting", "subscribers")
    op.drop_index("ix_subscribers_opening_id", "subscribers")
    if _is_postgresql():
        op.add_column("subscribers", number)
        op.execute(f"UPDATE subscribers SET opening_number = {numbered}")
        op.drop_column("subscribers", "opening_id")  # with its constraints
        op.execute(f"DROP TRIGGER {WAITS} ON deliveries")
        op.execute(
            f"CREATE TRIGGER {WAITS} BEFORE INSERT ON deliveries FOR EACH ROW"
            f" WHEN (NEW.state <> 'waiting') EXECUTE FUNCTION {WAITS}()"
        )
    else:
        _remake_subscribers(numbered, number)
    op.create_index("uq_subscribers_waiting", "subscribers", ["course_id", "email_key", "opening_number"], unique=True)
    _guard()


def downgrade() -> None:
    for name, table in ((NOTICES, "deliveries"), (JOINS, "subscribers"), (STAYS, "subscribers")):
        _drop(name, table)
    for name in (NUMBERS, SAME, MOVES):
        _drop(name, "openings")
    opening = sa.Column("opening_id", sa.Integer(), nullable=True)
    theirs = (
        "(SELECT o.id FROM openings o"
        " WHERE o.course_id = {0}.course_id AND o.number = opening_number AND confirmed_at IS NOT NULL)"
    )
    op.drop_index("uq_subscribers_waiting", "subscribers")
    told_by = sa.ForeignKeyConstraint(["opening_id"], ["openings.id"], name=op.f("fk_subscribers_opening_id_openings"))
    confirmed = sa.CheckConstraint(
        "opening_id IS NULL OR confirmed_at IS NOT NULL", name=op.f("ck_subscribers_only_confirmed_are_told")
    )
    if _is_postgresql():
        op.add_column("subscribers", opening)
        op.execute(f"UPDATE subscribers SET opening_id = {theirs.format('subscribers')}")
        op.drop_column("subscribers", "opening_number")
        op.create_foreign_key(told_by.name, "subscribers", "openings", ["opening_id"], ["id"])
        op.create_check_constraint(confirmed.name, "subscribers", confirmed.sqltext)
        op.execute(f"DROP TRIGGER {WAITS} ON deliveries")
        op.execute(f"CREATE TRIGGER {WAITS} BEFORE INSERT ON deliveries FOR EACH ROW EXECUTE FUNCTION {WAITS}()")
    else:
        _remake_subscribers(theirs.format("before"), opening, told_by, confirmed)
    waits = sa.text("opening_id IS NULL")
    op.create_index("ix_subscribers_opening_id", "subscribers", ["opening_id"])
    op.create_index(
        "uq_subscribers_waiting",
        "subscribers",
        ["course_id", "email_key"],
        unique=True,
        sqlite_where=waits,
        postgresql_where=waits,
    )
    _refuse(NOTICES, "INSERT", "deliveries", _not_told(BY_ID), NOTICES_SAYS)
    op.drop_column("courses", "next_opening")


def _guard() -> None:
    _refuse(NUMBERS, "INSERT", "openings", NUMBERS_WHEN, NUMBERS_SAYS)
    _refuse(SAME, "UPDATE", "openings", SAME_WHEN, SAME_SAYS)
    _refuse(STAYS, "UPDATE", "subscribers", STAYS_WHEN, STAYS_SAYS)
    if not _is_postgresql():
        op.execute(f"CREATE TRIGGER {MOVES} AFTER INSERT ON openings FOR EACH ROW BEGIN {LINE}; END")
        _refuse(JOINS, "INSERT", "subscribers", JOINS_WHEN, JOINS_SAYS)
        _refuse(NOTICES, "INSERT", "deliveries", _not_told(BY_NUMBER), NOTICES_SAYS)
        return
    _do(MOVES, "AFTER INSERT ON openings FOR EACH ROW", f"{LINE}; RETURN NULL")
    _do(
        JOINS,
        "BEFORE INSERT ON subscribers FOR EACH ROW",
        "SELECT next_opening INTO NEW.opening_number FROM courses WHERE id = NEW.course_id FOR SHARE; RETURN NEW",
    )
    _do(
        NOTICES,
        "AFTER INSERT ON deliveries REFERENCING NEW TABLE AS new_ones FOR EACH STATEMENT",
        f"IF EXISTS ({OTHERS_TOLD}) THEN {_raise(NOTICES_SAYS)}; END IF; RETURN NULL",
    )


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _not_told(of: str) -> str:
    return f"NEW.kind = 'notice' AND NOT EXISTS ({TOLD.format(of=of)})"


def _refuse(name: str, event: str, table: str, refused_when: str, says: str) -> None:
    if _is_postgresql():
        row = "OLD" if event == "DELETE" else "NEW"
        done = f"IF {refused_when} THEN {_raise(says)}; END IF; RETURN {row}"
        _do(name, f"BEFORE {event} ON {table} FOR EACH ROW", done)
    else:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW WHEN {refused_when} "
            f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
        )


def _do(name: str, when: str, done: str) -> None:
    op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {done}; END $$")
    op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {name}()")


def _raise(says: str) -> str:
    return f"RAISE EXCEPTION '{says}' USING ERRCODE = 'integrity_constraint_violation'"


def _drop(name: str, table: str) -> None:
    if _is_postgresql():
        op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute(f"DROP FUNCTION {name}")
    else:
        op.execute(f"DROP TRIGGER {name}")


def _remake_subscribers(value: str, column: sa.Column[int], *constraints: sa.Constraint) -> None:
    """SQLite takes no constraint away: the rows wait elsewhere while their table is made with another column."""
    guards = _guards_of_deliveries()  # they name it
    for name, _ in guards:
        op.execute(f"DROP TRIGGER {name}")
    op.execute("PRAGMA defer_foreign_keys = ON")  # at the commit deliveries have their subscribers again
    op.execute("CREATE TEMPORARY TABLE before AS SELECT * FROM subscribers")
    op.drop_table("subscribers")
    op.create_table(
        "subscribers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("confirm_token", sa.String(length=43), nullable=False),
        sa.Column("leave_token", sa.String(length=43), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "left_why",
            sa.String(length=12),
            sa.CheckConstraint(
                "left_why IS NULL OR left_at IS NOT NULL AND left_why IN ('asked', 'bounced', 'complained')",
                name=op.f("ck_subscribers_left_why"),
            ),  # beside its column, so that 0017 can take both away
            nullable=True,
        ),
        sa.Column("consent", sa.String(length=300), server_default="", nullable=False),
        column,
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_subscribers_course_id_courses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscribers")),
        sa.UniqueConstraint("confirm_token", name=op.f("uq_subscribers_confirm_token")),
        sa.UniqueConstraint("leave_token", name=op.f("uq_subscribers_leave_token")),
        *constraints,
    )
    kept = "id, course_id, email, email_key, confirm_token, leave_token, asked_at, confirmed_at, left_at"
    kept += ", left_why, consent"
    op.execute(f"INSERT INTO subscribers ({kept}, {column.name}) SELECT {kept}, {value} FROM before")
    op.execute("DROP TABLE before")
    op.create_index("ix_subscribers_email_key", "subscribers", ["email_key"])
    for _, sql in guards:
        op.execute(sql)


def _guards_of_deliveries() -> list[tuple[str, str]]:
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'deliveries'"
    return [(name, sql) for name, sql in op.get_bind().execute(sa.text(query))]
