import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.comments import moderation, retention, thread, weighing
from app.comments.models import Comment, Pruning
from app.comments.pruning import (
    AlreadyPruned,
    Candidate,
    NotPublished,
    PageChanged,
    candidates,
    prune,
    prune_together,
    seen_of,
    sides,
)

from ..cast import Cast
from ..conftest import NOON
from ..house_on_a_port import token


def test_a_pruned_comment_keeps_who_and_when(cast: Cast, session: Session) -> None:
    comment = cast.published(cast.letter())
    pruned = prune(session, comment, by=cast.mo, now=NOON)
    assert comment.standing == "pruned"
    assert (pruned.by_id, pruned.pruned_at) == (cast.mo.id, NOON)


@pytest.mark.parametrize("other", ["comment", "declined"])
def test_only_a_published_comment_is_pruned(cast: Cast, session: Session, other: str) -> None:
    comment = getattr(cast, other)(cast.letter())
    before = comment.standing
    with pytest.raises(NotPublished):
        prune(session, comment, by=cast.mo, now=NOON)
    assert comment.standing == before


def test_a_second_pruning_is_refused_and_the_first_stands(cast: Cast, session: Session) -> None:
    comment = cast.pruned(cast.letter())
    with pytest.raises(AlreadyPruned):
        prune(session, comment, by=cast.ada, now=NOON)
    session.commit()
    assert session.scalars(sa.select(Pruning.by_id)).all() == [cast.mo.id]


def test_of_two_sessions_that_both_loaded_the_comment_one_prunes(cast: Cast, session: Session) -> None:
    comment, ada = cast.published(cast.letter()), cast.ada
    with Session(session.get_bind(), expire_on_commit=False) as other:
        theirs = other.get_one(Comment, comment.id)
        other.commit()  # their read is over; what they loaded is what they act on
        prune(session, comment, by=cast.mo, now=NOON)
        session.commit()
        with pytest.raises(AlreadyPruned):
            prune(other, theirs, by=ada, now=NOON)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE prunings SET by_id = (SELECT max(id) FROM people)",
        "DELETE FROM prunings",
        "UPDATE comments SET standing = 'published'",
        "INSERT INTO prunings (comment_id, verdict, by_id, pruned_at) "
        "SELECT comment_id, verdict, by_id, pruned_at FROM prunings",
    ],
)
def test_the_database_refuses_to_take_a_pruning_back(cast: Cast, session: Session, attack: str) -> None:
    cast.pruned(cast.letter())
    with pytest.raises(IntegrityError):
        session.execute(sa.text(attack))
    session.rollback()
    assert session.scalars(sa.select(Comment.standing)).all() == ["pruned"]


@pytest.mark.parametrize("verdict", ["published", "declined"])
def test_the_database_refuses_to_prune_a_declined_comment(cast: Cast, session: Session, verdict: str) -> None:
    comment = cast.declined(cast.letter())
    statement = sa.text("INSERT INTO prunings (comment_id, verdict, by_id, pruned_at) VALUES (:c, :v, :b, :p)")
    with pytest.raises(IntegrityError):
        session.execute(statement, {"c": comment.id, "v": verdict, "b": cast.mo.id, "p": "2026-11-23 12:00:00+00:00"})


# The list


def found(cast: Cast, now: datetime = NOON, days: int = 0, **more: object) -> list[Candidate]:
    for letter_id in weighing.due(cast.session, limit=99):
        weighing.weigh(cast.session, letter_id, now=now)
    cast.session.commit()
    values: dict[str, Any] = {"limit": 99, "older_than": timedelta(days=days), **more}
    return candidates(cast.session, now, **values)


