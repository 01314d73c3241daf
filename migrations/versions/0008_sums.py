"""Sums of the desk's decisions, kept by the database with each decision, so that the figures never count them again.

Days are days in UTC. What was decided on an imported site (by nobody of the desk) is in no sum.

Revision: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

PUBLISHED = "CASE WHEN {d}.verdict = 'published' THEN 1 ELSE 0 END"
DECLINED = "CASE WHEN {d}.verdict = 'declined' THEN 1 ELSE 0 END"
DAY = {"sqlite": "date({d}.decided_at)", "postgresql": "CAST({d}.decided_at AT TIME ZONE 'UTC' AS date)"}
# Whole minutes between two whole seconds, as both databases count them.
MINUTES = {
    "sqlite": "max(0, strftime('%s', {d}.decided_at) - strftime('%s', c.submitted_at)) / 60",
    "postgresql": "CAST(greatest(0, floor(extract(epoch FROM {d}.decided_at))"
    " - floor(extract(epoch FROM c.submitted_at))) AS bigint) / 60",
}
# The first two digits of it, and noughts: at most some 630 numbers from a minute to twenty years, none off by a tenth.
TWO_DIGITS = (
    "CASE WHEN m < 100 THEN m ELSE CAST(substr(CAST(m AS text), 1, 2)"
    " || substr('0000000000', 1, length(CAST(m AS text)) - 2) AS integer) END"
)


def upgrade() -> None:
    _make_tables()
    dialect = op.get_bind().dialect.name
    _sum_what_is_there(dialect)
    if dialect == "postgresql":
        _sum_on_postgresql()
    else:
        _sum_on_sqlite()


def _make_tables() -> None:
    op.create_table(
        "decided_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.Column("declined", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_decided_days_by_id_people")),
        sa.PrimaryKeyConstraint("day", "by_id", name=op.f("pk_decided_days")),
    )
    op.create_table(
        "decided_letters",
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.Column("declined", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["letter_id"], ["letters.id"], name=op.f("fk_decided_letters_letter_id_letters")),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_decided_letters")),
    )
    op.create_index("ix_decided_letters_last_at", "decided_letters", ["last_at"])
    op.create_table(
        "waited_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_waited_days_by_id_people")),
        sa.PrimaryKeyConstraint("day", "by_id", "minutes", name=op.f("pk_waited_days")),
    )


def _sum_what_is_there(dialect: str) -> None:
    day = DAY[dialect].format(d="d")
    published, declined = (f"sum({one.format(d='d')})" for one in (PUBLISHED, DECLINED))
    op.execute(
        f"INSERT INTO decided_days (day, by_id, published, declined) SELECT {day}, d.by_id, {published}, {declined}"
        f" FROM decisions d WHERE d.by_id IS NOT NULL GROUP BY {day}, d.by_id"
    )
    op.execute(
        "INSERT INTO decided_letters (letter_id, published, declined, last_at)"
        f" SELECT c.letter_id, {published}, {declined}, max(d.decided_at)"
        " FROM decisions d JOIN comments c ON c.id = d.comment_id WHERE d.by_id IS NOT NULL GROUP BY c.letter_id"
    )
    op.execute(
        f"INSERT INTO waited_days (day, by_id, minutes, number) SELECT day, by_id, {TWO_DIGITS}, count(*) FROM"
        f" (SELECT {day} AS day, d.by_id, {MINUTES[dialect].format(d='d')} AS m"
        "  FROM decisions d JOIN comments c ON c.id = d.comment_id WHERE d.by_id IS NOT NULL) waits"
        f" GROUP BY day, by_id, {TWO_DIGITS}"
    )


def _sum_on_sqlite() -> None:
    """No upsert: the conflict rule of an outer INSERT OR … would be its rule too (https://sqlite.org/lang_createtrigger.html)."""
    day = DAY["sqlite"].format(d="NEW")
    published, declined = PUBLISHED.format(d="NEW"), DECLINED.format(d="NEW")
    letter = "(SELECT c.letter_id FROM comments c WHERE c.id = NEW.comment_id)"
    minutes = (
        f"(SELECT {TWO_DIGITS} FROM (SELECT {MINUTES['sqlite'].format(d='NEW')} AS m"
        " FROM comments c WHERE c.id = NEW.comment_id))"
    )
    for table, keys, sums, zero in (
        ("decided_days", {"day": day, "by_id": "NEW.by_id"}, {"published": published, "declined": declined}, {}),
        (
            "decided_letters",
            {"letter_id": letter},
            {"published": published, "declined": declined},
            {"last_at": "NEW.decided_at"},
        ),
        ("waited_days", {"day": day, "by_id": "NEW.by_id", "minutes": minutes}, {"number": "1"}, {}),
    ):
        here = " AND ".join(f"{column} = {value}" for column, value in keys.items())
        first = {**keys, **dict.fromkeys(sums, "0"), **zero}
        added = [f"{column} = {column} + {value}" for column, value in sums.items()]
        added += [f"{column} = max({column}, {value})" for column, value in zero.items()]
        op.execute(
            f"CREATE TRIGGER decision_is_in_{table} AFTER INSERT ON decisions FOR EACH ROW WHEN NEW.by_id IS NOT NULL "
            f"BEGIN INSERT INTO {table} ({', '.join(first)}) SELECT {', '.join(first.values())}"
            f" WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {here});"
            f" UPDATE {table} SET {', '.join(added)} WHERE {here}; END"
        )


def _sum_on_postgresql() -> None:
    """The letter's sum is locked before the decision is there, and the other sums are the editor's own.

    So two editors who decide many comments of one letter, each in one transaction, wait for each other at its sum, and
    not one for the other's sum and the other for the first one's decision.
    """
    day = DAY["postgresql"].format(d="NEW")
    values = f"{PUBLISHED.format(d='NEW')}, {DECLINED.format(d='NEW')}"
    added = "published = s.published + excluded.published, declined = s.declined + excluded.declined"
    op.execute(
        "CREATE FUNCTION hold_sum_of_letter() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO decided_letters (letter_id, published, declined, last_at)"
        " SELECT c.letter_id, 0, 0, NEW.decided_at FROM comments c WHERE c.id = NEW.comment_id"
        " ON CONFLICT (letter_id) DO NOTHING; "
        "PERFORM 1 FROM decided_letters s JOIN comments c ON c.letter_id = s.letter_id"
        " WHERE c.id = NEW.comment_id FOR UPDATE OF s; "
        "RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER decision_holds_its_letter BEFORE INSERT ON decisions FOR EACH ROW "
        "WHEN (NEW.by_id IS NOT NULL) EXECUTE FUNCTION hold_sum_of_letter()"
    )
    op.execute(
        "CREATE FUNCTION sum_decision() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"INSERT INTO decided_days AS s (day, by_id, published, declined) VALUES ({day}, NEW.by_id, {values})"
        f" ON CONFLICT (day, by_id) DO UPDATE SET {added}; "
        f"UPDATE decided_letters s SET published = published + {PUBLISHED.format(d='NEW')},"
        f" declined = declined + {DECLINED.format(d='NEW')}, last_at = greatest(last_at, NEW.decided_at)"
        " FROM comments c WHERE c.id = NEW.comment_id AND s.letter_id = c.letter_id; "
        "INSERT INTO waited_days AS s (day, by_id, minutes, number)"
        f" SELECT {day}, NEW.by_id, {TWO_DIGITS}, 1 FROM (SELECT {MINUTES['postgresql'].format(d='NEW')} AS m"
        " FROM comments c WHERE c.id = NEW.comment_id) waits"
        " ON CONFLICT (day, by_id, minutes) DO UPDATE SET number = s.number + 1; "
        "RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER decision_is_summed AFTER INSERT ON decisions FOR EACH ROW WHEN (NEW.by_id IS NOT NULL) "
        "EXECUTE FUNCTION sum_decision()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION hold_sum_of_letter() CASCADE")
        op.execute("DROP FUNCTION sum_decision() CASCADE")
    else:
        for table in ("decided_days", "decided_letters", "waited_days"):
            op.execute(f"DROP TRIGGER decision_is_in_{table}")
    for table in ("waited_days", "decided_letters", "decided_days"):
        op.drop_table(table)
