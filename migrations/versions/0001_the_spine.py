"""The spine: letters, comments with their decisions and prunings, questions, courses with their waitlists, people.

Besides the tables it makes the triggers that hold the promises: a decision and a pruning are final (3, 4), a comment's
text is never changed but only erased (5), a notice goes once and only to who had confirmed and has not left (6).

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Each guard: (name, table, event, condition under which it refuses, what it says). The conditions are plain SQL that
# both databases read.
GUARDS = [
    ("decision_stays", "decisions", "UPDATE", "1 = 1", "a decision is final"),
    ("decision_is_kept", "decisions", "DELETE", "1 = 1", "a decision is final"),
    ("pruning_stays", "prunings", "UPDATE", "1 = 1", "a pruning is final"),
    ("pruning_is_kept", "prunings", "DELETE", "1 = 1", "a pruning is final"),
    # SQLite's INSERT OR REPLACE would delete the first decision without asking its DELETE trigger.
    (
        "decision_is_taken_once",
        "decisions",
        "INSERT",
        "EXISTS (SELECT 1 FROM decisions d WHERE d.comment_id = NEW.comment_id)",
        "a decision is taken once",
    ),
    (
        "pruning_is_done_once",
        "prunings",
        "INSERT",
        "EXISTS (SELECT 1 FROM prunings p WHERE p.comment_id = NEW.comment_id)",
        "a comment is pruned once",
    ),
    ("comment_waits_first", "comments", "INSERT", "NEW.standing <> 'pending'", "a new comment is pending"),
    (
        "comment_is_kept",
        "comments",
        "DELETE",
        "EXISTS (SELECT 1 FROM decisions d WHERE d.comment_id = OLD.id)",
        "a decided comment is kept; its text may be erased",
    ),
    (
        "comment_text_stays",
        "comments",
        "UPDATE",
        """(NEW.id <> OLD.id OR NEW.letter_id <> OLD.letter_id OR NEW.submitted_at <> OLD.submitted_at
            OR NEW.public_id <> OLD.public_id OR NEW.name <> OLD.name OR NEW.text_source <> OLD.text_source
            OR NEW.text_html <> OLD.text_html)
           AND NOT (NEW.id = OLD.id AND NEW.letter_id = OLD.letter_id AND NEW.submitted_at = OLD.submitted_at
            AND NEW.public_id = OLD.public_id AND NEW.erased_at IS NOT NULL
            AND NEW.name = '' AND NEW.email = '' AND NEW.text_source = '' AND NEW.text_html = '')""",
        "a comment is never changed, only erased",
    ),
    (
        "comment_standing_follows",
        "comments",
        "UPDATE",
        """NEW.standing <> COALESCE(
            (SELECT 'pruned' FROM prunings p WHERE p.comment_id = NEW.id),
            (SELECT d.verdict FROM decisions d WHERE d.comment_id = NEW.id),
            'pending')""",
        "a comment's standing follows its decision and its pruning",
    ),
    (
        "notice_only_to_confirmed",
        "deliveries",
        "INSERT",
        """NEW.kind = 'notice' AND NOT EXISTS (
            SELECT 1 FROM subscribers s JOIN openings o ON o.id = s.opening_id
            WHERE s.id = NEW.subscriber_id AND o.id = NEW.opening_id
              AND s.confirmed_at <= o.opened_at AND s.left_at IS NULL)""",
        "a notice goes to who had confirmed before the opening and has not left",
    ),
    (
        "nothing_to_who_left",
        "deliveries",
        "UPDATE",
        """NEW.state = 'sending' AND EXISTS (
            SELECT 1 FROM subscribers s WHERE s.id = NEW.subscriber_id AND s.left_at IS NOT NULL)""",
        "nobody who left gets a mail",
    ),
    (
        "sent_is_sent",
        "deliveries",
        "UPDATE",
        "OLD.state = 'sent' AND NEW.state <> 'sent'",
        "what was sent is not sent again",
    ),
    (
        "sent_notice_is_kept",
        "deliveries",
        "DELETE",
        "OLD.kind = 'notice' AND OLD.state <> 'dropped'",
        "the row of a notice is kept",
    ),
]

TABLES = [
    "prunings",
    "deliveries",
    "decisions",
    "subscribers",
    "related_letters",
    "redirects",
    "letter_topics",
    "comments",
    "openings",
    "letters",
    "topics",
    "settings",
    "rubrics",
    "questions",
    "people",
    "imported",
    "courses",
    "advisers",
]

# What the decision and the pruning write into comments.standing.
FOLLOWERS = [
    ("decision_sets_standing", "decisions", "UPDATE comments SET standing = NEW.verdict WHERE id = NEW.comment_id"),
    ("pruning_sets_standing", "prunings", "UPDATE comments SET standing = 'pruned' WHERE id = NEW.comment_id"),
]


def _guard_sqlite() -> None:
    for name, table, event, refused_when, says in GUARDS:
        says = says.replace("'", "''")
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW WHEN {refused_when} "
            f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
        )
    for name, table, statement in FOLLOWERS:
        op.execute(f"CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW BEGIN {statement}; END")


def _guard_postgresql() -> None:
    for name, table, event, refused_when, says in GUARDS:
        row = "OLD" if event == "DELETE" else "NEW"
        says = says.replace("'", "''")
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {refused_when} THEN "
            f"RAISE EXCEPTION '{says}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
            f"RETURN {row}; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    for name, table, statement in FOLLOWERS:
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statement}; RETURN NULL; END $$"
        )
        op.execute(f"CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    for table, function in (("decisions", "decision_is_kept"), ("prunings", "pruning_is_kept")):
        op.execute(
            f"CREATE TRIGGER {table}_are_not_emptied BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )


def upgrade() -> None:
    _make_tables()
    op.execute(
        "INSERT INTO settings (id, title, tagline, language, target_percent, rules_source, rules_html, mail_from,"
        " pruned_days, declined_days, questions_days, unconfirmed_days)"
        " VALUES (1, 'Dear Friday', '', 'en', 20, '', '', 'column@example.org', 30, 90, 730, 14)"
    )
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _make_tables() -> None:
    op.create_table(
        "advisers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("about_source", sa.String(), nullable=False),
        sa.Column("about_html", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_advisers")),
        sa.UniqueConstraint("slug", name=op.f("uq_advisers_slug")),
    )
    op.create_table(
        "courses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("about_source", sa.String(), nullable=False),
        sa.Column("about_html", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_courses")),
        sa.UniqueConstraint("slug", name=op.f("uq_courses_slug")),
    )
    op.create_table(
        "imported",
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("row_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "key", name=op.f("pk_imported")),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("session_key", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('writer', 'moderator', 'editor')", name=op.f("ck_people_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("email_key", name=op.f("uq_people_email_key")),
        sa.UniqueConstraint("session_key", name=op.f("uq_people_session_key")),
    )
    op.create_table(
        "questions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("text_source", sa.String(), nullable=False),
        sa.Column("text_html", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("set_aside_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("set_aside_by_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_questions_fingerprint")),
    )
    with op.batch_alter_table("questions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_questions_waiting",
            ["received_at", "id"],
            unique=False,
            sqlite_where=sa.text("set_aside_at IS NULL"),
            postgresql_where=sa.text("set_aside_at IS NULL"),
        )

    op.create_table(
        "rubrics",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("time", sa.Time(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_rubrics_weekday")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rubrics")),
        sa.UniqueConstraint("slug", name=op.f("uq_rubrics_slug")),
    )
    op.create_table(
        "settings",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("tagline", sa.String(length=300), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("target_percent", sa.Integer(), nullable=False),
        sa.Column("rules_source", sa.String(), nullable=False),
        sa.Column("rules_html", sa.String(), nullable=False),
        sa.Column("mail_from", sa.String(length=254), nullable=False),
        sa.Column("pruned_days", sa.Integer(), nullable=False),
        sa.Column("declined_days", sa.Integer(), nullable=False),
        sa.Column("questions_days", sa.Integer(), nullable=False),
        sa.Column("unconfirmed_days", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("language IN ('en', 'ru')", name=op.f("ck_settings_language")),
        sa.CheckConstraint("id = 1", name=op.f("ck_settings_one_row")),
        sa.CheckConstraint("target_percent BETWEEN 0 AND 100", name=op.f("ck_settings_target")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settings")),
    )
    op.create_table(
        "topics",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topics")),
        sa.UniqueConstraint("slug", name=op.f("uq_topics_slug")),
    )
    op.create_table(
        "letters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("asker", sa.String(length=120), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("question_source", sa.String(), nullable=False),
        sa.Column("question_html", sa.String(), nullable=False),
        sa.Column("answer_source", sa.String(), nullable=False),
        sa.Column("answer_html", sa.String(), nullable=False),
        sa.Column("postscript_source", sa.String(), nullable=False),
        sa.Column("postscript_html", sa.String(), nullable=False),
        sa.Column("course_note_source", sa.String(), nullable=False),
        sa.Column("course_note_html", sa.String(), nullable=False),
        sa.Column("adviser_id", sa.Integer(), nullable=True),
        sa.Column("rubric_id", sa.Integer(), nullable=True),
        sa.Column("course_id", sa.Integer(), nullable=True),
        sa.Column("question_id", sa.Integer(), nullable=True),
        sa.Column("written_by_id", sa.Integer(), nullable=True),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("slot_at", sa.DateTime(), nullable=True),
        sa.Column("slot_zone", sa.String(length=64), nullable=True),
        sa.Column("publish_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("takes_comments", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(publish_at IS NULL) = (slot_at IS NULL)", name=op.f("ck_letters_slot_and_moment")),
        sa.CheckConstraint(
            "NOT ready OR (publish_at IS NOT NULL AND name IS NOT NULL)", name=op.f("ck_letters_ready_has_its_slot")
        ),
        sa.ForeignKeyConstraint(["adviser_id"], ["advisers.id"], name=op.f("fk_letters_adviser_id_advisers")),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_letters_course_id_courses")),
        sa.ForeignKeyConstraint(["question_id"], ["questions.id"], name=op.f("fk_letters_question_id_questions")),
        sa.ForeignKeyConstraint(["rubric_id"], ["rubrics.id"], name=op.f("fk_letters_rubric_id_rubrics")),
        sa.ForeignKeyConstraint(["written_by_id"], ["people.id"], name=op.f("fk_letters_written_by_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letters")),
        sa.UniqueConstraint("name", name=op.f("uq_letters_name")),
        sa.UniqueConstraint("question_id", name=op.f("uq_letters_question_id")),
        sa.UniqueConstraint("rubric_id", "publish_at", name=op.f("uq_letters_rubric_id_publish_at")),
    )
    with op.batch_alter_table("letters", schema=None) as batch_op:
        batch_op.create_index("ix_letters_live", ["publish_at", "id"], unique=False)

    op.create_table(
        "openings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("text_source", sa.String(), nullable=False),
        sa.Column("text_html", sa.String(), nullable=False),
        sa.Column("link", sa.String(length=500), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_openings_by_id_people")),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_openings_course_id_courses")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_openings")),
    )
    with op.batch_alter_table("openings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_openings_course_id"), ["course_id"], unique=False)
        batch_op.create_index(
            "uq_openings_one_open",
            ["course_id"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "comments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("text_source", sa.String(), nullable=False),
        sa.Column("text_html", sa.String(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("standing", sa.String(length=12), server_default="pending", nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "standing IN ('pending', 'published', 'declined', 'pruned')", name=op.f("ck_comments_standing")
        ),
        sa.ForeignKeyConstraint(["letter_id"], ["letters.id"], name=op.f("fk_comments_letter_id_letters")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
        sa.UniqueConstraint("letter_id", "fingerprint", name=op.f("uq_comments_letter_id_fingerprint")),
        sa.UniqueConstraint("public_id", name=op.f("uq_comments_public_id")),
    )
    with op.batch_alter_table("comments", schema=None) as batch_op:
        batch_op.create_index(
            "ix_comments_queue",
            ["submitted_at", "id"],
            unique=False,
            sqlite_where=sa.text("standing = 'pending'"),
            postgresql_where=sa.text("standing = 'pending'"),
        )
        batch_op.create_index("ix_comments_thread", ["letter_id", "standing", "submitted_at", "id"], unique=False)

    op.create_table(
        "letter_topics",
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letters.id"], name=op.f("fk_letter_topics_letter_id_letters"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topics.id"], name=op.f("fk_letter_topics_topic_id_topics"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("letter_id", "topic_id", name=op.f("pk_letter_topics")),
    )
    with op.batch_alter_table("letter_topics", schema=None) as batch_op:
        batch_op.create_index("ix_letter_topics_topic_id", ["topic_id"], unique=False)

    op.create_table(
        "redirects",
        sa.Column("path", sa.String(length=500), nullable=False),
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letters.id"], name=op.f("fk_redirects_letter_id_letters"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_redirects")),
    )
    with op.batch_alter_table("redirects", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_redirects_letter_id"), ["letter_id"], unique=False)

    op.create_table(
        "related_letters",
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.Column("related_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letters.id"], name=op.f("fk_related_letters_letter_id_letters"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["related_id"], ["letters.id"], name=op.f("fk_related_letters_related_id_letters"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("letter_id", "related_id", name=op.f("pk_related_letters")),
    )
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
        sa.Column("opening_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "opening_id IS NULL OR confirmed_at IS NOT NULL", name=op.f("ck_subscribers_only_confirmed_are_told")
        ),
        sa.ForeignKeyConstraint(["course_id"], ["courses.id"], name=op.f("fk_subscribers_course_id_courses")),
        sa.ForeignKeyConstraint(["opening_id"], ["openings.id"], name=op.f("fk_subscribers_opening_id_openings")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscribers")),
        sa.UniqueConstraint("confirm_token", name=op.f("uq_subscribers_confirm_token")),
        sa.UniqueConstraint("leave_token", name=op.f("uq_subscribers_leave_token")),
    )
    with op.batch_alter_table("subscribers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subscribers_email_key"), ["email_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_subscribers_opening_id"), ["opening_id"], unique=False)
        batch_op.create_index(
            "uq_subscribers_waiting",
            ["course_id", "email_key"],
            unique=True,
            sqlite_where=sa.text("opening_id IS NULL"),
            postgresql_where=sa.text("opening_id IS NULL"),
        )

    op.create_table(
        "decisions",
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=12), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen", sa.String(length=64), nullable=False),
        sa.CheckConstraint("verdict IN ('published', 'declined')", name=op.f("ck_decisions_verdict")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_decisions_by_id_people")),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_decisions_comment_id_comments")),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_decisions")),
        sa.UniqueConstraint("comment_id", "verdict", name=op.f("uq_decisions_comment_id_verdict")),
    )
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.create_index("ix_decisions_decided_at", ["decided_at", "verdict"], unique=False)

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
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index(
            "ix_deliveries_due",
            ["kind", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'waiting'"),
            postgresql_where=sa.text("state = 'waiting'"),
        )
        batch_op.create_index("ix_deliveries_opening", ["opening_id", "state"], unique=False)
        batch_op.create_index("ix_deliveries_subscriber", ["subscriber_id"], unique=False)
        batch_op.create_index(
            "uq_deliveries_one_notice",
            ["subscriber_id"],
            unique=True,
            sqlite_where=sa.text("kind = 'notice'"),
            postgresql_where=sa.text("kind = 'notice'"),
        )

    op.create_table(
        "prunings",
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=12), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("pruned_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("verdict = 'published'", name=op.f("ck_prunings_only_published")),
        sa.ForeignKeyConstraint(["by_id"], ["people.id"], name=op.f("fk_prunings_by_id_people")),
        sa.ForeignKeyConstraint(
            ["comment_id", "verdict"],
            ["decisions.comment_id", "decisions.verdict"],
            name=op.f("fk_prunings_comment_id_verdict_decisions"),
        ),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_prunings_comment_id_comments")),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_prunings")),
    )
    with op.batch_alter_table("prunings", schema=None) as batch_op:
        batch_op.create_index("ix_prunings_pruned_at", ["pruned_at"], unique=False)


def downgrade() -> None:
    """Drop everything; triggers go with their tables."""
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for name in [guard[0] for guard in GUARDS] + [follower[0] for follower in FOLLOWERS]:
            op.execute(f"DROP FUNCTION {name}")
