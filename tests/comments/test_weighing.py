"""What each published comment is to its discussion."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import work
from app.comments import moderation, pruning, reports, retention, weighing
from app.comments.models import Comment, Worth
from app.db import writing
from app.letters import drafting
from app.letters.models import Letter

from ..cast import Cast
from ..conftest import NOON

LONG = (
    "For example a keeper of a lighthouse paid me with smoked herring, and I asked my lawyer whether that was money. "
    "She said that a court had called it so, in a case about a barrel of cod and a printer of posters in a port."
)


def worths(session: Session, letter: Letter) -> dict[int, Worth]:
    weighing.weigh(session, letter.id, now=NOON)
    session.commit()
    rows = session.scalars(sa.select(Worth).where(Worth.letter_id == letter.id).order_by(Worth.loss))
    return {row.comment_id: row for row in rows}


def test_the_discussion_loses_least_with_what_is_short_repeated_and_leaned_on_by_nobody(
    cast: Cast, session: Session
) -> None:
    letter = cast.letter()
    example = cast.published(letter, LONG, name="Boris", days_ago=9)
    short = cast.published(letter, "Well said.", name="Sam", days_ago=8)
    repeated = cast.published(
        letter, "Smoked herring is money, as the keeper of the lighthouse paid with herring.", name="Nina", days_ago=7
    )
    quoting = cast.published(
        letter, "> whether that was money\n\nA judge would laugh, but a baker took my poem for bread.", name="Zoe"
    )
    found = worths(session, letter)
    assert list(found) == [short.id, repeated.id, quoting.id, example.id]
    assert (found[short.id].words, found[short.id].nearest_id) == (2, None)
    assert found[repeated.id].nearest_id == example.id
    assert found[repeated.id].nearness >= 60
    assert (found[example.id].quoted, found[example.id].example) == (1, True)


def test_what_the_letter_says_itself_is_no_loss(cast: Cast, session: Session) -> None:
    letter = cast.letter(answer="Vera! The keeper of the lighthouse paid with smoked herring and a barrel of cod.")
    repeats = cast.published(letter, "A barrel of cod, smoked herring: so the keeper of that lighthouse paid.")
    adds = cast.published(letter, "My printer takes nothing but poems, and gives me posters for a sonnet.")
    found = worths(session, letter)
    assert found[repeats.id].in_letter == 100
    assert found[repeats.id].loss < found[adds.id].loss


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("> a case about a barrel of cod\n\nThat was mine.", "quotes"),
        ("See /letters/2026-11-20/#{} for that.", "links"),
        ("Борис, а суд-то прав!", "answers"),
        ("Борису: «a case about a barrel of cod».", "quotes"),
    ],
)
def test_a_comment_leans_on_what_it_quotes_links_or_answers(cast: Cast, session: Session, text: str, how: str) -> None:
    letter = cast.letter()
    first = cast.published(letter, LONG, name="Борис Годунов", days_ago=3)
    reply = cast.published(letter, text.format(first.public_id), name="Нина", days_ago=2)
    cast.published(letter, "Boris would agree, a case about nothing.", name="Zoe", days_ago=1)
    found = weighing.leanings(weighing.discussion(session, letter.id))
    assert [(one.by_id, one.on_id, one.how) for one in found] == [(reply.id, first.id, how)]
    assert worths(session, letter)[first.id].quoted == 1


def test_nobody_leans_on_himself_or_on_what_came_later(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    cast.published(letter, "> the herring was smoked\n\nBy whom?", name="Anna", days_ago=3)
    cast.published(letter, "The herring was smoked: «the herring was smoked», I say.", name="Boris", days_ago=2)
    cast.published(letter, "Boris again: it was.", name="Boris", days_ago=1)
    assert weighing.leanings(weighing.discussion(session, letter.id)) == []


def test_only_what_readers_see_is_weighed(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    kept = cast.published(letter, LONG)
    cast.comment(letter, LONG, name="A"), cast.declined(letter, LONG, name="B"), cast.pruned(letter, LONG, name="C")
    found = worths(session, letter)
    assert list(found) == [kept.id]
    assert found[kept.id].nearest_id is None


def test_what_readers_report_is_lifted_and_no_crowd_lifts_without_end(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    comment, other = cast.published(letter, LONG), cast.published(letter, "My printer takes poems for posters.")
    losses = [worths(session, letter)[comment.id].loss]
    for n in range(6):
        reports.report(session, comment, "spent" if n % 2 else "harmful", reporter=f"r{n}", now=NOON)
        session.commit()
        assert weighing.due(session, limit=9) == [letter.id]
        found = worths(session, letter)
        losses.append(found[comment.id].loss)
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > losses[1]
    assert losses[4:] == [losses[4]] * 3
    assert list(found) == [comment.id, other.id]
    assert (found[comment.id].reported, found[other.id].reported) == (6, 0)


def test_a_report_lifts_at_once_as_far_as_weighing_does(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    comment, other = cast.published(letter, LONG), cast.published(letter, "My printer takes poems for posters.")
    weighing.weigh(session, letter.id, now=NOON)
    for n in range(reports.MOST_LIFTS + 2):
        assert reports.report(session, comment, "spent", reporter=f"r{n}", now=NOON)
        assert not reports.report(session, comment, "harmful", reporter=f"r{n}", now=NOON)
        session.commit()
        session.expire_all()
        listed = pruning.candidates(session, NOON, older_than=timedelta(), limit=9)
        lifted = next(one for one in listed if one.comment.id == comment.id)
        assert lifted.reported == reports.Reported(n + 1, 0)
        at_once = (lifted.worth.reported, lifted.worth.loss)
        found = worths(session, letter)[comment.id]
        assert (found.reported, found.loss) == pytest.approx(at_once)
    assert [one.comment.id for one in listed] == [comment.id, other.id]
    assert listed[1].reported == reports.Reported()


def change(what: str, cast: Cast, session: Session, letter: Letter, comment: Comment) -> None:
    if what == "published":
        cast.published(letter, "Another thought.")
    elif what == "pruned":
        pruning.prune(session, comment, by=cast.mo, now=NOON)
    elif what == "erased":
        retention.erase_by(session, "b@example.org", now=NOON)
    elif what == "written anew":
        draft = drafting.Draft(title="New", asker="V", language="en", question="Q", answer="A")
        drafting.save(session, letter, draft, version=letter.version, now=NOON)
    else:
        moderation.decide(session, cast.comment(letter), "declined", by=cast.mo, now=NOON)
    session.commit()


@pytest.mark.parametrize("what", ["published", "pruned", "erased", "written anew", "declined"])
def test_a_discussion_that_changed_is_weighed_again_by_the_worker(
    what: str, cast: Cast, session: Session, app: Flask, at: object
) -> None:
    letter = cast.letter()
    comment = cast.published(letter, LONG, email="b@example.org")
    cast.published(letter, "Well said."), cast.letter()
    assert weighing.due(session, limit=9) == [letter.id]
    session.rollback()
    with app.test_request_context(), writing():
        assert work.weigh(app, app.extensions["config"]) == 1
        assert work.weigh(app, app.extensions["config"]) == 0
    change(what, cast, session, letter, comment)
    assert weighing.due(session, limit=9) == ([] if what == "declined" else [letter.id])
    gone = session.get(Worth, comment.id, populate_existing=True) is None
    assert gone == (what in ("pruned", "erased"))


def test_a_decision_that_comes_while_a_discussion_is_weighed_waits_and_makes_it_due_again(
    cast: Cast, session: Session, database: str
) -> None:
    if database == "sqlite":
        pytest.skip("SQLite's writers wait for each other in any case")
    letter, mo = cast.letter(), cast.mo
    cast.published(letter, LONG)
    waits = cast.comment(letter, "A thought.")
    weighing.weigh(session, letter.id, now=NOON)
    session.commit()
    with Session(session.get_bind(), expire_on_commit=False) as other:
        theirs = other.get_one(Comment, waits.id)
        weighing.weigh(session, letter.id, now=NOON)
        other.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            moderation.decide(other, theirs, "published", by=mo, now=NOON)
        other.rollback()
        session.commit()
        moderation.decide(other, other.get_one(Comment, waits.id), "published", by=mo, now=NOON)
        other.commit()
    assert weighing.due(session, limit=9) == [letter.id]


def test_comments_that_came_in_past_the_rules_are_sketched_when_they_are_weighed(cast: Cast, session: Session) -> None:
    from app.comments.models import Sketch

    letter = cast.letter()
    comment = cast.published(letter, LONG)
    session.execute(sa.delete(Sketch))
    assert list(worths(session, letter)) == [comment.id]
