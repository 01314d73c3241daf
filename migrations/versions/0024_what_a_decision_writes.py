"""A decision writes less: the memory has one index, letters' sums have none, SQLite sums in one trigger.

With every decision the database wrote two indexes of `acts` and one of `decided_letters` more. The memory is read in
its order, and now finds whom and what it looks for in the index of that order; the sums of ten thousand letters are
sorted in milliseconds, when somebody looks at the figures. A statement of SQLite that changes more than fifteen pages
writes them to a file of its own first, and a decision changed seventeen.

Revision: 0024
"""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

INDEXES_BEFORE = [
    ("ix_acts_done_at", "acts", ["done_at", "id"]),
    ("ix_acts_by", "acts", ["by_id", "done_at", "id"]),
    ("ix_acts_letter", "acts", ["letter_id", "done_at", "id"]),
    ("ix_decided_letters_last_at", "decided_letters", ["last_at"]),
]
INDEXES = [("ix_acts_done_at", "acts", ["done_at", "id", "by_id", "letter_id", "deed"])]

LETTER = "(SELECT c.letter_id FROM comments c WHERE c.id = NEW.comment_id)"
# The next three as in 0008.
DAY = "date(NEW.decided_at)"
TWO_DIGITS = (
    "CASE WHEN m < 100 THEN m ELSE CAST(substr(CAST(m AS text), 1, 2)"
    " || substr('0000000000', 1, length(CAST(m AS text)) - 2) AS integer) END"
)
MINUTES = (
    f"(SELECT {TWO_DIGITS} FROM (SELECT max(0, strftime('%s', NEW.decided_at) - strftime('%s', c.submitted_at)) / 60"
    " AS m FROM comments c WHERE c.id = NEW.comment_id))"
)
ONE_MORE = {"published": "(NEW.verdict = 'published')", "declined": "(NEW.verdict = 'declined')"}
# (table, {key: value}, {sum: what is added to it}, {moment: what it is at least}).
SUMS: list[tuple[str, dict[str, str], dict[str, str], dict[str, str]]] = [
    ("decided_days", {"day": DAY, "by_id": "NEW.by_id"}, ONE_MORE, {}),
    ("decided_letters", {"letter_id": LETTER}, ONE_MORE, {"last_at": "NEW.decided_at"}),
    ("waited_days", {"day": DAY, "by_id": "NEW.by_id", "minutes": MINUTES}, {"number": "1"}, {}),
]


def upgrade() -> None:
    _index_anew(INDEXES_BEFORE, INDEXES)
    if op.get_bind().dialect.name == "sqlite":
        for table, *_ in SUMS:
            op.execute(f"DROP TRIGGER decision_is_in_{table}")
        statements = " ".join(f"{_added(*one)}; {_begun(*one)};" for one in SUMS)
        op.execute(_trigger("decision_is_summed", statements))


def downgrade() -> None:
    _index_anew(INDEXES, INDEXES_BEFORE)
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER decision_is_summed")
        for table, *rest in SUMS:
            statements = f"{_begun_before(table, *rest)}; {_added(table, *rest)};"
            op.execute(_trigger(f"decision_is_in_{table}", statements))


def _index_anew(old: list[tuple[str, str, list[str]]], new: list[tuple[str, str, list[str]]]) -> None:
    for name, table, _ in old:
        op.drop_index(name, table_name=table)
    for name, table, columns in new:
        op.create_index(name, table, columns)


def _trigger(name: str, statements: str) -> str:
    return (
        f"CREATE TRIGGER {name} AFTER INSERT ON decisions FOR EACH ROW WHEN NEW.by_id IS NOT NULL "
        f"BEGIN {statements} END"
    )


def _added(table: str, keys: dict[str, str], sums: dict[str, str], least: dict[str, str]) -> str:
    added = [f"{column} = {column} + {value}" for column, value in sums.items()]
    added += [f"{column} = max({column}, {value})" for column, value in least.items()]
    return f"UPDATE {table} SET {', '.join(added)} WHERE {_here(keys)}"


def _begun(table: str, keys: dict[str, str], sums: dict[str, str], least: dict[str, str]) -> str:
    """No upsert, as 0008 says; changes() counts what the UPDATE before it found (https://sqlite.org/c3ref/changes.html)."""
    row = {**keys, **sums, **least}
    return f"INSERT INTO {table} ({', '.join(row)}) SELECT {', '.join(row.values())} WHERE changes() = 0"


def _begun_before(table: str, keys: dict[str, str], sums: dict[str, str], least: dict[str, str]) -> str:
    row = {**keys, **dict.fromkeys(sums, "0"), **least}
    return (
        f"INSERT INTO {table} ({', '.join(row)}) SELECT {', '.join(row.values())}"
        f" WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {_here(keys)})"
    )


def _here(keys: dict[str, str]) -> str:
    return " AND ".join(f"{column} = {value}" for column, value in keys.items())