def test_the_list_is_of_what_readers_see(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    kept = cast.published(letter)
    cast.comment(letter), cast.declined(letter), cast.pruned(letter)
    cast.published(letter, email="boris@example.org")
    retention.erase_by(session, "boris@example.org", now=NOON)
    assert [one.comment for one in found(cast)] == [kept]
    prune(session, kept, by=cast.mo, now=NOON)
    assert candidates(session, NOON, older_than=timedelta(0), limit=9) == []  # at once, weighed or not


def test_what_the_discussion_would_miss_least_comes_first(cast: Cast) -> None:
    few, many = cast.letter(), cast.letter()
    long = cast.published(few, "Once a keeper of a lighthouse paid me 40 herrings, which no court would have taken.")
    short = cast.published(many, "Well said.")
    assert [one.comment for one in found(cast)] == [short, long]
    assert [one.comment for one in found(cast, letter_id=few.id)] == [long]
    assert [one.comment for one in found(cast, limit=1, offset=1)] == [long]


@pytest.mark.parametrize(("days", "there"), [(9, 0), (8, 1)])
def test_only_what_was_published_long_ago_is_in_the_list(cast: Cast, session: Session, days: int, there: int) -> None:
    comment = cast.comment(cast.letter(), days_ago=30)
    moderation.decide(session, comment, "published", by=cast.mo, now=NOON - timedelta(days=8))
    assert len(found(cast, days=days)) == there


def test_a_row_says_who_says_the_same_and_what_would_dangle(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    first = cast.published(letter, "A lighthouse keeper paid me with forty smoked herrings.", name="Nina", days_ago=9)
    other = cast.published(letter, "Herrings, smoked: so a keeper paid in his lighthouse.", name="Zoe", days_ago=8)
    quoting = cast.published(letter, "> forty smoked herrings\n\nThirty, I heard.", name="Sam", days_ago=7)
    rows = {one.comment.id: one for one in found(cast)}
    assert rows[other.id].nearest == first
    assert rows[first.id].leaning == ((quoting, "quotes"),)
    assert rows[other.id].leaning == ()
    prune(session, first, by=cast.mo, now=NOON)
    session.commit()
    # Before it is weighed again a row says nothing of what is gone.
    rows = {one.comment.id: one for one in candidates(session, NOON, older_than=timedelta(0), limit=9)}
    assert rows[other.id].nearest is None


# Both sides


def test_both_sides_are_the_page_as_it_is_and_as_it_would_be(cast: Cast, session: Session) -> None:
    letter, quiet = cast.letter(), cast.letter()
    first = cast.published(letter, "A lighthouse keeper paid me with forty smoked herrings.", name="Nina", days_ago=9)
    twin = cast.published(letter, "Forty smoked herrings a lighthouse keeper paid.", name="Zoe", days_ago=8)
    quoting = cast.published(letter, "> paid me with forty smoked\n\nThirty, I heard.", name="Sam", days_ago=7)
    alone = cast.published(quiet)
    cast.declined(letter), cast.comment(letter)
    found(cast)
    here, there = sides(session, [first.id, twin.id, alone.id])
    assert (here.before, here.after) == ([first, twin, quoting], [quoting])
    assert here.dangling == {quoting.id: [(first, "quotes")]}
    assert here.repeated == {first.id: twin, twin.id: first}
    assert (there.before, there.after, there.dangling) == ([alone], [], {})


def test_many_are_pruned_together_and_what_others_quoted_stays(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    one, other = cast.published(letter, "Forty smoked herrings."), cast.published(letter, "Well said.")
    quoting = cast.published(letter, "> Forty smoked herrings.\n\nThirty.")
    seen = seen_of(sides(session, [one.id, other.id]))
    assert prune_together(session, [other.id, one.id], by=cast.mo, now=NOON, seen=seen) == [one, other]
    session.commit()
    assert [remark.public_id for remark in thread.under(session, letter)] == [quoting.public_id]
    assert "<blockquote><p>Forty smoked herrings.</p></blockquote>" in quoting.text_html
    assert {row.by_id for row in session.scalars(sa.select(Pruning))} == {cast.mo.id}
    assert weighing.due(session, limit=9) == []


@pytest.mark.parametrize("change", ["published", "pruned"])
def test_a_page_that_changed_since_it_was_shown_is_shown_again(cast: Cast, session: Session, change: str) -> None:
    letter = cast.letter()
    one, other = cast.published(letter), cast.published(letter)
    seen = seen_of(sides(session, [one.id]))
    if change == "published":
        cast.published(letter)
    else:
        prune(session, other, by=cast.ada, now=NOON)
    with pytest.raises(PageChanged):
        prune_together(session, [one.id], by=cast.mo, now=NOON, seen=seen)
    assert one.standing == "published"


# At the desk


@pytest.fixture
def desk(client: FlaskClient, cast: Cast, at: object) -> FlaskClient:
    return cast.signed_in(client, cast.mo)


def test_what_is_pruned_leaves_page_counts_feed_and_search_at_once(desk: FlaskClient, cast: Cast) -> None:
    old, new = cast.letter(days_ago=60), cast.letter()
    comments = [cast.published(old, f"A lighthouse of herring, {word}.") for word in ("smoked", "raw")]
    address = f"/letters/{old.name}/"
    pages = (address, f"/letters/{old.name}/comments.xml", "/search/?q=herring", f"/letters/{new.name}/")
    before = [desk.get(page).text for page in pages]
    assert all("herring" in page for page in before[:3])
    assert "Recently surfaced" in before[3]
    listed = desk.get("/desk/pruning?age=any")
    assert "weighed" in listed.text
    shown = desk.get("/desk/pruning/sides", query_string={"comment": [one.id for one in comments]}).text
    assert "Now: 2 comments" in shown
    assert "Afterwards: 0 comments" in shown
    data = {"comment": [one.id for one in comments], "seen": seen_in(shown), "csrf_token": token(shown)}
    answer = desk.post("/desk/pruning", data=data)
    assert answer.status_code == 303
    assert "2 comments have left the site" in desk.get(answer.location).text
    after = [desk.get(page).text for page in pages]
    assert not any(f"herring, {word}" in page for page in after for word in ("smoked", "raw"))
    assert "A lighthouse" not in after[2]
    assert "Recently surfaced" not in after[3]


def test_a_page_that_changed_comes_back_with_both_sides(desk: FlaskClient, cast: Cast) -> None:
    letter = cast.letter()
    one = cast.published(letter, "The first thought.")
    shown = desk.get(f"/desk/pruning/sides?comment={one.id}").text
    cast.published(letter, "The second thought.")
    data = {"comment": one.id, "seen": seen_in(shown), "csrf_token": token(shown)}
    answer = desk.post("/desk/pruning", data=data)
    assert answer.status_code == 409
    assert "The page has changed since you looked." in answer.text
    assert "The second thought." in answer.text
    assert desk.post("/desk/pruning", data={**data, "seen": seen_in(answer.text)}).status_code == 303


@pytest.mark.parametrize("marked", ["", "x", "999", "-1", "99999999999999999999", "١"])
def test_without_a_published_comment_there_are_no_sides(desk: FlaskClient, cast: Cast, marked: str) -> None:
    answer = desk.get("/desk/pruning/sides", query_string={"comment": marked, "letter": cast.letter().id})
    assert answer.status_code == 303
    assert 'role="alert"' in desk.get(answer.location).text


def test_addresses_that_ask_for_too_much_are_refused(desk: FlaskClient, cast: Cast) -> None:
    many = {"comment": [str(n) for n in range(101)]}
    assert desk.get("/desk/pruning/sides", query_string=many).status_code == 422
    for query in ("page=0", "page=41", "letter=999"):
        assert desk.get(f"/desk/pruning?{query}").status_code == 404


def test_a_row_gives_its_reasons_in_words(desk: FlaskClient, cast: Cast) -> None:
    letter = cast.letter(answer="Vera! A keeper of a lighthouse paid with herrings, smoked.")
    cast.published(letter, "Herrings, smoked: a lighthouse keeper paid.", name="Nina", days_ago=9)
    cast.published(letter, "> smoked: a lighthouse keeper\n\nWho?", name="Sam", days_ago=8)
    found(cast)
    page = desk.get(f"/desk/pruning?age=any&letter={letter.id}").text
    for reason in (
        "The letter has 100% of its words", "Short: 6 words of its own", "No example found", "1 comment would dangle",
        "quotes it", "Nobody quotes or answers it",
    ):  # fmt: skip
        assert reason in page, reason
    assert "has been published for so long" in desk.get("/desk/pruning").text


def seen_in(page: str) -> str:
    seen = re.search(r'name="seen" value="(\w+)"', page)
    assert seen
    return seen[1]
