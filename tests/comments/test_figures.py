"""The mirror: the share published, how sure it is, how long comments wait; and that the kept sums are true."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.column.settings import settings as column_settings
from app.comments import figures, moderation, pruning, retention
from app.comments.figures import DAYS, Share, share
from app.comments.models import Comment, DecidedDay, DecidedLetter, Decision, Verdict, WaitedDay

from ..cast import Cast
from ..conftest import NOON

TICK = timedelta(microseconds=1)
MIDNIGHT = NOON.replace(hour=0)


def decided(cast: Cast, *, at: datetime = NOON, waited: timedelta = timedelta(hours=1), by: Any = None,
            verdict: Verdict = "published", letter: Any = None) -> Comment:  # fmt: skip
    """One decision at a moment."""
    comment = cast.comment(letter or cast.letter(), days_ago=(NOON - at + waited) / timedelta(days=1))
    moderation.decide(cast.session, comment, verdict, by=by or cast.mo, now=at)
    cast.session.commit()
    return comment


def test_the_share_is_of_the_decided_comments(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    cast.published(letter)
    for _ in range(4):
        cast.declined(letter)
    cast.comment(letter)
    found = share(session, NOON)
    assert (found.published, found.declined, found.decided, found.percent) == (1, 4, 5, 20.0)


def test_with_nothing_decided_there_is_no_share(cast: Cast, session: Session) -> None:
    cast.comment(cast.letter())
    assert share(session, NOON) == Share(0, 0)
    assert Share(0, 0).percent is None
    assert figures.waits(session, NOON) is None
    assert figures.by_month(session, NOON) == figures.by_editor(session, NOON) == figures.by_letter(session) == []


def test_the_window_is_today_and_the_89_days_before(cast: Cast, session: Session) -> None:
    first = MIDNIGHT - timedelta(days=DAYS - 1)
    for moment in (first - TICK, first, NOON, MIDNIGHT + timedelta(days=1) - TICK, MIDNIGHT + timedelta(days=1)):
        decided(cast, at=moment)
    assert share(session, NOON).decided == 3


def test_what_another_site_decided_is_not_the_desks(cast: Cast, session: Session) -> None:
    moderation.decide(session, cast.comment(cast.letter()), "published", by=None, now=NOON)
    assert share(session, NOON).decided == 0
    assert figures.by_letter(session) == []


def test_pruning_changes_no_figure(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    cast.pruned(letter), cast.declined(letter)
    assert share(session, NOON).percent == 50.0


@pytest.mark.parametrize(
    ("published", "of", "least", "most"),
    # Newcombe 1998, Statistics in Medicine 17, 857–872, table I, method 3.
    [(81, 263, 25.53, 36.62), (15, 148, 6.24, 16.05), (0, 20, 0.0, 16.11), (1, 29, 0.61, 17.18), (29, 29, 88.30, 100)],
)
def test_the_interval_is_wilsons(published: int, of: int, least: float, most: float) -> None:
    assert Share(published, of - published).between == pytest.approx((least, most), abs=0.01)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_interval_holds_the_share_and_narrows(published: int, declined: int) -> None:
    one = Share(published, declined)
    least, most = one.between
    assert 0 <= least <= (one.percent or 0) <= most + 1e-9 <= 100 + 1e-9
    if one.decided:
        closer = Share(published * 4, declined * 4).between
        assert closer[1] - closer[0] < most - least


@pytest.mark.parametrize(("published", "declined", "side"), [(1, 4, 0), (40, 60, 1), (2, 98, -1), (0, 3, 0), (0, 0, 0)])
def test_a_share_is_off_the_target_only_when_chance_does_not_explain_it(
    published: int, declined: int, side: int
) -> None:
    assert Share(published, declined).against(20) == side


def test_editors_have_their_own_share(cast: Cast, session: Session) -> None:
    decided(cast, by=cast.ada), decided(cast, by=cast.mo, verdict="declined")
    decided(cast, by=cast.wanda, at=NOON - timedelta(days=DAYS + 1))
    found = [(person.name, one) for person, one in figures.by_editor(session, NOON)]
    assert found == [("Ada", Share(1, 0)), ("Mo", Share(0, 1))]


def test_months_begin_with_the_first_decision_and_leave_none_out(cast: Cast, session: Session) -> None:
    decided(cast, at=NOON.replace(month=9, day=30, hour=23)), decided(cast, verdict="declined")
    assert figures.by_month(session, NOON) == [
        (date(2026, 9, 1), Share(1, 0)),
        (date(2026, 10, 1), Share(0, 0)),
        (date(2026, 11, 1), Share(0, 1)),
    ]


def test_months_go_back_two_years_and_no_further(cast: Cast, session: Session) -> None:
    for at in (datetime(2024, 11, 30, 23, 59, tzinfo=NOON.tzinfo), datetime(2024, 12, 1, tzinfo=NOON.tzinfo)):
        decided(cast, at=at)
    months = figures.by_month(session, NOON)
    assert (len(months), months[0]) == (figures.MONTHS, (date(2024, 12, 1), Share(1, 0)))


def test_letters_come_in_the_order_of_their_last_decision(cast: Cast, session: Session) -> None:
    old, new = cast.letter("Old"), cast.letter("New")
    decided(cast, letter=old, at=NOON - timedelta(days=300)), decided(cast, letter=new, at=NOON - timedelta(days=2))
    decided(cast, letter=old, at=NOON - timedelta(days=1), verdict="declined")
    cast.comment(cast.letter("Nothing decided"))
    assert [(letter.title, one) for letter, one in figures.by_letter(session)] == [
        ("Old", Share(1, 1)),
        ("New", Share(1, 0)),
    ]


def test_half_and_nine_in_ten_did_not_wait_longer(cast: Cast, session: Session) -> None:
    for minutes in (1, 2, 3, 4, 5, 6, 7, 8, 90, 12_345):
        decided(cast, waited=timedelta(minutes=minutes))
    found = figures.waits(session, NOON)
    assert found == figures.Waits(timedelta(minutes=5), timedelta(minutes=90))


def test_a_long_wait_is_kept_to_its_first_two_digits(cast: Cast, session: Session) -> None:
    decided(cast, waited=timedelta(minutes=12_999, seconds=59))
    assert session.scalars(sa.select(WaitedDay.minutes)).all() == [12_000]


def test_the_oldest_pending_comment_is_told(cast: Cast, session: Session) -> None:
    assert figures.oldest_pending(session) is None
    letter = cast.letter()
    cast.comment(letter, days_ago=2), cast.comment(letter, days_ago=3), cast.declined(letter, days_ago=9)
    assert figures.oldest_pending(session) == NOON - timedelta(days=3)


verdicts = st.sampled_from(["published", "declined"])
moments = st.integers(-200 * 24 * 60, 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes, microseconds=1))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("submit"), st.integers(0, 2), moments),
        st.tuples(st.just("decide"), st.integers(0, 9), st.integers(0, 3), moments, verdicts),
        st.tuples(st.just("decide by hand"), st.integers(0, 9), st.integers(0, 2), moments),
        st.tuples(st.just("prune"), st.integers(0, 9), moments),
        st.tuples(st.just("erase"), st.just(0)),
        st.tuples(st.just("delete"), st.integers(0, 9)),
    ),
    max_size=40,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_the_sums_are_what_a_recount_finds_after_any_history(steps: list[Any], cast: Cast, session: Session) -> None:
    people = [cast.ada, cast.mo, cast.wanda, None]
    letters = list(session.scalars(sa.select(DecidedLetter.letter_id))) or [cast.letter().id for _ in range(3)]
    comments: list[int] = []
    try:
        for number, (step, *more) in enumerate(steps):
            take(session, step, more, number, people, letters, comments)
        assert kept(session) == recounted(session)
    finally:
        session.rollback()


def take(session: Session, step: str, more: list[Any], number: int, people: list[Any], letters: list[int],
         comments: list[int]) -> None:  # fmt: skip
    """One step of a history, as rules or hands at the database take it."""
    if step == "submit":
        comment = Comment(
            letter_id=letters[more[0] % len(letters)], submitted_at=more[1], name="B", text_source="t",
            text_html="<p>t</p>", public_id=f"c{number}", fingerprint=str(number),
        )  # fmt: skip
        session.add(comment)
        session.flush()
        comments.append(comment.id)
        return
    if step == "erase":
        retention.erase_expired(session, pruned_days=0, declined_days=0, now=NOON)
        return
    comment = session.get(Comment, comments[more[0] % len(comments)]) if comments else None
    if comment is None:
        return
    try:
        with session.begin_nested():
            if step == "decide":
                moderation.decide(session, comment, more[3], by=people[more[1]], now=more[2])
            elif step == "decide by hand":
                by_hand(session, comment.id, people[more[1]].id, more[2])
            elif step == "prune":
                pruning.prune(session, comment, by=people[0], now=more[1])
            else:
                session.execute(sa.delete(Comment).where(Comment.id == comment.id))
                session.expunge(comment)
                comments.remove(comment.id)
    except (moderation.AlreadyDecided, pruning.NotPublished, pruning.AlreadyPruned, IntegrityError):
        pass


def by_hand(session: Session, comment_id: int, by_id: int, at: datetime) -> None:
    """A decision past all rules, with the conflict clause that could spoil a sum."""
    sqlite = session.get_bind().dialect.name == "sqlite"
    insert, end = ("INSERT OR REPLACE", "") if sqlite else ("INSERT", "ON CONFLICT DO NOTHING")
    values = {"comment": comment_id, "by": by_id, "at": at.replace(tzinfo=None) if sqlite else at}
    session.execute(
        sa.text(
            f"{insert} INTO decisions (comment_id, verdict, by_id, decided_at, seen)"
            f" VALUES (:comment, 'published', :by, :at, '') {end}"
        ).bindparams(sa.bindparam("at", type_=sa.DateTime(timezone=not sqlite))),
        values,
    )


def kept(session: Session) -> tuple[Any, ...]:
    session.expire_all()
    days, letters, waits = (session.scalars(sa.select(table)).all() for table in (DecidedDay, DecidedLetter, WaitedDay))
    return (
        {(row.day, row.by_id): (row.published, row.declined) for row in days},
        {row.letter_id: (row.published, row.declined, row.last_at) for row in letters if row.published + row.declined},
        {(row.day, row.by_id, row.minutes): row.number for row in waits},
    )


def recounted(session: Session) -> tuple[Any, ...]:
    """The same sums, counted in Python from the decisions."""
    days: Counter[Any] = Counter()
    letters: Counter[Any] = Counter()
    last: dict[int, datetime] = {}
    waits: Counter[Any] = Counter()
    rows = session.execute(
        sa.select(Decision.by_id, Decision.verdict, Decision.decided_at, Comment.letter_id, Comment.submitted_at)
        .join(Comment)
        .where(Decision.by_id.is_not(None))
    )
    for by_id, verdict, at, letter_id, submitted_at in rows:
        days[at.date(), by_id, verdict] += 1
        letters[letter_id, verdict] += 1
        last[letter_id] = max(at, last.get(letter_id, at))
        minutes = str(max(0, int(at.timestamp() // 1) - int(submitted_at.timestamp() // 1)) // 60)
        waits[at.date(), by_id, int(minutes[:2] + "0" * len(minutes[2:]))] += 1
    return (
        {(d, by): (days[d, by, "published"], days[d, by, "declined"]) for d, by, _ in days},
        {one: (letters[one, "published"], letters[one, "declined"], last[one]) for one in last},
        dict(waits),
    )


@pytest.mark.parametrize(("language", "says"), [("en", "the target lies within"), ("ru", "цель в этих пределах")])
def test_the_meter_stands_on_the_queue_and_on_the_figures(
    language: str, says: str, client: FlaskClient, cast: Cast, at: object
) -> None:
    column_settings(cast.session).language = language
    letter = cast.letter()
    cast.published(letter), cast.declined(letter), cast.comment(letter)
    cast.signed_in(client, cast.mo)
    for address in ("/desk/queue", "/desk/figures"):
        page = client.get(address).text
        assert says in page
        assert '<svg class="plot"' in page


def test_the_page_of_figures_shows_every_number_in_a_table(client: FlaskClient, cast: Cast, at: object) -> None:
    letter = cast.letter("Letter & <one>")
    cast.published(letter)
    for _ in range(4):
        cast.declined(letter)
    cast.signed_in(client, cast.mo)
    page = client.get("/desk/figures").text
    for heading, name in (("Month", "November 2026"), ("Editor", "Mo"), ("Letter", "Letter &amp; &lt;one&gt;")):
        table = page[page.index(f'<th scope="col">{heading}</th>') :]
        row = table[table.index(f'<th scope="row">{name}</th>') :].split("</tr>")[0]
        assert all(f"<td>{number}</td>" in row for number in ("5", "1", "20%", "4% – 62%")), row
