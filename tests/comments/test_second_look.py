"""A second editor looks without knowing, and what is said changes nothing."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.column.settings import settings
from app.comments import moderation, retention, second_look
from app.comments.models import SecondLook
from app.comments.second_look import Agreement, LookedAtBefore, NotForYou, agreement, next_one, record

from ..cast import Cast
from ..conftest import NOON
from ..house_on_a_port import token


def test_what_another_editor_decided_is_shown_until_it_has_its_second_look(cast: Cast, session: Session) -> None:
    comment = cast.declined(cast.letter())
    assert next_one(session, by=cast.mo, declined_days=90, now=NOON) is None
    assert next_one(session, by=cast.ada, declined_days=90, now=NOON) == comment
    record(session, comment, "published", by=cast.ada, now=NOON)
    assert next_one(session, by=cast.ada, declined_days=90, now=NOON) is None
    assert moderation.decision_on(session, comment).verdict == "declined"
    session.refresh(comment)
    assert comment.standing == "declined"


def test_nothing_pending_imported_or_erased_is_shown(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    cast.comment(letter)
    moderation.decide(session, cast.comment(letter), "published", by=None, now=NOON)
    cast.declined(letter)
    retention.erase_expired(session, pruned_days=0, declined_days=0, now=NOON)
    assert next_one(session, by=cast.ada, declined_days=90, now=NOON) is None


@pytest.mark.parametrize(("days", "kept", "shown"), [(29, 90, True), (30, 90, False), (9, 10, True), (10, 10, False)])
def test_published_ones_are_shown_no_longer_than_declined_ones_have_a_text(
    days: int, kept: int, shown: bool, cast: Cast, session: Session
) -> None:
    cast.published(cast.letter(), days_ago=days)
    found = next_one(session, by=cast.ada, declined_days=kept, now=NOON)
    assert (found is not None) == shown


def test_chance_chooses_and_not_the_order_of_the_queue(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    all_of_them = [cast.declined(letter) for _ in range(12)]
    shown = []
    while (comment := next_one(session, by=cast.ada, declined_days=90, now=NOON)) is not None:
        shown.append(comment)
        record(session, comment, "declined", by=cast.ada, now=NOON)
    assert shown == sorted(all_of_them, key=lambda one: one.public_id)


def test_nobody_looks_twice_at_their_own_or_at_what_nobody_decided(cast: Cast, session: Session) -> None:
    mine, pending = cast.declined(cast.letter()), cast.comment(cast.letter())
    for comment, by in ((mine, cast.mo), (pending, cast.ada)):
        with pytest.raises(NotForYou):
            record(session, comment, "published", by=by, now=NOON)


def test_a_second_opinion_is_given_once(cast: Cast, session: Session) -> None:
    comment = cast.declined(cast.letter())
    record(session, comment, "declined", by=cast.ada, now=NOON)
    with pytest.raises(LookedAtBefore):
        record(session, comment, "published", by=cast.wanda, now=NOON)
    assert session.scalars(sa.select(SecondLook.second)).all() == ["declined"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE second_looks SET second = 'published'",
        "DELETE FROM second_looks",
        "INSERT INTO second_looks SELECT comment_id, verdict, by_id, 'published', by_id, decided_at FROM decisions"
        " WHERE comment_id NOT IN (SELECT comment_id FROM second_looks)",
        "INSERT INTO second_looks SELECT comment_id, 'published', by_id, 'published', {ada}, decided_at FROM decisions"
        " WHERE comment_id NOT IN (SELECT comment_id FROM second_looks)",
    ],
)
def test_the_database_lets_no_opinion_change_or_be_ones_own(statement: str, cast: Cast, session: Session) -> None:
    record(session, cast.declined(cast.letter()), "declined", by=cast.ada, now=NOON)
    cast.declined(cast.letter())
    session.commit()
    statement = statement.format(ada=cast.ada.id)
    with pytest.raises(DBAPIError):
        session.execute(sa.text(statement))


def looks(same_published: int, published: int, declined: int, same_declined: int) -> Agreement:
    """Numbers of looks: both published, only the first, only the second, neither."""
    pairs = [("published", "published"), ("published", "declined"), ("declined", "published"), ("declined", "declined")]
    return Agreement(dict(zip(pairs, (same_published, published, declined, same_declined), strict=True)))


def test_kappa_is_cohens() -> None:
    # The two readers of 50 grant proposals of the textbooks: observed 0.7, by chance 0.5.
    found = looks(20, 5, 10, 15)
    assert found.kappa == pytest.approx(0.4)
    assert found.between == pytest.approx((0.146, 0.654), abs=0.001)
    assert found.meaning == "fair"


@pytest.mark.parametrize(
    ("numbers", "meaning"),
    [
        ((1, 0, 0, 18), "too few"), ((0, 0, 0, 30), "all the same"), ((5, 5, 5, 5), "none"), ((0, 10, 10, 0), "none"),
        ((6, 4, 4, 6), "slight"), ((8, 3, 3, 8), "moderate"), ((9, 2, 2, 9), "substantial"),
        ((10, 0, 0, 10), "almost perfect"),
    ],
)  # fmt: skip
def test_kappa_is_said_in_words(numbers: tuple[int, int, int, int], meaning: str) -> None:
    assert looks(*numbers).meaning == meaning


def test_the_looks_of_a_year_are_counted(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    for days, opinion in ((366, "published"), (364, "published"), (0, "declined")):
        record(session, cast.declined(letter), opinion, by=cast.ada, now=NOON - timedelta(days=days))
    assert agreement(session, NOON).numbers == {("declined", "published"): 1, ("declined", "declined"): 1}
    assert [(one.first_by, one.second, one.second_by) for one in second_look.differences(session)] == [
        ("Mo", "published", "Ada")
    ] * 2


def test_the_page_is_blind_and_the_opinion_is_kept(client: FlaskClient, cast: Cast, at: Any) -> None:
    comment = cast.declined(cast.letter(), "A thought.", name="Boris Godunov", email="boris@example.org")
    cast.signed_in(client, cast.ada)
    page = client.get("/desk/second-look").text
    main = page[page.index("<main") :]
    assert "A thought." in main
    for secret in ("Boris", "boris@", "Mo", "Declined", comment.public_id):
        assert secret not in re.sub(r"<form.*?</form>", "", main, flags=re.DOTALL), secret
    address = f"/desk/comments/{comment.id}/second-look"
    assert client.post(address, data={"opinion": "perhaps", "csrf_token": token(page)}).status_code == 400
    answer = client.post(address, data={"opinion": "published", "csrf_token": token(page)}, follow_redirects=True)
    assert "Kept. It changes nothing." in answer.text
    assert "has had no second look" in answer.text
    again = client.post(address, data={"opinion": "declined", "csrf_token": token(page)}, follow_redirects=True)
    assert "Somebody else gave a second opinion" in again.text
    figures = client.get("/desk/figures").text
    assert "From 20 second looks on" in figures
    assert "would publish it" in figures


def test_the_figures_say_how_alike_the_editors_decide(client: FlaskClient, cast: Cast, at: Any) -> None:
    letter = cast.letter()
    for first, second in [("published", "published")] * 10 + [("declined", "declined")] * 10:
        comment = cast.published(letter) if first == "published" else cast.declined(letter)
        record(cast.session, comment, second, by=cast.ada, now=NOON)
    settings(cast.session).language = "en"
    cast.session.commit()
    cast.signed_in(client, cast.mo)
    assert "Almost perfect agreement" in client.get("/desk/figures").text
