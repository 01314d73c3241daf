"""All that waits under one letter, decided as one act."""

import re
import threading

import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.accounts.models import Person
from app.comments import moderation, retention, waiting
from app.comments.models import Comment, Decision, Verdict
from app.comments.together import Act, Mark, decide_together
from app.db import writing
from app.letters.models import Letter

from ..cast import Cast
from ..conftest import NOON
from ..house_on_a_port import token


def mark(comment: Comment, verdict: Verdict | None) -> Mark:
    return Mark(comment.id, moderation.seen_of(comment), verdict)


def act_of(cast: Cast, letter: Letter, marks: list[Mark], by: Person) -> Act:
    newest = max(mark.comment_id for mark in marks)
    act = decide_together(cast.session, letter, marks, by=by, now=NOON, since=newest)
    cast.session.commit()
    return act


def test_each_comment_gets_its_own_decision(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    good, bad, later = (cast.comment(letter) for _ in range(3))
    act = act_of(cast, letter, [mark(good, "published"), mark(bad, "declined"), mark(later, None)], cast.mo)
    assert (act.published, act.declined) == ([good], [bad])
    rows = session.execute(sa.select(Decision.comment_id, Decision.verdict, Decision.by_id))
    assert {row[0]: row[1:] for row in rows} == {good.id: ("published", cast.mo.id), bad.id: ("declined", cast.mo.id)}
    assert waiting.under(session, letter.id, limit=9) == [later]


def test_what_was_decided_changed_erased_or_came_in_between_is_left_out_and_shown(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    mo, ada = cast.mo, cast.ada
    erased = cast.comment(letter, email="gone@example.org")
    good, theirs, odd = (cast.comment(letter) for _ in range(3))
    marks = [mark(good, "published"), mark(theirs, "declined"), Mark(odd.id, "0" * 64, "declined")]
    marks.append(mark(erased, "declined"))
    moderation.decide(session, theirs, "published", by=ada, now=NOON)
    retention.erase_by(session, "gone@example.org", now=NOON)
    session.commit()
    late = cast.comment(letter)
    act = decide_together(session, letter, marks, by=mo, now=NOON, since=odd.id)
    assert act.published == [good]
    assert act.declined == []
    assert [(comment, decision.by_id) for comment, decision in act.decided_before] == [(theirs, ada.id)]
    assert (act.changed, act.gone, act.came) == ([odd], 1, [late])
    assert waiting.under(session, letter.id, limit=9) == [odd, late]


def test_the_same_act_sent_twice_is_answered_as_done(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    comments = [cast.comment(letter) for _ in range(3)]
    marks = [mark(comment, "declined") for comment in comments]
    assert act_of(cast, letter, marks, cast.mo).declined == comments
    again = act_of(cast, letter, marks, cast.mo)
    assert (again.declined, again.decided_before) == (comments, [])
    assert len(act_of(cast, letter, marks, cast.ada).decided_before) == 3


def test_a_comment_of_another_letter_is_not_decided_here(cast: Cast, session: Session) -> None:
    letter, other = cast.letter(), cast.comment(cast.letter())
    assert act_of(cast, letter, [mark(other, "published")], cast.mo).gone == 1
    assert session.scalars(sa.select(Decision)).all() == []


def test_acts_on_the_same_comments_wait_for_each_other_and_never_in_a_ring(cast: Cast, session: Session) -> None:
    letter = cast.letter()
    comments = [cast.comment(letter) for _ in range(12)]
    people = [cast.mo, cast.ada]
    acts: list[Act] = []
    failed: list[BaseException] = []
    engine = session.get_bind()
    together = threading.Barrier(4)

    def go(n: int) -> None:
        marks = [mark(one, "published" if (one.id + n) % 2 else "declined") for one in comments]
        with writing(), Session(engine, expire_on_commit=False) as own:
            together.wait()
            try:
                acts.append(
                    decide_together(own, letter, marks[:: 1 if n % 2 else -1], by=people[n % 2], now=NOON, since=0)
                )
                own.commit()
            except BaseException as error:
                failed.append(error)

    threads = [threading.Thread(target=go, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert session.scalar(sa.select(sa.func.count()).select_from(Decision)) == 12
    assert sorted(len(act.published) + len(act.declined) for act in acts)[0] == 0


def fields(page: str) -> dict[str, str]:
    found = dict(re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', page))
    return found | dict(re.findall(r'<input type="radio" name="([\w-]+)" value="(\w+)" checked', page))


def test_the_editor_sees_both_lists_once_more_before_anything_is_decided(
    client: FlaskClient, cast: Cast, at: object
) -> None:
    letter = cast.letter()
    comments = [cast.comment(letter, f"Thought {n}.") for n in range(4)]
    cast.signed_in(client, cast.mo)
    address = f"/desk/queue/letters/{letter.id}"
    page = client.get(address).text
    chosen = fields(page)
    assert [chosen[f"verdict-{one.id}"] for one in comments] == ["declined"] * 4
    chosen |= {f"verdict-{comments[0].id}": "published", f"verdict-{comments[3].id}": "none"}
    sure = client.post(address, data=chosen)
    assert sure.status_code == 200
    assert "Publish 1, decline 2?" in sure.text
    assert "1 comment waits on." in sure.text
    assert cast.session.scalars(sa.select(Decision)).all() == []
    cast.session.rollback()
    back = client.post(address, data=fields(sure.text) | {"sure": "no"})
    assert fields(back.text)[f"verdict-{comments[0].id}"] == "published"
    late = cast.comment(letter, "Too late.")
    moderation.decide(cast.session, comments[1], "published", by=cast.ada, now=cast.now)
    cast.session.commit()
    answer = client.post(address, data=fields(sure.text) | {"sure": "yes"})
    assert answer.status_code == 303  # so that going back, or loading it anew, sends nothing again
    done = client.get(answer.location).text
    assert "1 comment is published, 1 is declined." in done
    assert done.index("decided before you") < done.index("Thought 1.") < done.index("Came in") < done.index("Too late.")
    stands = dict(cast.session.execute(sa.select(Decision.comment_id, Decision.verdict)).all())
    assert stands == {comments[0].id: "published", comments[1].id: "published", comments[2].id: "declined"}
    assert late.standing == "pending"
    assert token(done)


def test_an_act_of_which_all_was_left_out_is_not_said_to_be_done(client: FlaskClient, cast: Cast, at: object) -> None:
    letter = cast.letter()
    erased, theirs, odd = (cast.comment(letter, f"Thought {n}.", email=f"a{n}@example.org") for n in range(3))
    cast.signed_in(client, cast.mo)
    address = f"/desk/queue/letters/{letter.id}"
    chosen = fields(client.get(address).text) | {"sure": "yes", f"seen-{odd.id}": "0" * 64}
    moderation.decide(cast.session, theirs, "published", by=cast.ada, now=cast.now)
    retention.erase_by(cast.session, erased.email, now=cast.now)
    cast.session.commit()
    done = client.post(address, data=chosen, follow_redirects=True).text
    assert "Nothing was decided: all that you marked was left out." in done
    assert ("is-done" in done, "0 comments are published" in done) == (False, False)
    for said in ("decided before you", "Thought 1.", "not what you were shown", "Thought 2.", "1 comment was erased"):
        assert said in done


def test_an_address_claims_nothing_that_was_not_decided(client: FlaskClient, cast: Cast, at: object) -> None:
    letter, other = cast.letter(), cast.published(cast.letter("Another"))
    waits, theirs = cast.comment(letter), cast.comment(letter)
    moderation.decide(cast.session, theirs, "published", by=cast.ada, now=cast.now)
    cast.session.commit()
    cast.signed_in(client, cast.mo)
    claimed = f"/desk/queue/letters/{letter.id}/act?done={other.id},{waits.id},{theirs.id},x,{'9' * 20}&gone={'9' * 20}"
    assert "Nothing was decided" in client.get(claimed).text


def test_an_act_that_marks_nothing_decides_nothing(client: FlaskClient, cast: Cast, at: object) -> None:
    letter = cast.letter()
    comment = cast.comment(letter)
    cast.signed_in(client, cast.mo)
    address = f"/desk/queue/letters/{letter.id}"
    page = fields(client.get(address).text)
    answer = client.post(address, data=page | {f"verdict-{comment.id}": "none"})
    assert "There is nothing to decide in what you marked." in answer.text
    odd = client.post(address, data=page | {f"verdict-{comment.id}": "perhaps", "sure": "yes"})
    assert odd.status_code == 400
    assert cast.session.scalars(sa.select(Decision)).all() == []
